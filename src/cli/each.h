/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The loop that apply, revert and status have in common: every process that the operands name. */
#ifndef SUT_CLI_EACH_H
#define SUT_CLI_EACH_H

#include "cli/cli.h"
#include "process/process.h"

struct sut_each {
	struct sut_call *call;
	struct sut_out *out;
	struct sut_arena *arena;
	int first;                     /* operand that is the first target */
	const struct sut_patch *patch; /* without an operand: processes that it fits; NULL: all */
	/*
	 * Works on one process, prints an element of "targets" and returns an exit status, or -1
	 * (and prints nothing) when the process is none of its business. named: an operand asked
	 * for it.
	 */
	int (*run)(const struct sut_each *each, pid_t pid, bool named);
	const void *context; /* of run */
	size_t found;        /* result: processes that were somebody's business, and bad operands */
};

/* Prints "targets" and returns the status that needs attention most. */
int sut_each_target(struct sut_each *each);

#endif
