// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A transition, from begin to end. There is at most one; its patch and its target version are
 * core->transition and core->target.
 *
 *   state                       event              becomes
 *   none                        enable, disable    begun: all tasks at the other version
 *   begun                       start              running: tasks switch
 *   begun                       something failed   none, everything undone (cancel)
 *   running                     reverse            running, the other way
 *   running                     all have switched  ending: entries final, tasks at none
 *   ending                      callbacks ran      none
 */
#include "core/private.h"

static void mark(struct sut_core_patch *p, bool transition)
{
	sut_for_each_object(obj, p)
		sut_for_each_func(func, obj)
			func->transition = transition;
}

void sut_transition_begin(struct sut_core *core, struct klp_patch *patch, int target)
{
	core->transition = patch;
	core->target = target;
	core->switching->begin(core);
	mark(patch->core, true);
}

static void unpatch(struct sut_core *core, struct sut_core_patch *p)
{
	sut_for_each_object(obj, p)
		sut_pop_object(core, obj);
}

/* Nobody is between versions any more; callbacks may see that. */
static void settle(struct sut_core *core)
{
	mark(core->transition->core, false);
	core->switching->finish(core);
}

static void take_down(struct sut_core *core, struct sut_core_patch *p)
{
	sut_for_each_object(obj, p)
		if (obj->loaded) {
			sut_post_unpatch(core, obj, p);
			sut_drop_types(core, obj);
		}
}

static void end(struct sut_core *core)
{
	core->transition = NULL;
	core->target = SUT_UNDEFINED;
}

void sut_transition_cancel_enable(struct sut_core *core)
{
	struct sut_core_patch *p = core->transition->core;

	unpatch(core, p);
	settle(core);
	take_down(core, p);
	end(core);
}

void sut_transition_cancel_disable(struct sut_core *core)
{
	settle(core);
	end(core);
}

static void take_down_replaced(struct sut_core *core)
{
	sut_for_each_patch(p, core)
		if (sut_is_replaced(core, p))
			sut_for_each_object(obj, p)
				if (obj->loaded)
					sut_post_unpatch(core, obj, NULL);
	sut_for_each_patch(p, core)
		if (sut_is_replaced(core, p))
			sut_for_each_object(obj, p)
				sut_drop_types(core, obj);
}

static void disable_replaced(struct sut_core *core)
{
	sut_for_each_patch(p, core) {
		if (!sut_is_replaced(core, p))
			continue;
		p->patch->enabled = false;
		unpatch(core, p);
	}
}

/* Oldest first; `by` is no longer in transition, so its place in the list says who came before. */
static void remove_replaced(struct sut_core *core, const struct klp_patch *by)
{
	for (struct sut_core_patch *p = core->patches, *next; p->patch != by; p = next) {
		next = p->next;
		if (sut_replaces(by, p->patch))
			sut_patch_leave(core, p);
	}
}

static void complete_patched(struct sut_core *core)
{
	struct klp_patch *patch = core->transition;

	disable_replaced(core);
	sut_nops_discard(core, patch->core);
	settle(core);
	take_down_replaced(core);
	sut_for_each_object(obj, patch->core)
		if (obj->loaded)
			sut_post_patch(core, obj);
	end(core);
	sut_event(core, SUT_PATCHING_COMPLETE, patch);
	remove_replaced(core, patch);
}

static void complete_unpatched(struct sut_core *core)
{
	struct klp_patch *patch = core->transition;

	unpatch(core, patch->core);
	settle(core);
	sut_for_each_patch(p, core)
		if (sut_is_replaced(core, p))
			sut_for_each_object(obj, p)
				if (obj->loaded)
					sut_post_patch_again(core, obj);
	take_down(core, patch->core);
	end(core);
	sut_event(core, SUT_UNPATCHING_COMPLETE, patch);
	sut_patch_leave(core, patch->core);
}

bool sut_core_attempt(struct sut_core *core)
{
	if (!core->transition)
		return true;
	if (!core->switching->attempt(core))
		return false;
	if (core->target == SUT_PATCHED)
		complete_patched(core);
	else
		complete_unpatched(core);
	return true;
}
