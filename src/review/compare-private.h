/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The inside of a comparison: compare.c (what is paired), compare-section.c, compare-note.c. */
#ifndef SUT_REVIEW_COMPARE_PRIVATE_H
#define SUT_REVIEW_COMPARE_PRIVATE_H

#include "review/compare.h"

/* The two sides: the file, and what the source gives. */
enum { SUT_SIDE_FILE, SUT_SIDE_EXPECTED, SUT_SIDES };

struct sut_section_pair {
	uint32_t section[SUT_SIDES];
};

struct sut_comparing {
	struct sut_arena *arena;
	const struct sut_patch *side[SUT_SIDES];
	/* Per object, section and function: its counterpart, or SUT_PATCH_NONE. */
	uint32_t *objects[SUT_SIDES];
	uint32_t *sections[SUT_SIDES];
	uint32_t *funcs[SUT_SIDES];
	uint32_t *section_func[SUT_SIDES]; /* whose code a section is, or SUT_PATCH_NONE */
	size_t pair_count, pair_capacity;
	struct sut_section_pair *pairs; /* sections that are compared, in the order of discovery */
	struct sut_comparison *result;
};

/* Adds a finding to the function whose code the section is; SUT_PATCH_NONE: to the patch. side says
 * which patch func counts in. */
void sut_compare_find(struct sut_comparing *c, int side, uint32_t func, enum sut_compared kind,
		      const char *subject, const char *file, const char *expected);

/* DIFFERENT, or EXTRA or MISSING where one of the texts is empty. */
enum sut_compared sut_compare_kind(const char *file, const char *expected);

/* The sections are each other's counterpart. false: one of them has another one. */
bool sut_compare_pair(struct sut_comparing *c, uint32_t file, uint32_t expected);

/* Compares the content of a pair; references may add pairs. */
void sut_compare_sections(struct sut_comparing *c, const struct sut_section_pair *pair);

/* Strings and constants of sections that are compared element by element. */
void sut_compare_pools(struct sut_comparing *c);
bool sut_compare_is_pool(const struct sut_patch_section *section);

/* Symbols of the target, imports, and the names of the patch's own. */
void sut_compare_symbols(struct sut_comparing *c);

/* Names, objects, overruled refusals, additions: what a patch says of itself. */
void sut_compare_notes(struct sut_comparing *c);

#endif
