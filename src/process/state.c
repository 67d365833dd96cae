// SPDX-License-Identifier: GPL-2.0-or-later
#include "process/process.h"
#include "process/memory.h"
#include "process/switch.h"
#include "base/guard.h"
#include "base/io.h"

#include <string.h>
#include <time.h>

const char *sut_state_name(enum sut_rt_state state)
{
	switch (state) {
	case SUT_RT_LOADED:
		return "loaded";
	case SUT_RT_APPLYING:
		return "applying";
	case SUT_RT_APPLIED:
		return "applied";
	case SUT_RT_REVERTING:
		return "reverting";
	case SUT_RT_REVERTED:
		return "reverted";
	case SUT_RT_REPLACED:
		return "replaced";
	}
	return "unknown";
}

/* Is its object not there, and will it be patched when it comes? */
static bool is_waiting(const struct sut_memory_patch *patch, uint32_t func)
{
	for (uint32_t i = func; i < patch->record.func_count && !patch->funcs[func].entry; i++)
		if (patch->funcs[i].flags & SUT_RT_FUNC_PLANNED && patch->funcs[i].instance == func)
			return true;
	return false;
}

static void read_funcs(struct sut_arena *arena, const struct sut_target *target,
		       const struct sut_memory *memory, const struct sut_memory_patch *from,
		       struct sut_state_patch *to)
{
	enum { NAME_MAX_LENGTH = 1024 };
	const struct sut_memory_patch *owner;

	to->funcs = sut_arena_array(arena, from->record.func_count, sizeof(to->funcs[0]));
	for (size_t i = 0; i < from->record.func_count; i++) {
		struct sut_state_func *func = &to->funcs[to->func_count];
		char name[NAME_MAX_LENGTH];
		bool named =
			sut_target_read_string(target, from->funcs[i].name, name, sizeof(name));

		/* Behind them are those of instances that may come. */
		if (from->funcs[i].flags & SUT_RT_FUNC_PLANNED)
			break;
		to->func_count++;
		*func = (struct sut_state_func){
			.name = named ? sut_arena_strdup(arena, name) : "(unreadable)",
			.waits = is_waiting(from, i),
			.direct = from->funcs[i].flags & SUT_RT_FUNC_DIRECT,
		};
		if (func->waits)
			continue;
		func->entry = from->funcs[i].entry;
		func->code = from->funcs[i].code;
		func->runs = from->funcs[i].entry &&
			     sut_memory_top(memory, from->funcs[i].entry, NULL, &owner) ==
				     &from->funcs[i];
	}
}

static void read_patch(struct sut_arena *arena, const struct sut_runtime *runtime,
		       const struct sut_memory *memory, const struct sut_memory_patch *from,
		       struct sut_state_patch *to)
{
	const struct sut_rt_patch *record = &from->record;
	struct sut_diag ignored;
	struct sut_rt_transition t;

	*to = (struct sut_state_patch){
		.name = sut_arena_strdup(arena, record->name),
		.version = sut_arena_strdup(arena, record->version),
		.state = (enum sut_rt_state)record->state,
		.replace = record->klp.replace,
		.replace_set = record->klp.replace_set,
		.kept_bytes = record->kept_bytes,
	};
	memcpy(to->digest, record->digest, sizeof(record->digest));
	for (size_t i = 0; i < memory->use_count; i++)
		if (memory->use[i] == from) {
			to->order = (unsigned int)i + 1;
			to->trial_ns = record->trial_ns;
		}
	if (memory->control.transition && record->transition == memory->control.transition &&
	    sut_switch_read(runtime, record->transition, &t, &ignored) == SUT_OK)
		to->reversed = t.dir;
	read_funcs(arena, runtime->target, memory, from, to);
}

/* Is a patch in use that has functions of it? */
static bool is_wanted(const struct sut_memory *memory, uint64_t record)
{
	for (size_t i = 0; i < memory->use_count; i++)
		for (uint32_t k = 0; k < memory->use[i]->record.func_count; k++)
			if (memory->use[i]->funcs[k].late == record)
				return true;
	return false;
}

static void read_lates(struct sut_arena *arena, const struct sut_memory *memory,
		       struct sut_state *state)
{
	char id[2 * SUT_RT_BUILD_ID_MAX + 1];

	state->missed = memory->control.loader.missed;
	state->lates = sut_arena_array(arena, memory->lates.count, sizeof(state->lates[0]));
	for (size_t i = 0; i < memory->lates.count; i++) {
		const struct sut_late *late = memory->lates.list[i];
		const struct sut_rt_late *is = &late->is;

		if (!is_wanted(memory, late->record))
			continue;
		state->lates[state->late_count++] = (struct sut_state_late){
			.name = late->name,
			.build_id = sut_arena_strdup(arena,
						     sut_hex(id, is->build_id, is->build_id_size)),
			.state = (enum sut_rt_late_state)is->state,
			.reason = (enum sut_rt_late_reason)is->reason,
			.error = is->error < 0 ? (int)-is->error : 0,
			.came = is->came,
			.more = is->more,
			.others = is->others,
			.other_id = sut_arena_strdup(arena,
						     sut_hex(id, is->other_id, is->other_id_size)),
		};
	}
}

static enum sut_rc look_at_transition(struct sut_arena *arena, struct sut_runtime *runtime,
				      uint64_t address, struct sut_state *state,
				      struct sut_diag *diag)
{
	struct sut_looker looker;
	struct timespec now;
	enum sut_rc rc = sut_looker_init(&looker, runtime, address, arena, diag);

	if (rc == SUT_OK)
		rc = sut_look_all(&looker, false, &state->blockers, diag);
	if (rc != SUT_OK)
		return rc;
	sut_look_names(&looker, &state->blockers);
	clock_gettime(CLOCK_REALTIME, &now);
	state->in_transition = true;
	state->blockers.foreign = looker.t.foreign;
	if (looker.t.started_ns)
		state->transition_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec -
				       looker.t.started_ns;
	return SUT_OK;
}

enum sut_rc sut_state_read(struct sut_arena *arena, pid_t pid, struct sut_state *state,
			   struct sut_diag *diag)
{
	SUT_TARGET struct sut_target target;
	struct sut_state result = {.pid = pid};
	struct sut_runtime runtime;
	struct sut_memory memory;
	enum sut_rc rc = sut_target_open(pid, false, &target, diag);

	if (rc != SUT_OK)
		return rc;
	memcpy(result.name, target.name, sizeof(result.name));
	if (!sut_runtime_present(&target)) {
		*state = result;
		return SUT_OK;
	}
	rc = sut_runtime_find(&target, &runtime, diag);
	if (rc == SUT_OK)
		rc = sut_memory_read(&runtime, arena, &memory, diag);
	if (rc != SUT_OK)
		return sut_target_leave(&target, rc, diag);
	result.patches = sut_arena_array(arena, memory.count, sizeof(result.patches[0]));
	result.patch_count = memory.count;
	for (size_t i = 0; i < memory.count; i++)
		read_patch(arena, &runtime, &memory, &memory.patches[i], &result.patches[i]);
	read_lates(arena, &memory, &result);
	result.shadow_count = memory.control.shadow.count;
	if (memory.control.transition)
		rc = look_at_transition(arena, &runtime, memory.control.transition, &result, diag);
	*state = result;
	return sut_target_leave(&target, rc, diag);
}
