// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Going back: a transition from the patch to the original, as careful as the one that applied it.
 * The text bytes are afterwards as they were; the memory of the patch is kept, for the program may
 * hold pointers into it.
 */
#include "process/process.h"
#include "process/memory.h"
#include "process/switch.h"
#include "base/guard.h"
#include "base/io.h"

#include <string.h>

struct revert {
	struct sut_arena *arena;
	struct sut_target *target;
	struct sut_runtime runtime;
	struct sut_memory memory;
	const struct sut_memory_patch *patch;
	uint64_t transition;
};

static enum sut_rc not_there(const struct revert *r, const char *name, struct sut_diag *diag)
{
	sut_fail(diag, SUT_REFUSED, "name", "process %d (%s): no patch of the name %s is in it",
		 r->target->pid, r->target->name, name);
	sut_remedy(diag, "`suture status pid:%d` names those that are.", r->target->pid);
	return SUT_REFUSED;
}

static enum sut_rc start(struct revert *r, struct sut_diag *diag)
{
	struct sut_plan plan = {.runtime = &r->runtime, .arena = r->arena};
	size_t zone_count, older_count;
	struct sut_rt_func *older = sut_memory_funcs(&r->memory, r->arena, &older_count);
	struct sut_zone **zones = NULL;
	uint64_t kept;
	enum sut_rc rc = sut_switch_zones(&plan, r->patch, &zones, &zone_count, diag);

	if (rc == SUT_OK)
		rc = sut_switch_plan(&plan, SUT_SWITCH_TO_ORIGINAL, r->patch->address,
				     r->patch->funcs, r->patch->record.func_count, zones,
				     zone_count, older, older_count, &r->transition, diag);
	if (rc != SUT_OK)
		return rc;
	kept = r->patch->record.kept_bytes + plan.used;
	sut_plan_write(&plan, r->patch->address + offsetof(struct sut_rt_patch, kept_bytes), &kept,
		       sizeof(kept));
	rc = sut_plan_execute(&plan, diag);
	if (rc == SUT_OK)
		rc = sut_switch_commit(&r->runtime, r->transition, SUT_RT_REVERTING, diag);
	return rc;
}

/* What to do depends on where the patch is. effect->nothing: it has been reverted already. */
static enum sut_rc begin(struct revert *r, struct sut_effect *effect, struct sut_diag *diag)
{
	const struct sut_memory_patch *moving = sut_memory_moving(&r->memory);
	struct sut_rt_transition t;
	enum sut_rc rc;

	if (r->memory.control.transition && moving != r->patch) {
		sut_fail(diag, SUT_RETRY, "transition",
			 "process %d (%s): the transition of %s is still running", r->target->pid,
			 r->target->name, moving ? moving->record.name : "another patch");
		sut_remedy(diag, "`suture status pid:%d` says who blocks it.", r->target->pid);
		return SUT_RETRY;
	}
	effect->state = (enum sut_rt_state)r->patch->record.state;
	switch (effect->state) {
	case SUT_RT_APPLIED:
		return start(r, diag);
	case SUT_RT_APPLYING:
	case SUT_RT_REVERTING:
		r->transition = r->memory.control.transition;
		rc = sut_switch_read(&r->runtime, r->transition, &t, diag);
		effect->resumed = true;
		/*
		 * A transition is reversed at most once, and never when it has closed (its entries
		 * could not be finished then); a reversed revert first ends applied.
		 */
		if (rc == SUT_OK && effect->state == SUT_RT_APPLYING && !t.dir && !(t.closing & 1))
			rc = sut_switch_reverse(&r->runtime, r->transition, diag);
		return rc;
	case SUT_RT_LOADED:
	case SUT_RT_REVERTED:
		effect->nothing = true;
		return SUT_OK;
	}
	return sut_fail(diag, SUT_BUG, NULL, "patch in state %d", effect->state);
}

enum sut_rc sut_revert(struct sut_arena *arena, pid_t pid, const char *name,
		       const struct sut_effect_options *options, struct sut_effect *effect,
		       struct sut_diag *diag)
{
	SUT_TARGET struct sut_target target;
	struct sut_effect result = {0};
	struct revert r = {.arena = arena, .target = &target};
	uint64_t start_ns = sut_now_ns(), armed;
	enum sut_rc rc = sut_target_open(pid, true, &target, diag);

	if (rc == SUT_OK)
		rc = sut_target_check(&target, diag);
	if (rc == SUT_OK)
		rc = sut_runtime_find(&target, &r.runtime, diag);
	if (rc == SUT_OK)
		rc = sut_runtime_settle(&r.runtime, diag);
	if (rc == SUT_OK)
		rc = sut_memory_read(&r.runtime, arena, &r.memory, diag);
	if (rc != SUT_OK)
		return rc;
	r.patch = sut_memory_find(&r.memory, name);
	if (!r.patch)
		return not_there(&r, name, diag);
	result.functions = r.patch->record.func_count;
	for (uint32_t i = 0; i < r.patch->record.func_count; i++)
		result.direct += (r.patch->funcs[i].flags & SUT_RT_FUNC_DIRECT) != 0;
	rc = begin(&r, &result, diag);
	if (rc != SUT_OK)
		return rc;
	armed = sut_now_ns();
	if (!result.nothing)
		rc = sut_switch_finish(&r.runtime, r.transition, options, arena, &result, diag);
	result.switch_ns = sut_now_ns() - armed;
	result.total_ns = sut_now_ns() - start_ns;
	*effect = result;
	return rc;
}
