/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A hammer that runs, the fixes that were made for it, and what its threads have counted. */
#ifndef TESTS_PROCESS_LOAD_H
#define TESTS_PROCESS_LOAD_H

#include "hammer.h"
#include "base/arena.h"
#include "elf/patchfile.h"
#include "process/process.h"

#include <stdbool.h>
#include <sys/types.h>

/* What ./run makes: FOLDER/fix-N.sut, of the name fix-N. */
enum {
	FIX_2 = 2, /* inner() and outer() of version 2 */
	FIX_3,     /* of version 3, with callbacks */
	FIX_4,     /* of version 4; replaces all others */
	FIX_5, /* only beside(), with callbacks; replaces all others, so that version 1 is back */
	FIX_6, /* beside() hangs shadow variables on things, glance() looks at them; replaces */
	FIX_7, /* the same once more */
	FIX_COUNT,
};

struct fix {
	struct sut_patch patch;
	unsigned char digest[SUT_SHA256_SIZE];
	char path[256];
};

struct fixes {
	struct sut_arena arena;
	char program[256];
	bool filtered; /* it runs under a filter that kills for mprotect of code */
	struct fix list[FIX_COUNT];
};

/* A failure ends the test program with "Bail out!". */
void fixes_read(struct fixes *fixes, const char *folder);

struct load {
	pid_t pid;
	struct hammer_page *page;
	const struct fixes *fixes;
};

struct load_options {
	long storm_us; /* time between two signals for each thread, 0 for none */
	bool visitors; /* threads come and go, too */
	bool forkers;  /* there are threads that fork when asked to */
	int nice;      /* added to ours: a controller that is stopped at each call gets its turn */
	pid_t pid;     /* that it shall have; 0: any */
};

/* Waits until all threads are at work. A failure ends the test program with "Bail out!". */
void load_start(struct load *load, const struct fixes *fixes, struct load_options options);
void load_end(struct load *load);

uint64_t counts_all(const struct hammer_counts *counts);

uint64_t load_calls(const struct load *load, int version);
uint64_t load_signals(const struct load *load);
uint64_t load_visitors(const struct load *load);
uint64_t load_mixed(const struct load *load);
uint64_t load_met(const struct load *load); /* HAMMER_MET() of what met */

/* Waits until every thread has called outer() again. false: one does not within twenty seconds. */
bool load_advances(const struct load *load);

/* Does every thread run outer() of this version, and none another one? */
bool load_runs(const struct load *load, int version);

/*
 * As the commands do, in the load or (pid) in a child of it. NULL as effect: of no interest. They
 * wait ten seconds if wait, else not at all.
 */
enum sut_rc fix_apply(const struct fix *fix, pid_t pid, bool wait, struct sut_effect *effect,
		      struct sut_diag *diag);
enum sut_rc fix_revert(const struct fix *fix, pid_t pid, bool wait, struct sut_effect *effect,
		       struct sut_diag *diag);

enum sut_rc fix_force(const struct fix *fix, pid_t pid, struct sut_diag *diag);

/* Apply and revert of a load, waiting; a failure is printed and makes the running test fail. */
bool load_apply(struct load *load, int fix);
bool load_revert(struct load *load, int fix);

/* What the target's memory says of the fixes. */
struct fixes_state {
	unsigned int in_use, replaced, moving; /* bits */
	int version;                           /* of outer(), by the newest of those in use */
};

enum sut_rc fixes_look(const struct fixes *fixes, pid_t pid, struct fixes_state *state,
		       struct sut_diag *diag);

/* Makes the running test fail with this message. */
void load_failed(const char *what, const struct sut_diag *diag);

/* Sizes from /proc/PID/maps and status: number of mappings, and kilobytes of `key` ("VmRSS:"). */
size_t load_maps(const struct load *load);
long load_kilobytes(const struct load *load, const char *key);

#endif
