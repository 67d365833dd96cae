/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The suture command at work on a load, up to a chosen system call of it. */
#ifndef TESTS_PROCESS_COMMAND_H
#define TESTS_PROCESS_COMMAND_H

#include "load.h"

enum verb { NONE, APPLY, REVERT, FORCE, GC, BEGIN /* an apply that nobody follows */ };

struct command {
	enum verb verb;
	int fix;
};

/* Exit statuses of the command, ... */
enum { DONE = 0, FAILED = 1, NOTHING = 2, BLOCKED = 3, REFUSED = 4, REVERTED = 6 };

/* ... and what there is instead of one. */
enum { COMMAND_KILLED = -1, COMMAND_HUNG = -2 };

extern char *command_suture; /* path of the program */

pid_t command_start(const struct load *load, const struct command *command, bool traced);

/* Waits for its end, but not for ever: who does not end is killed. */
int command_wait(pid_t pid);
int command_run(const struct load *load, enum verb verb, int fix);

/* Gives it up to five times while it is blocked, as it may be on a machine that is too busy. */
int command_run_patiently(const struct load *load, enum verb verb, int fix);
extern unsigned int command_repeated; /* how often that was needed */

/*
 * Runs it up to its n-th system call (any: of all; else of those that touch a target: ptrace and
 * pwrite), calls `at` before that one is made, lets it go on and waits for its end. It may come to
 * its end before. *touched (may be NULL): had it made one that touches?
 */
int command_to_call(const struct load *load, const struct command *command, unsigned int n,
		    bool any, void (*at)(pid_t suture, void *context), void *context,
		    bool *touched);

#endif
