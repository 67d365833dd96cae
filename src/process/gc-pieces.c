// SPDX-License-Identifier: GPL-2.0-or-later
/* What patches have in a target, read off the records: zones, pun pages, the stack of callbacks. */
#include "process/gc-work.h"

#include <stdlib.h>

static void add(struct sut_gc_work *w, uint64_t address, uint64_t size)
{
	SUT_PUSH(w->arena, w->maps, w->count, w->capacity) =
		(struct sut_rt_map){.address = address, .size = size};
}

static void add_page(struct sut_gc_work *w, uint64_t address)
{
	add(w, address & ~(uint64_t)(SUT_PAGE_SIZE - 1), SUT_PAGE_SIZE);
}

static int compare_maps(const void *a, const void *b)
{
	const struct sut_rt_map *left = a, *right = b;

	return (left->address > right->address) - (left->address < right->address);
}

/* Pun pages come once for each function that uses them; neighbours become one. */
static void merge(struct sut_gc_work *w)
{
	size_t kept = 0;

	if (w->count)
		qsort(w->maps, w->count, sizeof(w->maps[0]), compare_maps);
	for (size_t i = 0; i < w->count; i++) {
		struct sut_rt_map *last = kept ? &w->maps[kept - 1] : NULL;
		uint64_t end = w->maps[i].address + w->maps[i].size;

		if (!last || w->maps[i].address > last->address + last->size)
			w->maps[kept++] = w->maps[i];
		else if (end > last->address + last->size)
			last->size = end - last->address;
	}
	w->count = kept;
}

/* Private and of no file, all of it: whatever the records say, nothing else is unmapped. */
static bool is_ours(const struct sut_gc_work *w, const struct sut_rt_map *piece)
{
	uint64_t at = piece->address, end = at + piece->size;

	while (at < end) {
		const struct sut_map *map = sut_target_map(&w->target, at);

		if (!map || map->shared || map->inode || *map->path)
			return false;
		at = map->end;
	}
	return !(piece->address % SUT_PAGE_SIZE) && !(piece->size % SUT_PAGE_SIZE) && piece->size;
}

/* Does the C library's unwinding lead through it? */
static bool is_hooked(const struct sut_gc_work *w, const struct sut_rt_map *piece)
{
	for (int i = 0; i < SUT_RT_HOOKS; i++) {
		const struct sut_rt_hook *hook = &w->memory.control.hooks[i];

		if (sut_hook_taken(&w->target, hook) &&
		    (sut_gc_holds(piece, hook->head) || sut_gc_holds(piece, hook->land) ||
		     sut_gc_holds(piece, hook->slot)))
			return true;
	}
	return false;
}

static int compare_ranges(const void *a, const void *b)
{
	const struct sut_rt_range *left = a, *right = b;

	return (left->low > right->low) - (left->low < right->low);
}

static void add_range(struct sut_gc_work *w, uint64_t address, uint64_t size)
{
	w->ranges[w->range_count++] =
		(struct sut_rt_range){address - 1, address + size - 1, SUT_RT_RANGE_OLD, 0};
}

enum sut_rc sut_gc_find_pieces(struct sut_gc_work *w, struct sut_diag *diag)
{
	const struct sut_rt_control *control = &w->memory.control;
	size_t known;
	struct sut_rt_func *funcs = sut_memory_funcs(&w->memory, w->arena, &known);
	enum sut_rc rc = sut_plan_zones(&w->plan, diag);

	if (rc != SUT_OK)
		return rc;
	for (size_t i = 0; i < w->plan.zone_count; i++) {
		const struct sut_rt_zone *zone = &w->plan.zones[i]->record;

		add(w, zone->text, zone->text_size);
		add(w, zone->data, zone->data_size);
	}
	for (size_t i = 0; i < known; i++)
		if (funcs[i].flags & SUT_RT_FUNC_PUN) {
			add_page(w, funcs[i].land);
			add_page(w, funcs[i].slot + sizeof(uint64_t) - 1);
		}
	sut_plan_know(&w->plan, control, funcs, known);
	for (size_t i = 0; i < w->plan.abandoned_count; i++)
		add_page(w, w->plan.abandoned[i]);
	if (control->call_stack)
		add(w, control->call_stack - control->call_stack_size, control->call_stack_size);
	merge(w);
	w->ranges = sut_arena_array(w->arena, w->count + 1, sizeof(w->ranges[0]));
	add_range(w, w->runtime.text, SUT_RT_TEXT_SIZE);
	for (size_t i = 0; i < w->count; i++) {
		struct sut_rt_map *m = &w->maps[i];

		if (!is_ours(w, m))
			return sut_target_damaged(&w->target, "a record of mapped memory", diag);
		add_range(w, m->address, m->size);
		m->prot = is_hooked(w, m);
		if (m->prot)
			continue;
		w->gc->bytes += m->size;
		w->going++;
	}
	qsort(w->ranges, w->range_count, sizeof(w->ranges[0]), compare_ranges);
	w->gc->count = w->going;
	return SUT_OK;
}
