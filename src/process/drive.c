// SPDX-License-Identifier: GPL-2.0-or-later
#include "process/drive.h"
#include "process/starting.h"
#include "base/io.h"

#include <string.h>

enum { TURNS_MAX = 8 };

static enum sut_rc open_once(struct sut_target *target, pid_t pid, bool change,
			     struct sut_arena *arena, struct sut_runtime *runtime,
			     struct sut_memory *memory, struct sut_diag *diag)
{
	enum sut_rc rc = sut_target_open(pid, change, target, diag);

	if (rc == SUT_OK)
		rc = sut_target_check(target, diag);
	if (rc == SUT_OK)
		rc = sut_runtime_find(target, runtime, diag);
	if (rc == SUT_OK && change)
		rc = sut_runtime_settle(runtime, diag);
	if (rc == SUT_OK)
		rc = sut_memory_read(runtime, arena, memory, diag);
	if (rc != SUT_OK || memory->control.stage != SUT_RT_WORKING)
		return rc;
	sut_fail(
		diag, SUT_REFUSED, "forked",
		"process %d (%s): it was forked while its parent's patches were being changed, and "
		"nobody in it can finish that",
		target->pid, target->name);
	sut_remedy(diag, "It runs consistent code as it is; restart it to patch it.");
	return SUT_REFUSED;
}

enum sut_rc sut_drive_open(struct sut_target *target, pid_t pid, bool change,
			   struct sut_arena *arena, struct sut_runtime *runtime,
			   struct sut_memory *memory, struct sut_diag *diag)
{
	struct sut_starting starting = {0};

	for (;;) {
		enum sut_rc rc = open_once(target, pid, change, arena, runtime, memory, diag);
		bool alone = rc == SUT_OK && runtime->layout.home == SUT_RT_HOME_ONE;

		if ((rc != SUT_UNSUPPORTED && !alone) || !sut_starting(&starting, target))
			return rc;
		sut_target_close(target);
		sut_diag_reset(diag);
	}
}

void sut_drive_count(const struct sut_rt_func *funcs, size_t count, struct sut_effect *effect)
{
	effect->functions = 0;
	effect->direct = 0;
	for (size_t i = 0; i < count; i++) {
		if (funcs[i].flags & SUT_RT_FUNC_PLANNED)
			continue;
		effect->functions++;
		effect->direct += (funcs[i].flags & SUT_RT_FUNC_DIRECT) != 0;
	}
}

static enum sut_rc other_moves(const struct sut_drive *d, const struct sut_memory_patch *moving,
			       struct sut_diag *diag)
{
	const struct sut_target *target = d->runtime->target;

	sut_fail(diag, SUT_RETRY, "transition",
		 "process %d (%s): the transition of %s is still running", target->pid,
		 target->name, moving ? moving->record.name : "another patch");
	sut_remedy(diag, "`suture status pid:%d` says who blocks it; wait, or revert it.",
		   target->pid);
	return SUT_RETRY;
}

static bool in_use(const struct sut_memory *memory, const char *name)
{
	for (size_t i = 0; i < memory->use_count; i++)
		if (strcmp(memory->use[i]->record.name, name) == 0)
			return true;
	return false;
}

/*
 * A transition that somebody else began. It is turned round if it leads the wrong way, but at most
 * once; after a second change of mind it first ends where it goes. *again: then start anew.
 */
static enum sut_rc join(struct sut_drive *d, const struct sut_effect_options *options,
			struct sut_effect *effect, bool *again, struct sut_diag *diag)
{
	const struct sut_memory_patch *moving = sut_memory_moving(d->memory);
	uint64_t transition = d->memory->control.transition;
	struct sut_rt_transition t;
	enum sut_rc rc;

	if (!moving || strcmp(moving->record.name, d->name) != 0)
		return other_moves(d, moving, diag);
	rc = sut_switch_read(d->runtime, transition, &t, diag);
	effect->resumed = true;
	*again = t.enables == t.dir ? d->wanted : !d->wanted;
	if (rc == SUT_OK && *again && !t.dir && !(t.closing & 1)) {
		rc = sut_switch_reverse(d->runtime, transition, diag);
		*again = false;
	}
	sut_drive_count(moving->funcs, moving->record.func_count, effect);
	if (rc == SUT_OK)
		rc = sut_switch_finish(d->runtime, transition, options, d->arena, effect, diag);
	return rc;
}

static enum sut_rc begin(struct sut_drive *d, const struct sut_effect_options *options,
			 struct sut_effect *effect, struct sut_diag *diag)
{
	uint64_t transition, armed;
	enum sut_rc rc = d->start(d, options, &transition, diag);

	armed = sut_now_ns();
	if (rc == SUT_OK)
		rc = sut_switch_finish(d->runtime, transition, options, d->arena, effect, diag);
	effect->switch_ns = sut_now_ns() - armed;
	return rc;
}

enum sut_rc sut_drive(struct sut_drive *d, const struct sut_effect_options *options,
		      struct sut_effect *effect, struct sut_diag *diag)
{
	d->runtime->patience_ns = options->wait_ns;
	d->runtime->keep_timeouts = options->keep_timeouts;
	for (int turn = 0; turn < TURNS_MAX; turn++) {
		const struct sut_memory_patch *present;
		bool again = false;
		enum sut_rc rc =
			turn ? sut_memory_read(d->runtime, d->arena, d->memory, diag) : SUT_OK;

		if (rc == SUT_OK && d->memory->control.transition) {
			rc = join(d, options, effect, &again, diag);
			if (rc != SUT_OK || !again)
				return rc;
			continue;
		}
		if (rc == SUT_OK && in_use(d->memory, d->name) != d->wanted) {
			rc = begin(d, options, effect, diag);
			again = rc == SUT_RETRY && strcmp(diag->rule, "busy") == 0;
			if (!again || turn + 1 == TURNS_MAX)
				return rc;
			/* An object came or went meanwhile. */
			sut_diag_reset(diag);
			rc = sut_target_refresh(d->runtime->target, diag);
			if (rc == SUT_OK)
				continue;
		}
		if (rc != SUT_OK)
			return rc;
		present = sut_memory_find(d->memory, d->name);
		effect->nothing = true;
		effect->state = (enum sut_rt_state)present->record.state;
		sut_drive_count(present->funcs, present->record.func_count, effect);
		return SUT_OK;
	}
	return other_moves(d, sut_memory_moving(d->memory), diag);
}
