/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether a target is as a program should be that nobody is at work on. */
#ifndef TESTS_PROCESS_HEALTH_H
#define TESTS_PROCESS_HEALTH_H

#include "elf/patchfile.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { HEALTH_THREADS_MAX = 16 };

/* What must come back after each disturbance. */
struct health {
	pid_t pid;
	size_t count;
	pid_t tids[HEALTH_THREADS_MAX];
	uint64_t blocked[HEALTH_THREADS_MAX]; /* signal masks */
};

void health_take(struct health *health, pid_t pid);

/*
 * Every thread is there, not stopped, not traced, and has the signal mask that it had. A thread in
 * a signal handler or in an operation of ours has another one for a moment: each is given two
 * seconds. NULL, or what is wrong.
 */
const char *health_wrong(const struct health *health);

/* All bytes of the program's executable mapping equal those of its file. */
bool health_text_original(pid_t pid);

/*
 * How many of the functions that a patch changes have other bytes than in the file among their
 * first five; behind: among those behind the first instruction.
 */
size_t health_entries_changed(pid_t pid, const struct sut_patch *patch, bool behind);

#endif
