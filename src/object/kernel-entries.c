// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Code may be equal, and what the kernel makes of it be another thing: which key a jump label has,
 * what a static call calls, where a fault continues. Each such table is split into the entries of
 * each function, and a function with other entries is another function.
 */
#include "object/diff.h"
#include "object/kernel.h"

#include <string.h>

/* The entries of one special section, in lists: those of each function in their order. */
struct entries {
	const struct sut_section *section;
	uint64_t size;   /* of one */
	uint32_t *first; /* per definition: its first entry; count: none */
	uint32_t *next;  /* per entry */
	uint32_t count;
};

/* The function that an entry is about: its first relocation says. */
static uint32_t entry_function(const struct sut_object *object, const struct entries *entries,
			       uint32_t entry)
{
	size_t i = sut_section_reloc(entries->section, entry * entries->size);
	struct sut_place place =
		sut_object_place(object, entries->section, &entries->section->relocs[i]);

	return place.def != SUT_NO_DEF && sut_def_is_function(&object->defs[place.def])
		       ? place.def
		       : SUT_NO_DEF;
}

static struct entries list_entries(struct sut_arena *arena, const struct sut_object *object,
				   const struct sut_section *section)
{
	struct entries entries = {.section = section, .size = sut_kernel_entry_size(section)};

	entries.count = entries.size ? section->size / entries.size : 0;
	entries.first = sut_arena_array(arena, object->def_count, sizeof(*entries.first));
	entries.next = sut_arena_array(arena, entries.count, sizeof(*entries.next));
	for (size_t i = 0; i < object->def_count; i++)
		entries.first[i] = entries.count;
	for (uint32_t i = entries.count; i-- > 0;) {
		uint32_t function = entry_function(object, &entries, i);

		if (function == SUT_NO_DEF)
			continue;
		entries.next[i] = entries.first[function];
		entries.first[function] = i;
	}
	return entries;
}

struct comparison {
	struct sut_arena *arena;
	struct sut_diff *diff;
	enum sut_special_content content;
	sut_kernel_same_fn *same;
	void *context;
};

static bool same_entry(const struct comparison *comparison, const struct entries *before,
		       uint32_t old, const struct entries *after, uint32_t new)
{
	const struct sut_kernel_pair pair = {
		.before = comparison->diff->before,
		.after = comparison->diff->after,
		.old = before->section,
		.new = after->section,
		.old_offset = old * before->size,
		.new_offset = new * after->size,
		.size = before->size,
	};

	/* Fields under relocations are zeros. */
	if (comparison->content == SUT_SPECIAL_REFERENCES &&
	    memcmp(before->section->data + pair.old_offset, after->section->data + pair.new_offset,
		   pair.size) != 0)
		return false;
	return comparison->same(comparison->context, &pair);
}

/* What a section says about each function is the same. */
static void compare_entries(const struct comparison *comparison, const struct sut_section *old,
			    const struct sut_section *new)
{
	struct sut_diff *diff = comparison->diff;
	struct entries before = list_entries(comparison->arena, diff->before, old);
	struct entries after = list_entries(comparison->arena, diff->after, new);

	for (size_t i = 0; before.size == after.size && i < diff->after->def_count; i++) {
		uint32_t twin = diff->twins.before[i];
		uint32_t one = twin == SUT_NO_DEF ? before.count : before.first[twin];
		uint32_t other = after.first[i];
		bool same = true;

		if (diff->change[i] != SUT_CHANGE_NONE)
			continue;
		for (; same && one < before.count && other < after.count;
		     one = before.next[one], other = after.next[other])
			same = same_entry(comparison, &before, one, &after, other);
		if (!same || (one < before.count) != (other < after.count))
			diff->change[i] = SUT_CHANGE_CHANGED;
	}
}

void sut_kernel_compare_entries(struct sut_arena *arena, struct sut_diff *diff,
				sut_kernel_same_fn *same, void *context)
{
	const struct sut_object *before = diff->before, *after = diff->after;

	for (size_t i = 1; i < before->section_count; i++) {
		const struct sut_section *old = &before->sections[i];
		const struct sut_special *special = sut_kernel_special(old->name);

		if (!special || special->content == SUT_SPECIAL_UNREAD || !old->data)
			continue;
		const struct comparison comparison = {arena, diff, special->content, same, context};

		for (size_t j = 1; j < after->section_count; j++) {
			if (!strcmp(after->sections[j].name, old->name) && after->sections[j].data)
				compare_entries(&comparison, old, &after->sections[j]);
		}
	}
}
