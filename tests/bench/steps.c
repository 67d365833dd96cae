// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bench-steps TID ADDRESS: how many instructions a call of the function at ADDRESS takes.
 *
 * The thread calls the function again and again. It is stopped, stepped to the function's entry,
 * then stepped until the call has returned, a few times over; then it is let go. Prints the least
 * and the most. What a patch adds is the difference to the same count without it.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>

enum { CALLS = 20, STEPS_MAX = 100000 };

static bool step(pid_t thread, struct user_regs_struct *regs)
{
	int status;

	if (ptrace(PTRACE_SINGLESTEP, thread, 0, 0) || waitpid(thread, &status, __WALL) != thread ||
	    !WIFSTOPPED(status))
		return false;
	return ptrace(PTRACE_GETREGS, thread, 0, regs) == 0;
}

/* The instructions from the entry of one call to its return; 0 when it was not met. */
static unsigned int count_call(pid_t thread, uint64_t entry)
{
	struct user_regs_struct regs = {0};
	unsigned int steps = 0;
	uint64_t back, stack;

	do {
		if (!step(thread, &regs) || ++steps == STEPS_MAX)
			return 0;
	} while (regs.rip != entry);
	stack = regs.rsp;
	back = (uint64_t)ptrace(PTRACE_PEEKDATA, thread, stack, 0);
	steps = 0;
	do {
		if (!step(thread, &regs) || ++steps == STEPS_MAX)
			return 0;
	} while (regs.rip != back || regs.rsp != stack + 8);
	return steps;
}

static bool stop(pid_t thread)
{
	int status;

	return ptrace(PTRACE_SEIZE, thread, 0, 0) == 0 &&
	       ptrace(PTRACE_INTERRUPT, thread, 0, 0) == 0 &&
	       waitpid(thread, &status, __WALL) == thread && WIFSTOPPED(status);
}

int main(int argc, char **argv)
{
	pid_t thread = argc == 3 ? atoi(argv[1]) : 0;
	uint64_t entry = argc == 3 ? strtoull(argv[2], NULL, 0) : 0;
	unsigned int least = STEPS_MAX, most = 0;

	if (!thread || !entry) {
		fputs("usage: bench-steps TID ADDRESS\n", stderr);
		return 1;
	}
	if (!stop(thread)) {
		fprintf(stderr, "bench-steps: thread %d: %s\n", thread, strerror(errno));
		return 1;
	}
	for (int i = 0; i < CALLS; i++) {
		unsigned int steps = count_call(thread, entry);

		if (!steps) {
			fprintf(stderr, "bench-steps: thread %d makes no call of %s\n", thread,
				argv[2]);
			return 1;
		}
		least = steps < least ? steps : least;
		most = steps > most ? steps : most;
	}
	ptrace(PTRACE_DETACH, thread, 0, 0);
	printf("least=%u most=%u\n", least, most);
	return 0;
}
