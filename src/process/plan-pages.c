// SPDX-License-Identifier: GPL-2.0-or-later
/* Pun pages: where the jumps lead that the bytes of entries spell (see process/site.h). */
#include "process/plan.h"

#include <string.h>
#include <sys/mman.h>

static uint64_t page_of(uint64_t address)
{
	return address & ~(uint64_t)(SUT_PAGE_SIZE - 1);
}

static bool known_page(const struct sut_plan *plan, uint64_t page)
{
	/* The jump to a slot may begin on the page before. Nobody calls what is gone. */
	for (size_t i = 0; i < plan->known_count; i++)
		if ((plan->known[i].flags & (SUT_RT_FUNC_PUN | SUT_RT_FUNC_GONE)) ==
			    SUT_RT_FUNC_PUN &&
		    (page_of(plan->known[i].slot) == page || page_of(plan->known[i].land) == page))
			return true;
	return false;
}

bool sut_hook_taken(const struct sut_target *target, const struct sut_rt_hook *hook)
{
	uint64_t word;

	return hook->entry &&
	       sut_target_read(target, hook->entry & ~UINT64_C(7), &word, sizeof(word)) &&
	       word != hook->original;
}

static bool hook_page(const struct sut_target *target, const struct sut_rt_control *control,
		      uint64_t page)
{
	for (int i = 0; i < SUT_RT_HOOKS; i++) {
		const struct sut_rt_hook *hook = &control->hooks[i];

		if ((page_of(hook->slot) == page || page_of(hook->land) == page) &&
		    sut_hook_taken(target, hook))
			return true;
	}
	return false;
}

void sut_plan_know(struct sut_plan *plan, const struct sut_rt_control *control,
		   const struct sut_rt_func *funcs, size_t count)
{
	plan->known = funcs;
	plan->known_count = count;
	for (uint64_t i = 0; i < control->page_count && i < SUT_RT_PAGES_MAX; i++) {
		uint64_t page = control->pages[i];
		const struct sut_map *map = sut_target_map(plan->runtime->target, page);

		if (map && map->exec && !map->write && !map->shared && !map->inode &&
		    !known_page(plan, page) && !hook_page(plan->runtime->target, control, page))
			plan->abandoned[plan->abandoned_count++] = page;
	}
}

static bool is_abandoned(const struct sut_plan *plan, uint64_t page)
{
	for (size_t i = 0; i < plan->abandoned_count; i++)
		if (plan->abandoned[i] == page)
			return true;
	return false;
}

/* Something that this plan has taken of [start, end), or NULL. */
static const struct sut_rt_map *taken_at(const struct sut_plan *plan, uint64_t start, uint64_t end)
{
	/* One that begins on the page before may reach into this one. */
	for (uint64_t page = page_of(start) - SUT_PAGE_SIZE; page < end; page += SUT_PAGE_SIZE) {
		size_t probe = 0, i;

		while ((i = sut_index_next(&plan->taken_pages, page, &probe)) != SUT_INDEX_END)
			if (start < plan->taken[i].address + plan->taken[i].size &&
			    plan->taken[i].address < end)
				return &plan->taken[i];
	}
	return NULL;
}

bool sut_plan_takes(const struct sut_plan *plan, uint64_t address)
{
	return taken_at(plan, address, address + 1) != NULL;
}

bool sut_plan_pages(struct sut_plan *plan, uint64_t start, uint64_t end)
{
	uint64_t first = page_of(start);
	size_t map_count = plan->map_count;

	if (taken_at(plan, start, end))
		return false;
	for (uint64_t page = first; page < end; page += SUT_PAGE_SIZE) {
		if (taken_at(plan, page, page + SUT_PAGE_SIZE) || is_abandoned(plan, page))
			continue;
		/* What the plan maps otherwise is reserved among the target's maps. */
		if (sut_target_map(plan->runtime->target, page)) {
			plan->map_count = map_count;
			return false;
		}
		sut_plan_map(plan, page, SUT_PAGE_SIZE, PROT_READ | PROT_EXEC);
	}
	SUT_PUSH(plan->arena, plan->taken, plan->taken_count, plan->taken_capacity) =
		(struct sut_rt_map){.address = start, .size = end - start};
	sut_index_add(&plan->taken_pages, plan->arena, first);
	return true;
}

static void note_page(const struct sut_plan *plan, uint64_t page, struct sut_rt_control *control)
{
	if (control->page_count < SUT_RT_PAGES_MAX && !is_abandoned(plan, page))
		control->pages[control->page_count++] = page;
}

bool sut_plan_note_pages(const struct sut_plan *plan)
{
	struct sut_rt_control control = {.page_count = plan->abandoned_count};
	struct sut_target *target = plan->runtime->target;
	uint64_t at = plan->runtime->control;

	if (!plan->taken_count)
		return true;
	memcpy(control.pages, plan->abandoned, sizeof(control.pages));
	for (size_t i = 0; i < plan->taken_count; i++) {
		uint64_t first = page_of(plan->taken[i].address);
		uint64_t last = page_of(plan->taken[i].address + plan->taken[i].size - 1);

		note_page(plan, first, &control);
		if (last != first)
			note_page(plan, last, &control);
	}
	/* Pages that are in use now do no harm in the list: sut_plan_know() drops them. */
	return sut_target_write(target, at + offsetof(struct sut_rt_control, pages), control.pages,
				control.page_count * sizeof(control.pages[0])) &&
	       sut_target_write(target, at + offsetof(struct sut_rt_control, page_count),
				&control.page_count, sizeof(control.page_count));
}
