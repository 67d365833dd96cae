// SPDX-License-Identifier: GPL-2.0-or-later
#include "process/memory.h"

#include <string.h>

enum { PATCHES_MAX = 65536, FUNCS_MAX = 1 << 20 /* of all of them */ };

static bool is_sound(const struct sut_rt_patch *record, size_t func_count)
{
	return record->state >= SUT_RT_LOADED && record->state <= SUT_RT_REPLACED &&
	       record->func_count <= FUNCS_MAX - func_count && record->object_count <= FUNCS_MAX &&
	       memchr(record->name, '\0', sizeof(record->name)) &&
	       memchr(record->version, '\0', sizeof(record->version));
}

/* The core's list: each node names the klp_patch within one of our records. */
static bool read_use(const struct sut_target *target, struct sut_arena *arena,
		     struct sut_memory *memory)
{
	uint64_t at = (uint64_t)memory->control.core.patches;

	memory->use = sut_arena_array(arena, memory->count, sizeof(*memory->use));
	while (at) {
		const struct sut_memory_patch *found = NULL;
		struct sut_core_patch node;

		if (memory->use_count == memory->count ||
		    !sut_target_read(target, at, &node, sizeof(node)))
			return false;
		for (size_t i = 0; i < memory->count; i++)
			if (memory->patches[i].address + offsetof(struct sut_rt_patch, klp) ==
			    (uint64_t)node.patch)
				found = &memory->patches[i];
		if (!found)
			return false;
		memory->use[memory->use_count++] = found;
		at = (uint64_t)node.next;
	}
	return true;
}

enum sut_rc sut_memory_read(const struct sut_runtime *runtime, struct sut_arena *arena,
			    struct sut_memory *memory, struct sut_diag *diag)
{
	struct sut_target *target = runtime->target;
	size_t func_count = 0;
	enum sut_rc rc;

	*memory = (struct sut_memory){0};
	rc = sut_runtime_control(runtime, &memory->control, diag);
	if (rc != SUT_OK)
		return rc;
	/* A controller that wanted to collect them may have died. */
	if (!memory->control.patches)
		memory->control.patches = memory->control.dropped;
	for (uint64_t at = memory->control.patches; at;) {
		struct sut_memory_patch patch = {.address = at};
		size_t size;

		if (memory->count == PATCHES_MAX ||
		    !sut_target_read(target, at, &patch.record, sizeof(patch.record)) ||
		    !is_sound(&patch.record, func_count))
			return sut_target_damaged(target, "a patch record", diag);
		func_count += patch.record.func_count;
		size = patch.record.func_count * sizeof(struct sut_rt_func);
		patch.funcs = sut_arena_alloc(arena, size);
		if (!sut_target_read(target, patch.record.funcs, patch.funcs, size))
			return sut_target_damaged(target, "a patch record", diag);
		SUT_PUSH(arena, memory->patches, memory->count, memory->capacity) = patch;
		at = patch.record.next;
	}
	return read_use(target, arena, memory)
		       ? SUT_OK
		       : sut_target_damaged(target, "the list of patches in use", diag);
}

const struct sut_memory_patch *sut_memory_find(const struct sut_memory *memory, const char *name)
{
	for (size_t i = 0; i < memory->count; i++)
		if (strcmp(memory->patches[i].record.name, name) == 0)
			return &memory->patches[i];
	return NULL;
}

const struct sut_memory_patch *sut_memory_moving(const struct sut_memory *memory)
{
	for (size_t i = 0; i < memory->count; i++)
		if (memory->control.transition &&
		    memory->patches[i].record.transition == memory->control.transition)
			return &memory->patches[i];
	return NULL;
}

const struct sut_rt_func *sut_memory_top(const struct sut_memory *memory, uint64_t entry,
					 const struct sut_memory_patch *below,
					 const struct sut_memory_patch **owner)
{
	const struct sut_rt_func *top = NULL;

	for (size_t i = 0; i < memory->use_count && memory->use[i] != below; i++)
		for (uint32_t k = 0; k < memory->use[i]->record.func_count; k++)
			if (memory->use[i]->funcs[k].entry == entry) {
				top = &memory->use[i]->funcs[k];
				*owner = memory->use[i];
			}
	return top;
}

struct sut_rt_func *sut_memory_funcs(const struct sut_memory *memory, struct sut_arena *arena,
				     size_t *count)
{
	struct sut_rt_func *funcs;
	size_t n = 0;

	for (size_t i = 0; i < memory->count; i++)
		n += memory->patches[i].record.func_count;
	funcs = sut_arena_array(arena, n, sizeof(*funcs));
	*count = n;
	n = 0;
	for (size_t i = 0; i < memory->count; i++) {
		size_t part = memory->patches[i].record.func_count;

		memcpy(funcs + n, memory->patches[i].funcs, part * sizeof(*funcs));
		n += part;
	}
	return funcs;
}
