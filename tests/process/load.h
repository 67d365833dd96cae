/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A hammer that runs, its patch, and what its threads have counted. */
#ifndef TESTS_PROCESS_LOAD_H
#define TESTS_PROCESS_LOAD_H

#include "hammer.h"
#include "base/arena.h"
#include "elf/patchfile.h"
#include "process/process.h"

#include <stdbool.h>
#include <sys/types.h>

struct load {
	pid_t pid;
	struct hammer_page *page;
	struct sut_arena patch_arena; /* holds the patch as long as the load */
	struct sut_arena arena;       /* of one operation; load_revert() empties it */
	struct sut_patch patch;
	unsigned char digest[SUT_SHA256_SIZE];
};

/*
 * Starts the program and waits until all its threads are at work. storm_us: time between two
 * signals for each thread, 0 for none. visitors: threads come and go, too. A failure ends the test
 * program with "Bail out!".
 */
void load_start(struct load *load, const char *program, const char *patch, long storm_us,
		bool visitors);
void load_end(struct load *load);

uint64_t load_calls(const struct load *load, int version);
uint64_t load_signals(const struct load *load);
uint64_t load_visitors(const struct load *load);
uint64_t load_mixed(const struct load *load);

/* Waits until every thread has called outer() again. false: one does not within five seconds. */
bool load_advances(const struct load *load);

/* Waits until two versions have met, at most that long. */
bool load_mixes(const struct load *load, uint64_t wait_ns);

/* As the commands do; a failure is printed and makes the running test fail. */
bool load_apply(struct load *load);
bool load_revert(struct load *load);

/* Makes the running test fail with this message. */
void load_failed(const char *what, const struct sut_diag *diag);

/* Sizes from /proc/PID/maps and status: number of mappings, and kilobytes of `key` ("VmRSS:"). */
size_t load_maps(const struct load *load);
long load_kilobytes(const struct load *load, const char *key);

#endif
