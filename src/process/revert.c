// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Going back: a transition from the patch to what lies below it, as careful as the one that applied
 * it. The memory of the patch is kept, for the program may hold pointers into it.
 */
#include "process/drive.h"
#include "base/io.h"

#include <stddef.h>
#include <time.h>

static enum sut_rc not_there(const struct sut_target *target, const char *name,
			     struct sut_diag *diag)
{
	sut_fail(diag, SUT_REFUSED, "name", "process %d (%s): no patch of the name %s is in it",
		 target->pid, target->name, name);
	sut_remedy(diag, "`suture status pid:%d` names those that are.", target->pid);
	return SUT_REFUSED;
}

static enum sut_rc start(struct sut_drive *drive, const struct sut_effect_options *options,
			 uint64_t *transition, struct sut_diag *diag)
{
	const struct sut_memory_patch *patch = sut_memory_find(drive->memory, drive->name);
	struct sut_plan plan = {.runtime = drive->runtime,
				.arena = drive->arena,
				.lates = &drive->memory->lates};
	struct sut_change *changes;
	size_t count;
	uint64_t kept;
	enum sut_rc rc;

	drive->runtime->per_stack = sut_memory_per_stack(drive->memory);
	sut_changes_disable(drive->arena, drive->memory, patch, &changes, &count);
	rc = sut_switch_plan(&plan, drive->memory, SUT_SWITCH_DISABLE, patch->address,
			     patch->record.calls != 0, changes, count, transition, diag);
	if (rc != SUT_OK && !sut_memory_is_current(drive->runtime, drive->memory))
		return sut_late_busy(drive->runtime->target, diag);
	if (rc == SUT_OK)
		rc = sut_late_finish(&plan, NULL, diag);
	if (rc != SUT_OK)
		return rc;
	kept = patch->record.kept_bytes + plan.used;
	sut_plan_write(&plan, patch->address + offsetof(struct sut_rt_patch, kept_bytes), &kept,
		       sizeof(kept));
	rc = sut_plan_execute(&plan, diag);
	if (rc != SUT_OK)
		return rc;
	return sut_switch_start(drive->runtime, drive->memory, *transition, options, diag);
}

/* A target that is open, and the patch of that name in it. */
struct opened {
	struct sut_target target;
	struct sut_runtime runtime;
	struct sut_memory memory;
	const struct sut_memory_patch *patch;
};

static enum sut_rc open_patch(struct sut_arena *arena, pid_t pid, const char *name,
			      struct opened *o, struct sut_effect *effect, struct sut_diag *diag)
{
	enum sut_rc rc;

	*effect = (struct sut_effect){0};
	rc = sut_drive_open(&o->target, pid, true, arena, &o->runtime, &o->memory, diag);
	if (rc != SUT_OK)
		return rc;
	o->patch = sut_memory_find(&o->memory, name);
	if (!o->patch)
		return not_there(&o->target, name, diag);
	sut_drive_count(o->patch->funcs, o->patch->record.func_count, effect);
	return SUT_OK;
}

enum sut_rc sut_revert(struct sut_arena *arena, pid_t pid, const char *name,
		       const struct sut_effect_options *options, struct sut_effect *effect,
		       struct sut_diag *diag)
{
	struct opened o = {0};
	struct sut_drive drive = {
		.arena = arena,
		.runtime = &o.runtime,
		.memory = &o.memory,
		.name = name,
		.start = start,
	};
	uint64_t begin = sut_now_ns();
	enum sut_rc rc = open_patch(arena, pid, name, &o, effect, diag);

	if (rc == SUT_OK && options->overdue && !o.patch->record.trial_ns)
		effect->nothing = true;
	else if (rc == SUT_OK)
		rc = sut_drive(&drive, options, effect, diag);
	effect->total_ns = sut_now_ns() - begin;
	return sut_target_leave(&o.target, rc, diag);
}

static enum sut_rc not_moving(const struct sut_target *target, const char *name,
			      struct sut_diag *diag)
{
	sut_fail(diag, SUT_REFUSED, "transition",
		 "process %d (%s): %s is not in transition; there is nothing to force", target->pid,
		 target->name, name);
	sut_remedy(diag, "`suture status pid:%d` says what it is.", target->pid);
	return SUT_REFUSED;
}

enum sut_rc sut_force(struct sut_arena *arena, pid_t pid, const char *name,
		      const struct sut_effect_options *options, struct sut_effect *effect,
		      struct sut_diag *diag)
{
	struct opened o = {0};
	uint64_t begin = sut_now_ns();
	enum sut_rc rc = open_patch(arena, pid, name, &o, effect, diag);

	if (rc == SUT_OK && sut_memory_moving(&o.memory) != o.patch)
		rc = not_moving(&o.target, name, diag);
	o.runtime.patience_ns = options->wait_ns;
	o.runtime.keep_timeouts = options->keep_timeouts;
	if (rc == SUT_OK)
		rc = sut_switch_force(&o.runtime, o.memory.control.transition, options, diag);
	if (rc == SUT_OK)
		rc = sut_memory_read(&o.runtime, arena, &o.memory, diag);
	if (rc == SUT_OK)
		effect->state = (enum sut_rt_state)sut_memory_find(&o.memory, name)->record.state;
	effect->cost = o.runtime.cost;
	effect->total_ns = sut_now_ns() - begin;
	return sut_target_leave(&o.target, rc, diag);
}

uint64_t sut_boot_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

enum sut_rc sut_confirm(struct sut_arena *arena, pid_t pid, const char *name, bool *nothing,
			struct sut_diag *diag)
{
	const uint64_t never = 0;
	struct sut_effect effect;
	struct opened o = {0};
	enum sut_rc rc = open_patch(arena, pid, name, &o, &effect, diag);

	if (rc == SUT_OK &&
	    (o.patch->record.state == SUT_RT_REVERTED || o.patch->record.state == SUT_RT_REPLACED))
		rc = not_there(&o.target, name, diag);
	if (rc == SUT_OK) {
		*nothing = !o.patch->record.trial_ns;
		if (!sut_target_write(&o.target,
				      o.patch->address + offsetof(struct sut_rt_patch, trial_ns),
				      &never, sizeof(never)))
			rc = sut_target_lost(&o.target, diag);
	}
	return sut_target_leave(&o.target, rc, diag);
}
