/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What gc.c works on; gc-pieces.c finds it. */
#ifndef SUT_PROCESS_GC_WORK_H
#define SUT_PROCESS_GC_WORK_H

#include "process/gc.h"
#include "process/memory.h"
#include "process/plan.h"

struct sut_gc_work {
	struct sut_arena *arena;
	const struct sut_gc_options *options;
	struct sut_gc *gc;
	struct sut_target target;
	struct sut_runtime runtime;
	struct sut_memory memory;
	struct sut_plan plan;
	/* What patches have, ascending; whole pages. What is to stay has a prot. */
	size_t count, capacity;
	struct sut_rt_map *maps;
	size_t going; /* of the maps */
	/* All of the maps and the run-time's code, for the search. */
	size_t range_count;
	struct sut_rt_range *ranges;
	unsigned char *xstate;
};

static inline bool sut_gc_holds(const struct sut_rt_map *piece, uint64_t address)
{
	return address - piece->address < piece->size;
}

/* Fills maps and ranges. SUT_REFUSED (rule "damaged"): a record says what cannot be. */
enum sut_rc sut_gc_find_pieces(struct sut_gc_work *w, struct sut_diag *diag);

#endif
