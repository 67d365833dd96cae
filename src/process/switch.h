/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A transition from the controller's side: planned, started, followed, reversed, closed. What it
 * means for the patches is the core's business, inside the target; threads go over by themselves
 * (rt/decide.c); the controller looks when the last one has.
 */
#ifndef SUT_PROCESS_SWITCH_H
#define SUT_PROCESS_SWITCH_H

#include "process/memory.h"
#include "process/plan.h"
#include "process/process.h"

enum sut_switch_direction {
	SUT_SWITCH_ENABLE,
	SUT_SWITCH_DISABLE,
};

/* A function that a transition takes from one version to another; NULL is the original. */
struct sut_change {
	const struct sut_rt_func *site; /* a record of its entry, of whichever patch */
	const struct sut_rt_func *from;
	const struct sut_rt_func *to;
};

/* Whether enabling the patch takes the other one out of use. */
bool sut_change_replaces(const struct sut_rt_patch *patch, const struct sut_rt_patch *old);

/*
 * What enabling a patch that is only planned changes: its own functions, and those that a replace
 * gives back. count: of all changes. SUT_UNSUPPORTED (rule "sets").
 */
enum sut_rc sut_changes_enable(struct sut_arena *arena, const struct sut_memory *memory,
			       const struct sut_rt_patch *patch, const struct sut_rt_func *funcs,
			       struct sut_change **changes, size_t *count, struct sut_diag *diag);
/* What disabling a patch in use changes: those of its functions that no newer patch has. */
void sut_changes_disable(struct sut_arena *arena, const struct sut_memory *memory,
			 const struct sut_memory_patch *patch, struct sut_change **changes,
			 size_t *count);

/*
 * Plans thunks, ranges, word lists and the record of a transition, whose address is the result.
 * patch: address of its struct sut_rt_patch; calls: it has callbacks or destructors.
 */
enum sut_rc sut_switch_plan(struct sut_plan *plan, const struct sut_memory *memory,
			    enum sut_switch_direction direction, uint64_t patch, bool calls,
			    const struct sut_change *changes, size_t count, uint64_t *transition,
			    struct sut_diag *diag);

/*
 * Enables or disables, as the transition says: from here it runs by itself. On failure everything
 * is as before: SUT_REFUSED with the rule of what said no ("bytes", "protection", "callback",
 * "state", "replace-set" ...), SUT_RETRY (rule "busy").
 */
enum sut_rc sut_switch_start(struct sut_runtime *runtime, const struct sut_memory *memory,
			     uint64_t transition, const struct sut_effect_options *options,
			     struct sut_diag *diag);

/* Sends everybody back, once. */
enum sut_rc sut_switch_reverse(struct sut_runtime *runtime, uint64_t transition,
			       struct sut_diag *diag);

/* Ends it without waiting for anybody. */
enum sut_rc sut_switch_force(struct sut_runtime *runtime, uint64_t transition,
			     const struct sut_effect_options *options, struct sut_diag *diag);

/*
 * Follows a transition to its end: looks until all threads are over, closes. Fills state, threads,
 * cost and blockers of *effect also when it fails. SUT_RETRY (rule "blocked"): the wait ran out;
 * the transition goes on in the target.
 */
enum sut_rc sut_switch_finish(struct sut_runtime *runtime, uint64_t transition,
			      const struct sut_effect_options *options, struct sut_arena *arena,
			      struct sut_effect *effect, struct sut_diag *diag);

/* Reads and checks a transition record. */
enum sut_rc sut_switch_read(const struct sut_runtime *runtime, uint64_t address,
			    struct sut_rt_transition *transition, struct sut_diag *diag);

#endif
