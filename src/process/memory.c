// SPDX-License-Identifier: GPL-2.0-or-later
#include "process/memory.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

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

static bool read_patch(const struct sut_target *target, struct sut_arena *arena, uint64_t at,
		       size_t func_count, struct sut_memory_patch *patch)
{
	size_t size;

	*patch = (struct sut_memory_patch){.address = at};
	if (!sut_target_read(target, at, &patch->record, sizeof(patch->record)) ||
	    !is_sound(&patch->record, func_count))
		return false;
	size = patch->record.func_count * sizeof(struct sut_rt_func);
	patch->funcs = sut_arena_alloc(arena, size);
	if (!sut_target_read(target, patch->record.funcs, patch->funcs, size))
		return false;
	/* What has been unmapped is no function: something else may be there now. */
	for (uint32_t i = 0; i < patch->record.func_count; i++)
		if (patch->funcs[i].flags & SUT_RT_FUNC_GONE)
			patch->funcs[i].entry = 0;
	return true;
}

static int compare_entries(const void *a, const void *b)
{
	const struct sut_memory_entry *left = a, *right = b;

	if (left->entry != right->entry)
		return left->entry < right->entry ? -1 : 1;
	/* Patches and their functions lie in arrays. */
	if (left->owner != right->owner)
		return left->owner < right->owner ? -1 : 1;
	return left->func < right->func ? -1 : left->func > right->func;
}

static void sort_entries(struct sut_arena *arena, struct sut_memory *memory, size_t func_count)
{
	memory->entries = sut_arena_array(arena, func_count, sizeof(memory->entries[0]));
	for (size_t i = 0; i < memory->count; i++) {
		const struct sut_memory_patch *owner = &memory->patches[i];
		size_t order = memory->use_count;

		while (order && memory->use[order - 1] != owner)
			order--;
		for (uint32_t k = 0; k < owner->record.func_count; k++)
			memory->entries[memory->entry_count++] =
				(struct sut_memory_entry){owner->funcs[k].entry, &owner->funcs[k],
							  owner, order};
	}
	qsort(memory->entries, memory->entry_count, sizeof(memory->entries[0]), compare_entries);
}

/* What is damaged, or NULL. */
static const char *read_all(const struct sut_target *target, struct sut_arena *arena,
			    struct sut_memory *memory)
{
	struct sut_memory_patch patch;
	size_t func_count = 0;

	for (uint64_t at = memory->control.patches; at; at = patch.record.next) {
		if (memory->count == PATCHES_MAX ||
		    !read_patch(target, arena, at, func_count, &patch))
			return "a patch record";
		func_count += patch.record.func_count;
		SUT_PUSH(arena, memory->patches, memory->count, memory->capacity) = patch;
	}
	if (!read_use(target, arena, memory))
		return "the list of patches in use";
	if (!sut_late_read(target, arena, memory))
		return "a record of an object that comes late";
	sort_entries(arena, memory, func_count);
	return NULL;
}

/* Threads that load objects change records meanwhile; each change ends by a new generation. */
enum sut_rc sut_memory_read(const struct sut_runtime *runtime, struct sut_arena *arena,
			    struct sut_memory *memory, struct sut_diag *diag)
{
	enum { TURNS = 100, PAUSE_NS = 200 * 1000 };
	struct sut_rt_control after;

	for (int turn = 0;; turn++) {
		const char *damaged;
		enum sut_rc rc;

		*memory = (struct sut_memory){0};
		rc = sut_runtime_control(runtime, &memory->control, diag);
		if (rc != SUT_OK)
			return rc;
		/* A controller that wanted to collect them may have died. */
		if (!memory->control.patches)
			memory->control.patches = memory->control.dropped;
		damaged = read_all(runtime->target, arena, memory);
		rc = sut_runtime_control(runtime, &after, diag);
		if (rc != SUT_OK)
			return rc;
		if (turn == TURNS || (after.generation == memory->control.generation &&
				      after.stage != SUT_RT_LOADING))
			return damaged ? sut_target_damaged(runtime->target, damaged, diag)
				       : SUT_OK;
		nanosleep(&(struct timespec){.tv_nsec = PAUSE_NS}, NULL);
	}
}

bool sut_memory_is_current(const struct sut_runtime *runtime, const struct sut_memory *memory)
{
	struct sut_diag ignored = {0};
	struct sut_rt_control now;

	return sut_runtime_control(runtime, &now, &ignored) != SUT_OK ||
	       (now.generation == memory->control.generation && now.stage != SUT_RT_LOADING);
}

const struct sut_memory_patch *sut_memory_find(const struct sut_memory *memory, const char *name)
{
	for (size_t i = 0; i < memory->count; i++)
		if (strcmp(memory->patches[i].record.name, name) == 0)
			return &memory->patches[i];
	return NULL;
}

bool sut_memory_per_stack(const struct sut_memory *memory)
{
	for (size_t i = 0; i < memory->use_count; i++)
		if (memory->use[i]->record.per_stack)
			return true;
	return false;
}

const struct sut_memory_patch *sut_memory_moving(const struct sut_memory *memory)
{
	for (size_t i = 0; i < memory->count; i++)
		if (memory->control.transition &&
		    memory->patches[i].record.transition == memory->control.transition)
			return &memory->patches[i];
	return NULL;
}

const struct sut_memory_entry *sut_memory_entries(const struct sut_memory *memory, uint64_t low,
						  uint64_t high, size_t *count)
{
	size_t first = 0, last = memory->entry_count;

	while (first < last) {
		size_t middle = first + (last - first) / 2;

		if (memory->entries[middle].entry < low)
			first = middle + 1;
		else
			last = middle;
	}
	while (last < memory->entry_count && memory->entries[last].entry <= high)
		last++;
	*count = last - first;
	return *count ? &memory->entries[first] : NULL;
}

const struct sut_rt_func *sut_memory_top(const struct sut_memory *memory, uint64_t entry,
					 const struct sut_memory_patch *below,
					 const struct sut_memory_patch **owner)
{
	size_t count, limit = memory->use_count + 1;
	const struct sut_memory_entry *list = sut_memory_entries(memory, entry, entry, &count);
	const struct sut_memory_entry *top = NULL;

	for (size_t i = 0; i < memory->use_count && below; i++)
		if (memory->use[i] == below)
			limit = i + 1;
	for (size_t i = 0; i < count; i++)
		if (list[i].order && list[i].order < limit && (!top || list[i].order >= top->order))
			top = &list[i];
	if (!top)
		return NULL;
	*owner = top->owner;
	return top->func;
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
