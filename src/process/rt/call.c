// SPDX-License-Identifier: LGPL-2.1-or-later
#include "process/rt/call.h"

/* Runs on the new stack: errno_location is code of the program, too. */
static void keep_errno(void *context)
{
	const struct sut_rt_call *call = context;
	int *location = call->errno_location ? call->errno_location() : (int *)0;
	int before = location ? *location : 0;

	call->function(call->argument);
	if (location)
		*location = before;
}

void sut_rt_call(struct sut_rt_call *call, void *stack_top)
{
	sut_rt_call_on(keep_errno, call, stack_top);
}
