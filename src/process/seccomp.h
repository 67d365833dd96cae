/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Seccomp filters of a target's threads. Our operations run in a thread of the target, and a filter
 * that does not expect their system calls may kill the program. So the filters are fetched while
 * the thread is stopped, and carried out here for each call that we may make, with each argument
 * that we do not know yet taken as any: only if all of it is allowed on all ways is the thread
 * used.
 *
 * PTRACE_O_SUSPEND_SECCOMP would do without that, but a controller that dies takes the suspension
 * with it, and the thread may then be in the middle of our work.
 */
#ifndef SUT_PROCESS_SECCOMP_H
#define SUT_PROCESS_SECCOMP_H

#include "process/target.h"

#include <linux/filter.h>

/* A system call as far as it is known beforehand. */
struct sut_filter_call {
	const char *text; /* for people: "mmap of code" */
	uint32_t number;
	uint32_t unknown; /* a bit for each argument that may be anything */
	uint64_t arguments[6];
};

/*
 * The action that the filter comes to, the strictest where arguments decide that are not known.
 * false: not a filter that the kernel would take, or too much of it to follow.
 */
bool sut_filter_run(const struct sock_filter *code, size_t count,
		    const struct sut_filter_call *call, uint32_t *action);

/* Who says no, for the failure. */
struct sut_seccomp {
	pid_t tid;        /* 0: the last one that was asked says yes */
	const char *call; /* NULL: the filters cannot be read */
	uint32_t action;  /* SECCOMP_RET_* */
	int error;        /* errno of reading them */
};

/* Whether a stopped thread that has filters may be sent into our code (swaps: which changes text by
 * whole pages); else *no is filled.
 * Allocates nothing. */
bool sut_seccomp_allows(pid_t tid, bool swaps, struct sut_seccomp *no);

/* SUT_REFUSED (rule "seccomp"). */
enum sut_rc sut_seccomp_refuse(const struct sut_target *target, const struct sut_seccomp *no,
			       struct sut_diag *diag);

#endif
