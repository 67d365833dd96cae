// SPDX-License-Identifier: GPL-2.0-or-later
#include "process/swap.h"
#include "base/guard.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

enum {
	LIST_MAX = 1 << 20, /* words of one list */
	PAGES_MAX = 1 << 14,
};

/* A page as it will be after one list. */
struct page {
	uint64_t address;
	unsigned char bytes[SUT_PAGE_SIZE];
};

struct page_list {
	size_t count, capacity;
	struct page **pages;
};

struct swapping {
	struct sut_runtime *runtime;
	struct sut_arena *arena;
	struct sut_rt_transition t;
	struct page_list lists[SUT_RT_SWAPS_COUNT];
	struct sut_rt_map maps[2]; /* of the copies, and of the tables */
};

bool sut_swap_needed(const struct sut_target *target)
{
	char status[8192];

	return sut_proc_read(target->folder, "status", status, sizeof(status)) > 0 &&
	       sut_status_number(status, "\nSeccomp:") > 0;
}

static struct page *find_page(const struct page_list *list, uint64_t address)
{
	for (size_t i = list->count; i--;)
		if (list->pages[i]->address == address)
			return list->pages[i];
	return NULL;
}

static struct page *add_page(struct swapping *s, int which, uint64_t address)
{
	struct page_list *list = &s->lists[which];
	struct page *page = sut_arena_alloc(s->arena, sizeof(*page));

	page->address = address;
	SUT_PUSH(s->arena, list->pages, list->count, list->capacity) = page;
	return page;
}

/* The page before this list: as COMMIT leaves it, or as it is now. */
static struct page *start_page(struct swapping *s, int which, uint64_t address)
{
	const struct page *base = which == SUT_RT_LIST_COMMIT
					  ? NULL
					  : find_page(&s->lists[SUT_RT_LIST_COMMIT], address);
	struct page *page = add_page(s, which, address);

	if (base) {
		memcpy(page->bytes, base->bytes, sizeof(page->bytes));
		return page;
	}
	if (!sut_target_read(s->runtime->target, address, page->bytes, sizeof(page->bytes)))
		return NULL;
	if (which == SUT_RT_LIST_COMMIT)
		memcpy(add_page(s, SUT_RT_SWAPS_UNDO, address)->bytes, page->bytes,
		       sizeof(page->bytes));
	return page;
}

static bool is_entry(const struct sut_target *target, uint64_t address)
{
	for (size_t i = 0; i < target->object_count; i++)
		if (address >= target->objects[i].low && address < target->objects[i].high)
			return true;
	return false;
}

static bool make_page(struct swapping *s, int which, const struct sut_rt_word *word)
{
	uint64_t address = word->address & ~(uint64_t)(SUT_PAGE_SIZE - 1);
	struct page *page = find_page(&s->lists[which], address);

	/* The list has been in the target meanwhile. */
	if (word->address % sizeof(word->value) || s->lists[which].count == PAGES_MAX)
		return false;
	if (!page)
		page = start_page(s, which, address);
	if (page)
		memcpy(page->bytes + (word->address - address), &word->value, sizeof(word->value));
	return page != NULL;
}

/*
 * Slots come before entries that lead to them, as in the list; a page has many of both, so all
 * pages with slots come first.
 */
static bool make_pages(struct swapping *s, int which)
{
	const struct sut_target *target = s->runtime->target;
	size_t count = s->t.list_count[which], size = count * sizeof(struct sut_rt_word);
	struct sut_rt_word *words;

	if (count > LIST_MAX)
		return false;
	words = sut_arena_array(s->arena, count, sizeof(*words));
	if (!sut_target_read(target, s->t.list[which], words, size))
		return false;
	for (int entries = 0; entries < 2; entries++)
		for (size_t i = 0; i < count; i++)
			if (is_entry(target, words[i].address) == entries &&
			    !make_page(s, which, &words[i]))
				return false;
	return true;
}

