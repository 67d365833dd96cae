/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tail jumps between the functions of a transition. They leave no frame of the function that
 * jumped, so the decision (rt/decide.c) must know of each that there may be.
 */
#ifndef SUT_PROCESS_SWITCH_EDGES_H
#define SUT_PROCESS_SWITCH_EDGES_H

#include "process/switch.h"

struct sut_edges {
	/* Of the version that is left with dir 0, with dir 1; as struct sut_rt_transition has them.
	 */
	size_t count[2], capacity[2];
	uint64_t *list[2];
	uint32_t *callees; /* per change: what its thunk says, SUT_RT_CALLEE_* */
};

/* All memory is the plan's. false: a function record in the target cannot be read. */
bool sut_edges_plan(struct sut_plan *plan, const struct sut_memory *memory,
		    const struct sut_change *changes, size_t count, struct sut_edges *edges);

#endif
