/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where in a target an author's callback may be called: in a thread that cannot be holding a lock
 * of the C library, for the callback may call anything, malloc and printf included.
 */
#ifndef SUT_PROCESS_CALLS_H
#define SUT_PROCESS_CALLS_H

#include "process/enter.h"
#include "process/unwind.h"

struct sut_calls {
	struct sut_unwind unwind;
	bool *library; /* of each object there: part of the C library, or another allocator */
	bool inside;   /* the C library is a part of the program: its code without tables */
	uint64_t errno_location; /* address of __errno_location, or 0 */
	/* The thread that was seen last, if it was not taken (else 0), and why. */
	pid_t tid;
	enum sut_unwind_end end;
	struct sut_frame at;
};

/*
 * For one operation, before any thread is stopped. The target's maps should be fresh.
 * SUT_UNSUPPORTED, SUT_REFUSED (rule "callback-thread"): the C library is not to be told from the
 * program, because it was linked statically and is not musl, or the files cannot be read. deinit in
 * either case.
 */
enum sut_rc sut_calls_init(const struct sut_runtime *runtime, struct sut_calls *calls,
			   struct sut_diag *diag);
void sut_calls_deinit(struct sut_calls *calls);

#define SUT_CALLS __attribute__((cleanup(sut_calls_deinit)))

/*
 * May code that takes the C library's locks run in this stopped thread? An accept function for
 * sut_stop_any(); context is the struct sut_calls, which keeps why not.
 */
bool sut_calls_safe(struct sut_runtime *runtime, const struct sut_stopped *stopped, void *context);

/*
 * Says why no thread was taken, where sut_stop_any() has failed with SUT_RETRY: that, with rule
 * "callback-thread". The diag stays as it is if sut_calls_safe() is not why.
 */
enum sut_rc sut_calls_refuse(const struct sut_calls *calls, struct sut_diag *diag);

#endif
