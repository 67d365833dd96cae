/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Calling code that is not ours in a borrowed thread: a patch author's callback, which may call
 * anything of the program and use any register. The thread was interrupted between two of its
 * instructions, so whatever the ABI lets a call change must be as before afterwards.
 */
#ifndef SUT_PROCESS_RT_CALL_H
#define SUT_PROCESS_RT_CALL_H

struct sut_rt_call {
	void (*function)(void *argument);
	void *argument;
	int *(*errno_location)(void); /* of the C library; NULL: errno is not kept */
};

/*
 * Calls it on the stack that ends at stack_top, which the function has nearly for itself: the
 * extended state takes up to 12 KiB of it. Extended state and errno are as before on return.
 */
void sut_rt_call(struct sut_rt_call *call, void *stack_top);

/* The same without errno (call.S). */
void sut_rt_call_on(void (*function)(void *), void *argument, void *stack_top);

#endif
