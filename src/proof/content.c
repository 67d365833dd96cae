// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * In a target without symbols a first function has to be found by nothing but its bytes. Those
 * that a relocation or the linker's relaxation may change are left out, the longest run of the
 * others is searched for, and the function must match around exactly one of the places.
 */
#include "proof/search.h"

#include <stdlib.h>
#include <string.h>

enum {
	RUN_MIN = 8,      /* bytes that are worth searching for */
	RUN_MAX = 64,     /* more is not more telling */
	PLACES_MAX = 32,  /* a run that is found more often tells nothing */
	UNIQUE_SIZE = 16, /* of a function that is at only one place */
};

/* What of a function's bytes no linker changes. */
struct run {
	uint32_t def;
	uint64_t offset; /* in the definition */
	uint64_t size;
};

static struct run longest_run(const struct sut_object *object, uint32_t index)
{
	const struct sut_def *def = &object->defs[index];
	const struct sut_section *section = &object->sections[def->section];
	size_t reloc = sut_section_reloc(section, def->offset);
	struct run best = {.def = index};
	uint64_t at = 0;

	while (at < def->size) {
		uint64_t end = def->size, next = def->size;

		if (reloc < section->reloc_count &&
		    section->relocs[reloc].offset - def->offset < def->size) {
			uint64_t field = section->relocs[reloc].offset - def->offset;

			/* A relaxed load changes up to three bytes in front of its field. */
			end = field > at + 3 ? field - 3 : at;
			next = field + sut_reloc_size(section->relocs[reloc].type);
			reloc++;
		}
		if (end - at > best.size)
			best = (struct run){index, at, end - at};
		at = next > at ? next : at + 1;
	}
	return best;
}

/* The only place in the segment where the function matches; false if there are none or several. */
static bool search_segment(struct sut_search *search, const struct sut_def *def,
			   const struct run *run, const struct sut_target_segment *segment,
			   uint64_t *address, size_t *matches)
{
	const struct sut_section *section = &search->proof->object->sections[def->section];
	const unsigned char *needle = section->data + def->offset + run->offset;
	const unsigned char *at = segment->data, *end = segment->data + segment->file_size;
	size_t places = 0, size = run->size < RUN_MAX ? run->size : RUN_MAX;

	while ((at = memmem(at, end - at, needle, size))) {
		uint64_t offset = at++ - segment->data;

		if (++places > PLACES_MAX)
			return false;
		if (offset < run->offset ||
		    !sut_match_function(&search->match, def,
					segment->address + offset - run->offset))
			continue;
		*address = segment->address + offset - run->offset;
		if (++*matches > 1)
			return false;
	}
	return true;
}

static bool find_by_content(struct sut_search *search, const struct run *run)
{
	const struct sut_def *def = &search->proof->object->defs[run->def];
	const struct sut_target *target = search->proof->target;
	uint64_t address = 0;
	size_t matches = 0;

	for (size_t i = 0; i < target->segment_count; i++) {
		if (target->segments[i].executable &&
		    !search_segment(search, def, run, &target->segments[i], &address, &matches))
			return false;
	}
	return matches == 1 && sut_search_guess(search, run->def, address, UNIQUE_SIZE);
}

static int compare_runs(const void *a, const void *b)
{
	const struct run *left = a, *right = b;

	if (left->size != right->size)
		return left->size > right->size ? -1 : 1;
	return (left->def > right->def) - (left->def < right->def);
}

/* The most telling function first: what is found leads to others without a search. */
void sut_search_content(struct sut_search *search)
{
	const struct sut_object *object = search->proof->object;
	struct run *runs = sut_arena_array(search->arena, object->def_count, sizeof(*runs));
	size_t count = 0;

	for (size_t i = 0; i < object->def_count; i++) {
		if (sut_search_is_open(search, i))
			runs[count++] = longest_run(object, i);
	}
	if (count)
		qsort(runs, count, sizeof(*runs), compare_runs);
	for (size_t i = 0; i < count && runs[i].size >= RUN_MIN; i++) {
		if (sut_search_is_open(search, runs[i].def) && find_by_content(search, &runs[i]))
			sut_search_follow(search);
	}
}
