/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The patches in a target's memory, read and checked. */
#ifndef SUT_PROCESS_MEMORY_H
#define SUT_PROCESS_MEMORY_H

#include "process/late.h"

struct sut_memory_patch {
	uint64_t address;
	struct sut_rt_patch record;
	struct sut_rt_func *funcs;
};

/* A function's record, found by its entry. */
struct sut_memory_entry {
	uint64_t entry;
	const struct sut_rt_func *func;
	const struct sut_memory_patch *owner;
	size_t order; /* of the patch in use, the oldest is 1; 0: not in use */
};

struct sut_memory {
	struct sut_rt_control control;
	size_t count, capacity;
	struct sut_memory_patch *patches; /* newest first */
	size_t use_count;
	const struct sut_memory_patch **use; /* those on the core's list, oldest first */
	size_t entry_count;
	struct sut_memory_entry *entries; /* ascending; of one entry the newest patch first */
	struct sut_lates lates;           /* that have come late, or may */
};

/* Reads all of it; a run-time that is not placed has no patches. SUT_REFUSED (rule "damaged"). */
enum sut_rc sut_memory_read(const struct sut_runtime *runtime, struct sut_arena *arena,
			    struct sut_memory *memory, struct sut_diag *diag);

/* Has nothing changed since? Records are read further while a transition is planned. */
bool sut_memory_is_current(const struct sut_runtime *runtime, const struct sut_memory *memory);

/* The newest patch of that name, or NULL. */
const struct sut_memory_patch *sut_memory_find(const struct sut_memory *memory, const char *name);

/* Did the program switch stacks when one of the patches in use came? */
bool sut_memory_per_stack(const struct sut_memory *memory);

/* The patch whose transition runs, or NULL. */
const struct sut_memory_patch *sut_memory_moving(const struct sut_memory *memory);

/* The records whose entry is in [low, high]. */
const struct sut_memory_entry *sut_memory_entries(const struct sut_memory *memory, uint64_t low,
						  uint64_t high, size_t *count);

/*
 * The newest function in use for this entry, of patches older than `below` (NULL: of all), and
 * whose it is; NULL: the original runs.
 */
const struct sut_rt_func *sut_memory_top(const struct sut_memory *memory, uint64_t entry,
					 const struct sut_memory_patch *below,
					 const struct sut_memory_patch **owner);

/* Functions of all patches, in one array. */
struct sut_rt_func *sut_memory_funcs(const struct sut_memory *memory, struct sut_arena *arena,
				     size_t *count);

#endif
