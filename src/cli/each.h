/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The loop that the commands for processes have in common: every one that the operands name. */
#ifndef SUT_CLI_EACH_H
#define SUT_CLI_EACH_H

#include "cli/cli.h"
#include "process/process.h"

enum { SUT_EACH_BRIEF = 10 /* of more processes than this only failures are told one by one */ };

struct sut_each_done {
	pid_t pid;
	int status; /* -1: it was none of the command's business */
};

struct sut_each {
	struct sut_call *call;
	struct sut_out *out;
	struct sut_arena *arena;
	const char *list;              /* the field that reports are in; NULL: "targets" */
	int first;                     /* operand that is the first target */
	const struct sut_patch *patch; /* without an operand: processes that it fits; NULL: all */
	unsigned int jobs;             /* processes at a time; 0: one */
	bool again; /* look for processes that were started meanwhile until there are none */
	/*
	 * Works on one process, in any thread; false: it is none of its business. named: an operand
	 * asked for it. *result, zeroed, has result_size bytes; what it leads to is the arena's.
	 */
	bool (*work)(const struct sut_each *each, struct sut_arena *arena, pid_t pid, bool named,
		     void *result);
	size_t result_size;
	/* Prints an element of "targets" and returns an exit status. Processes come in order. */
	int (*report)(const struct sut_each *each, pid_t pid, const void *result);
	const void *context; /* of both */
	/*
	 * Works on the target `kernel`, prints an element of "targets" and returns an exit status,
	 * or -1 (and prints nothing) when it is none of the command's business. NULL: the kernel is
	 * no target.
	 */
	int (*kernel)(const struct sut_each *each, bool named);
	/* Results, and for the functions above: */
	bool exact;   /* the operand is one process: that it has ended is worth a word */
	bool brief;   /* for report: say only what went wrong */
	size_t found; /* processes that were somebody's business, and bad operands */
	size_t done_count, done_capacity;
	struct sut_each_done *done;
};

/* Prints the reports and returns the status that needs attention most. */
int sut_each_target(struct sut_each *each);

/* --jobs N, or two for each processor. false: the usage error is printed. */
bool sut_call_jobs(const struct sut_call *call, unsigned int *jobs);

#endif
