/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pages of a target's memory, kept for a moment: what its loader has left is read in hundreds of
 * small pieces from some twenty pages, and each read is a system call.
 *
 * What is read through them may be as old as the last sut_pages_forget(). A target forgets when its
 * maps are read and at each write of ours, so they are no older than the plan that is being made
 * of them, and none outlives an operation in the target. They are for headers, dynamic sections,
 * symbol tables and link maps; never for what is read to see whether it has changed, such as code,
 * stacks, marks and records of the run-time.
 */
#ifndef SUT_PROCESS_PAGES_H
#define SUT_PROCESS_PAGES_H

#include "base/arena.h"

#include <stdbool.h>
#include <stdint.h>

enum { SUT_PAGES_MAX = 32 };

/* Nothing is kept at first. Of one target, and the thread that works on it. */
struct sut_pages {
	struct sut_arena *arena; /* for the bytes; the rest is zeroed */
	size_t count;
	size_t next; /* to be replaced when there is no more room */
	struct sut_kept_page {
		uint64_t address;
		unsigned char *bytes;
	} list[SUT_PAGES_MAX];
};

void sut_pages_forget(struct sut_pages *pages);

/*
 * Reads from the file of a target's memory. What is larger than a page is not kept. Allocates, so
 * not while a thread is stopped. false: some of it cannot be read.
 */
bool sut_pages_read(struct sut_pages *pages, int memory, uint64_t address, void *data, size_t size);

#endif
