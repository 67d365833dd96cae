// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The compiler writes the functions of a unit in the same order whether each has a section of its
 * own or not, and the linker keeps the order. So what is open lies behind what is known, or before
 * it, or fills the room between two known ones.
 */
#include "proof/search.h"

#include <string.h>

enum {
	KINDS = 5,         /* of sections with code */
	TELLING_SIZE = 32, /* bytes of a function that is hardly at a place by chance */
};

/* Functions of one kind of section (.text, .text.unlikely, ...) lie together in the target. */
static size_t section_kind(const struct sut_section *section)
{
	static const char *const kinds[] = {".text.unlikely", ".text.exit", ".text.startup",
					    ".text.hot"};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!strncmp(section->name, kinds[i], strlen(kinds[i])))
			return i + 1;
	}
	return 0;
}

static uint64_t align_up(uint64_t value, uint64_t align)
{
	return align & (align - 1) ? value : (value + align - 1) & ~(align - 1);
}

static bool find_forward(struct sut_search *search)
{
	const struct sut_object *object = search->proof->object;
	uint64_t ends[KINDS] = {0};
	bool progress = false;

	for (size_t i = 0; i < object->def_count; i++) {
		const struct sut_def *def = &object->defs[i];
		const struct sut_section *section = &object->sections[def->section];
		uint64_t *end = &ends[section_kind(section)];

		if (!sut_def_is_function(def))
			continue;
		if (sut_search_is_open(search, i) && *end && !def->offset)
			progress |= sut_search_guess(search, i, align_up(*end, section->align),
						     TELLING_SIZE);
		const struct sut_proof_def *proven = &search->proof->defs[i];

		*end = proven->state == SUT_PROOF_EQUAL ? proven->address + proven->size : 0;
	}
	return progress;
}

static bool find_backward(struct sut_search *search)
{
	const struct sut_object *object = search->proof->object;
	uint64_t starts[KINDS] = {0};
	bool progress = false;

	for (size_t i = object->def_count; i-- > 0;) {
		const struct sut_def *def = &object->defs[i];
		const struct sut_section *section = &object->sections[def->section];
		uint64_t *start = &starts[section_kind(section)];

		if (!sut_def_is_function(def))
			continue;
		if (sut_search_is_open(search, i) && *start > def->size && !def->offset)
			progress |= sut_search_guess(search, i,
						     (*start - def->size) & ~(section->align - 1),
						     TELLING_SIZE);
		const struct sut_proof_def *proven = &search->proof->defs[i];

		*start = proven->state == SUT_PROOF_EQUAL ? proven->address : 0;
	}
	return progress;
}

/*
 * The functions from first on, all open, fill the room from start up to the next one that is known.
 * That is telling even if they are small. Gives the known one, or 0.
 */
static uint32_t gap_end(struct sut_search *search, uint32_t first, size_t kind, uint64_t start)
{
	const struct sut_object *object = search->proof->object;

	for (uint32_t i = first; i < object->def_count; i++) {
		const struct sut_def *def = &object->defs[i];
		const struct sut_section *section = &object->sections[def->section];
		uint64_t address = align_up(start, section->align);

		if (!sut_def_is_function(def) || section_kind(section) != kind)
			continue;
		if (search->proof->defs[i].state == SUT_PROOF_EQUAL)
			return search->proof->defs[i].address == address ? i : 0;
		if (!sut_search_is_open(search, i) || def->offset ||
		    !sut_match_function(&search->match, def, address))
			return 0;
		start = address + search->match.size;
	}
	return 0;
}

static bool find_between(struct sut_search *search)
{
	const struct sut_object *object = search->proof->object;
	uint64_t ends[KINDS] = {0};   /* of the function before, if it is known */
	uint32_t closed[KINDS] = {0}; /* all functions before this one fill a gap */
	bool progress = false;

	for (size_t i = 0; i < object->def_count; i++) {
		const struct sut_def *def = &object->defs[i];
		const struct sut_section *section = &object->sections[def->section];
		size_t kind = section_kind(section);

		if (!sut_def_is_function(def))
			continue;
		if (sut_search_is_open(search, i) && ends[kind] && closed[kind] <= i)
			closed[kind] = gap_end(search, i, kind, ends[kind]);
		if (sut_search_is_open(search, i) && ends[kind] && closed[kind] > i) {
			sut_search_certain(search, i, align_up(ends[kind], section->align));
			progress = true;
		}
		const struct sut_proof_def *proven = &search->proof->defs[i];

		ends[kind] = proven->state == SUT_PROOF_EQUAL ? proven->address + proven->size : 0;
	}
	return progress;
}

bool sut_search_neighbours(struct sut_search *search)
{
	bool progress = find_between(search);

	progress |= find_forward(search);
	progress |= find_backward(search);
	return progress;
}
