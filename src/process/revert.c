// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Going back: a transition from the patch to what lies below it, as careful as the one that applied
 * it. The memory of the patch is kept, for the program may hold pointers into it.
 */
#include "process/drive.h"
#include "base/guard.h"
#include "base/io.h"

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
	struct sut_plan plan = {.runtime = drive->runtime, .arena = drive->arena};
	struct sut_change *changes;
	size_t count;
	uint64_t kept;
	enum sut_rc rc;

	sut_changes_disable(drive->arena, drive->memory, patch, &changes, &count);
	rc = sut_switch_plan(&plan, drive->memory, SUT_SWITCH_DISABLE, patch->address,
			     patch->record.calls != 0, changes, count, transition, diag);
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

enum sut_rc sut_revert(struct sut_arena *arena, pid_t pid, const char *name,
		       const struct sut_effect_options *options, struct sut_effect *effect,
		       struct sut_diag *diag)
{
	SUT_TARGET struct sut_target target;
	struct sut_runtime runtime;
	struct sut_memory memory;
	struct sut_effect result = {0};
	struct sut_drive drive = {
		.arena = arena,
		.runtime = &runtime,
		.memory = &memory,
		.name = name,
		.start = start,
	};
	const struct sut_memory_patch *patch;
	uint64_t begin = sut_now_ns();
	enum sut_rc rc = sut_drive_open(&target, pid, arena, &runtime, &memory, diag);

	if (rc != SUT_OK)
		return rc;
	patch = sut_memory_find(&memory, name);
	if (!patch)
		return not_there(&target, name, diag);
	sut_drive_count(patch->funcs, patch->record.func_count, &result);
	rc = sut_drive(&drive, options, &result, diag);
	result.total_ns = sut_now_ns() - begin;
	*effect = result;
	return rc;
}

enum sut_rc sut_force(struct sut_arena *arena, pid_t pid, const char *name,
		      const struct sut_effect_options *options, struct sut_effect *effect,
		      struct sut_diag *diag)
{
	SUT_TARGET struct sut_target target;
	struct sut_runtime runtime;
	struct sut_memory memory;
	struct sut_effect result = {0};
	const struct sut_memory_patch *patch;
	uint64_t begin = sut_now_ns();
	enum sut_rc rc = sut_drive_open(&target, pid, arena, &runtime, &memory, diag);

	if (rc != SUT_OK)
		return rc;
	patch = sut_memory_find(&memory, name);
	if (!patch)
		return not_there(&target, name, diag);
	sut_drive_count(patch->funcs, patch->record.func_count, &result);
	if (sut_memory_moving(&memory) != patch) {
		sut_fail(diag, SUT_REFUSED, "transition",
			 "process %d (%s): %s is not in transition; there is nothing to force",
			 target.pid, target.name, name);
		sut_remedy(diag, "`suture status pid:%d` says what it is.", target.pid);
		return SUT_REFUSED;
	}
	rc = sut_switch_force(&runtime, memory.control.transition, options, diag);
	if (rc == SUT_OK)
		rc = sut_memory_read(&runtime, arena, &memory, diag);
	if (rc == SUT_OK)
		result.state = (enum sut_rt_state)sut_memory_find(&memory, name)->record.state;
	result.cost = runtime.cost;
	result.total_ns = sut_now_ns() - begin;
	*effect = result;
	return rc;
}