static enum sut_rc no_memory(const struct sut_target *target, const char *why,
			     struct sut_diag *diag)
{
	sut_fail(diag, SUT_REFUSED, "memory", "process %d (%s): it cannot map more memory: %s",
		 target->pid, target->name, why);
	sut_remedy(diag, "Raise its limits (RLIMIT_AS, vm.max_map_count), then try again.");
	return SUT_REFUSED;
}

/* Each page that is swapped splits a mapping, and each copy is one. */
static bool has_room_for_maps(const struct sut_target *target, size_t pages)
{
	FILE *file = fopen("/proc/sys/vm/max_map_count", "re");
	unsigned long most = 65530;

	if (file) {
		if (fscanf(file, "%lu", &most) != 1)
			most = 65530;
		fclose(file);
	}
	return target->map_count + 4 * pages + 64 < most;
}

static enum sut_rc map_region(struct swapping *s, size_t copies, struct sut_diag *diag)
{
	struct sut_target *target = s->runtime->target;
	uint64_t code = copies * SUT_PAGE_SIZE, size = copies * sizeof(struct sut_rt_swap), low;
	struct sut_runtime_op op = {.op = SUT_RT_OP_MAP, .map_count = 2, .maps = s->maps};
	int64_t result;
	enum sut_rc rc;

	size = (size + SUT_PAGE_SIZE - 1) & ~(uint64_t)(SUT_PAGE_SIZE - 1);
	low = sut_target_hole(target, target->objects[0].low, target->objects[0].high, code + size);
	if (!low || !has_room_for_maps(target, copies))
		return no_memory(target, "there is no room for new pages of text", diag);
	s->maps[0] = (struct sut_rt_map){low, code, PROT_READ | PROT_EXEC};
	s->maps[1] = (struct sut_rt_map){low + code, size, PROT_READ | PROT_WRITE};
	sut_target_reserve(target, low, low + code + size);
	rc = sut_runtime_run(s->runtime, &op, &result, diag);
	if (rc != SUT_OK || result == SUT_RT_DONE)
		return rc;
	return no_memory(target, strerror((int)-result), diag);
}

/* The pages, the tables, and last the record that leads to them. */
static bool write_all(struct swapping *s, uint64_t transition)
{
	const struct sut_target *target = s->runtime->target;
	const size_t at = offsetof(struct sut_rt_transition, swaps); /* up to the end */
	uint64_t copy = s->maps[0].address, table = s->maps[1].address;

	for (int which = 0; which < SUT_RT_SWAPS_COUNT; which++) {
		const struct page_list *list = &s->lists[which];

		s->t.swaps[which] = table;
		s->t.swap_count[which] = list->count;
		for (size_t i = 0; i < list->count; i++) {
			struct sut_rt_swap swap = {list->pages[i]->address, copy};

			if (!sut_target_write(target, copy, list->pages[i]->bytes, SUT_PAGE_SIZE) ||
			    !sut_target_write(target, table, &swap, sizeof(swap)))
				return false;
			copy += SUT_PAGE_SIZE;
			table += sizeof(swap);
		}
	}
	s->t.swap_table = s->maps[1].address;
	s->t.swap_table_size = s->maps[1].size;
	return sut_target_write(target, transition + at, (const char *)&s->t + at,
				sizeof(s->t) - at);
}

enum sut_rc sut_swap_prepare(struct sut_runtime *runtime, uint64_t transition,
			     struct sut_diag *diag)
{
	struct sut_target *target = runtime->target;
	SUT_ARENA struct sut_arena arena = {0};
	struct swapping s = {.runtime = runtime, .arena = &arena};
	size_t copies = 0;
	enum sut_rc rc;

	if (!sut_target_read(target, transition, &s.t, sizeof(s.t)))
		return sut_target_lost(target, diag);
	for (int which = 0; which < SUT_RT_LIST_COUNT; which++)
		if (!make_pages(&s, which))
			return sut_target_damaged(target, "a list of words", diag);
	for (int which = 0; which < SUT_RT_SWAPS_COUNT; which++)
		copies += s.lists[which].count;
	if (!copies)
		return SUT_OK;
	rc = map_region(&s, copies, diag);
	if (rc != SUT_OK)
		return rc;
	return write_all(&s, transition) ? SUT_OK : sut_target_lost(target, diag);
}
