// SPDX-License-Identifier: GPL-2.0-or-later
#include "process/switch-edges.h"

#include <stdlib.h>

struct entry {
	uint64_t address;
	uint64_t index; /* of the change */
	const struct sut_object *object;
};

struct builder {
	struct sut_plan *plan;
	const struct sut_memory *memory;
	const struct sut_change *changes;
	size_t count;
	struct entry *entries; /* by address */
	uint64_t jump_count;   /* read so far */
	struct sut_edges *edges;
};

static int compare_entries(const void *a, const void *b)
{
	const struct entry *left = a, *right = b;

	return (left->address > right->address) - (left->address < right->address);
}

static int compare_edges(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

static void add_edge(struct builder *b, int dir, uint64_t from, uint64_t to)
{
	struct sut_edges *edges = b->edges;

	SUT_PUSH(b->plan->arena, edges->list[dir], edges->count[dir], edges->capacity[dir]) =
		from << 32 | to;
}

static const struct sut_object *object_of(const struct sut_plan *plan, uint64_t entry)
{
	const struct sut_target *target = plan->runtime->target;

	if (sut_late_is_planned(entry)) {
		const struct sut_late *late = sut_late_at(plan->lates, entry);

		return late ? &late->object : NULL;
	}
	for (size_t i = 0; i < target->object_count; i++)
		if (entry >= target->objects[i].low && entry < target->objects[i].high)
			return &target->objects[i];
	return NULL;
}

static const struct entry *entry_at(const struct builder *b, uint64_t address)
{
	struct entry key = {.address = address};

	return bsearch(&key, b->entries, b->count, sizeof(key), compare_entries);
}

static void add_jump(struct builder *b, int dir, size_t from, uint64_t target)
{
	const struct sut_object *here;
	const struct entry *to;

	switch (target) {
	case SUT_RT_JUMP_ANYWHERE:
		add_edge(b, dir, from, SUT_RT_ANYWHERE);
		break;
	case SUT_RT_JUMP_ELSEWHERE:
		here = entry_at(b, b->changes[from].site->entry)->object;
		for (size_t i = 0; i < b->count; i++)
			if (b->entries[i].object != here)
				add_edge(b, dir, from, b->entries[i].index);
		break;
	default:
		to = entry_at(b, target);
		if (to)
			add_edge(b, dir, from, to->index);
	}
}

/* The jumps of one version of a function, as one of its records has them. */
static bool add_jumps(struct builder *b, int dir, size_t from, const struct sut_rt_func *record,
		      uint64_t kind)
{
	enum { JUMPS_MAX = 1 << 16, ALL_MAX = 1 << 22 };
	const struct sut_rt_jump *jumps;

	if (!record->jump_count)
		return true;
	if (record->jump_count > JUMPS_MAX || b->jump_count > ALL_MAX)
		return false;
	b->jump_count += record->jump_count;
	jumps = sut_plan_read(b->plan, record->jumps, record->jump_count * sizeof(*jumps));
	for (size_t i = 0; jumps && i < record->jump_count; i++)
		if (jumps[i].kind == kind)
			add_jump(b, dir, from, jumps[i].target);
	return jumps != NULL;
}

/* record NULL: the original, whose jumps every record of the entry has. */
static bool add_version(struct builder *b, int dir, size_t from, const struct sut_rt_func *record)
{
	return record ? add_jumps(b, dir, from, record, SUT_RT_RANGE_NEW)
		      : add_jumps(b, dir, from, b->changes[from].site, SUT_RT_RANGE_OLD);
}

/* After a forced transition any older version may still run. */
static bool add_older(struct builder *b, size_t from)
{
	uint64_t entry = b->changes[from].site->entry;
	size_t count;
	const struct sut_memory_entry *list = sut_memory_entries(b->memory, entry, entry, &count);
	bool read = add_version(b, 0, from, NULL);

	for (size_t i = 0; i < count && read; i++)
		if (list[i].func != b->changes[from].to)
			read = add_version(b, 0, from, list[i].func);
	return read;
}

/* Sorts, without doubles, and tells the thunks. */
static void finish(struct builder *b, int dir)
{
	struct sut_edges *edges = b->edges;
	uint64_t *list = edges->list[dir];
	bool anywhere = false;
	size_t kept = 0;

	if (!edges->count[dir])
		return;
	qsort(list, edges->count[dir], sizeof(*list), compare_edges);
	for (size_t i = 0; i < edges->count[dir]; i++) {
		uint32_t to = (uint32_t)list[i];

		if (kept && list[kept - 1] == list[i])
			continue;
		list[kept++] = list[i];
		edges->callees[list[i] >> 32] |= (uint32_t)SUT_RT_CALLEE_SOURCE << dir;
		if (to == SUT_RT_ANYWHERE)
			anywhere = true;
		else
			edges->callees[to] |= (uint32_t)SUT_RT_CALLEE_TARGET << dir;
	}
	edges->count[dir] = kept;
	for (size_t i = 0; i < b->count && anywhere; i++)
		edges->callees[i] |= (uint32_t)SUT_RT_CALLEE_TARGET << dir;
}

bool sut_edges_plan(struct sut_plan *plan, const struct sut_memory *memory,
		    const struct sut_change *changes, size_t count, struct sut_edges *edges)
{
	struct builder b = {
		.plan = plan,
		.memory = memory,
		.changes = changes,
		.count = count,
		.entries = sut_arena_array(plan->arena, count, sizeof(*b.entries)),
		.edges = edges,
	};
	bool read = true;

	*edges = (struct sut_edges){
		.callees = sut_arena_array(plan->arena, count, sizeof(*edges->callees))};
	for (size_t i = 0; i < count; i++) {
		uint64_t entry = changes[i].site->entry;

		b.entries[i] = (struct entry){entry, i, object_of(plan, entry)};
		edges->callees[i] = (uint32_t)i;
	}
	qsort(b.entries, count, sizeof(*b.entries), compare_entries);
	for (size_t i = 0; i < count && read; i++)
		read = add_version(&b, 0, i, changes[i].from) &&
		       add_version(&b, 1, i, changes[i].to) &&
		       (!memory->control.forced || add_older(&b, i));
	for (int dir = 0; dir < 2; dir++)
		finish(&b, dir);
	return read;
}
