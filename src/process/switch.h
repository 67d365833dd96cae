/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A transition from the controller's side: built, committed, followed, reversed, closed. Threads
 * go over by themselves (rt/decide.c); the controller looks when the last one has.
 */
#ifndef SUT_PROCESS_SWITCH_H
#define SUT_PROCESS_SWITCH_H

#include "process/memory.h"
#include "process/plan.h"
#include "process/process.h"

enum sut_switch_direction {
	SUT_SWITCH_TO_PATCH,    /* original -> patch */
	SUT_SWITCH_TO_ORIGINAL, /* patch -> original */
};

/*
 * Plans thunks, ranges, word lists and the record of a transition. zones has one per object of
 * the patch; fresh: slots in pun pages of this plan hold nothing yet. The result is the address of
 * the record. pun_pages: funcs of older patches, whose pages are core ranges, too.
 */
enum sut_rc sut_switch_plan(struct sut_plan *plan, enum sut_switch_direction direction,
			    uint64_t patch, const struct sut_rt_func *funcs, size_t func_count,
			    struct sut_zone **zones, size_t zone_count,
			    const struct sut_rt_func *older, size_t older_count,
			    uint64_t *transition, struct sut_diag *diag);

/*
 * The zones for a transition of a patch that is in the target: for each of its objects one in reach
 * of its entries and of the patch's code.
 */
enum sut_rc sut_switch_zones(struct sut_plan *plan, const struct sut_memory_patch *patch,
			     struct sut_zone ***zones, size_t *count, struct sut_diag *diag);

/* Makes entries thunks and arms. SUT_REFUSED (rule "bytes"): text is not as expected. */
enum sut_rc sut_switch_commit(struct sut_runtime *runtime, uint64_t transition,
			      enum sut_rt_state state, struct sut_diag *diag);

/*
 * Follows a committed transition to its end: arms it if the controller that began it died before,
 * looks until all threads are over, closes. Fills state, threads, cost and blockers of *effect also
 * when it fails. SUT_RETRY (rule "blocked"): the wait ran out; the transition goes on in the
 * target.
 */
enum sut_rc sut_switch_finish(struct sut_runtime *runtime, uint64_t transition,
			      const struct sut_effect_options *options, struct sut_arena *arena,
			      struct sut_effect *effect, struct sut_diag *diag);

/* Sends everybody back, once. */
enum sut_rc sut_switch_reverse(struct sut_runtime *runtime, uint64_t transition,
			       struct sut_diag *diag);

/* Reads and checks a transition record. */
enum sut_rc sut_switch_read(const struct sut_runtime *runtime, uint64_t address,
			    struct sut_rt_transition *transition, struct sut_diag *diag);

#endif
