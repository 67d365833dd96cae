// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Myers' greedy algorithm ("An O(ND) Difference Algorithm and Its Variations", 1986): for each
 * number of edits the furthest point on each diagonal of the edit graph, until the end is reached;
 * then the way back through the points that were kept. A diagonal is old - new.
 */
#include "review/align.h"
#include "review/listing.h"

#include "base/guard.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

enum { EDITS_MAX = 2000 /* keeps the points below 20 MB */ };

struct align {
	struct sut_arena *arena;
	const struct sut_code *old, *new;
	size_t start;                  /* lines that both begin with */
	int32_t old_size, new_size;    /* without those, and without those that both end with */
	uint32_t *matches;             /* per old line: the new one, or NONE */
	uint32_t *old_rank, *new_rank; /* matches before each line */
	uint32_t *back;                /* per new line: the old one, or NONE */
};

static bool same(const struct align *a, size_t old, size_t new)
{
	return strcmp(a->old->lines[old].key, a->new->lines[new].key) == 0;
}

static void match(struct align *a, size_t old, size_t new)
{
	a->matches[old] = (uint32_t) new;
	a->back[new] = (uint32_t)old;
}

static void match_ends(struct align *a)
{
	size_t old = a->old->count, new = a->new->count;

	while (a->start < old && a->start < new &&same(a, a->start, a->start)) {
		match(a, a->start, a->start);
		a->start++;
	}
	while (old > a->start && new > a->start && same(a, old - 1, new - 1))
		match(a, --old, --new);
	a->old_size = (int32_t)(old - a->start);
	a->new_size = (int32_t)(new - a->start);
}

/* The point before the edit that led to diagonal k with d edits. */
static int32_t before(const int32_t *points, int32_t d, int32_t k, int32_t *diagonal)
{
	bool down = k == -d || (k != d && points[d - 1 + k - 1] < points[d - 1 + k + 1]);

	*diagonal = down ? k + 1 : k - 1;
	return points[d - 1 + *diagonal];
}

static void walk_back(struct align *a, int32_t *const *trace, int32_t d, int32_t k)
{
	int32_t x = a->old_size;

	for (;; d--) {
		int32_t diagonal = 0, from = 0, begin;

		if (d)
			from = before(trace[d - 1], d, k, &diagonal);
		/* After the edit: one old line further, or one new line. */
		begin = !d ? 0 : diagonal < k ? from + 1 : from;
		for (; x > begin; x--)
			match(a, a->start + (size_t)(x - 1), a->start + (size_t)(x - 1 - k));
		if (!d)
			return;
		x = from;
		k = diagonal;
	}
}

/* points[d + k] is the furthest old line on diagonal k with d edits. */
static void match_middle(struct align *a)
{
	SUT_ARENA struct sut_arena arena = {0};
	int32_t *trace[EDITS_MAX], *last = NULL;

	for (int32_t d = 0; d < EDITS_MAX; d++) {
		int32_t *points = sut_arena_array(&arena, 2 * (size_t)d + 1, sizeof(*points));

		trace[d] = points;
		for (int32_t k = -d; k <= d; k += 2) {
			int32_t diagonal, x = 0, y;

			if (d) {
				x = before(last, d, k, &diagonal);
				x += diagonal < k;
			}
			y = x - k;
			while (x < a->old_size && y < a->new_size && x >= 0 && y >= 0 &&
			       same(a, a->start + (size_t)x, a->start + (size_t)y))
				x++, y++;
			points[d + k] = x;
			if (x >= a->old_size && k == a->old_size - a->new_size) {
				walk_back(a, trace, d, k);
				return;
			}
		}
		last = points;
	}
}

/* How many matches lie before each line: lines between the same ones are at the same place. */
static uint32_t *ranks(struct align *a, const uint32_t *matches, size_t count)
{
	uint32_t *rank = sut_arena_array(a->arena, count + 1, sizeof(*rank));

	for (size_t i = 0; i < count; i++)
		rank[i + 1] = rank[i] + (matches[i] != SUT_CODE_NONE);
	return rank;
}

/*
 * A place that is matched has its counterpart. One in a changed stretch has it if both lie between
 * the same matches; what is in the stretch is shown anyway.
 */
static bool same_place(const struct align *a, uint32_t old, uint32_t new)
{
	if (old == SUT_CODE_NONE || new == SUT_CODE_NONE)
		return old == new;
	return a->old_rank[old] == a->new_rank[new] &&
	       (a->matches[old] == SUT_CODE_NONE) == (a->back[new] == SUT_CODE_NONE);
}

/* An entry of a jump table: how far it is from the table to a place in the function. */
static bool same_entry(const struct align *a, const struct sut_code_data *old,
		       const struct sut_code_data *new, const struct sut_patch_reloc *reloc)
{
	const struct sut_patch_symbol *symbol = &a->new->patch->symbols[reloc->symbol];
	uint64_t at = reloc->offset - new->address;
	int32_t distance;
	uint32_t from, to;

	if (symbol->kind != SUT_PATCH_SYMBOL_OWN || reloc->type != R_X86_64_PC32)
		return false;
	memcpy(&distance, old->bytes + at, sizeof(distance));
	from = sut_code_line_of(a->old, NULL, old->address + (uint64_t)(int64_t)distance);
	to = sut_code_line_of(a->new, &a->new->patch->sections[symbol->section],
			      symbol->value + (uint64_t)reloc->addend - at);
	return from != SUT_CODE_NONE && same_place(a, from, to);
}

/* Constants are the same if they are made of the same bytes, and tables if they lead to the same.
 */
static bool same_data(const struct align *a, const struct sut_code_data *old,
		      const struct sut_code_data *new)
{
	const struct sut_patch_reloc *reloc;
	uint64_t at = 0;
	size_t count;

	if (!old->bytes || !new->bytes)
		return old->bytes == new->bytes;
	if (new->size > old->size)
		return false;
	reloc = sut_extent_relocs(
		&(struct sut_extent){new->section, new->address, new->address + new->size}, &count);
	for (; count; count--, reloc++) {
		uint64_t field = reloc->offset - new->address;

		if (field < at || memcmp(old->bytes + at, new->bytes + at, field - at) != 0 ||
		    new->size - field < sizeof(int32_t) || !same_entry(a, old, new, reloc))
			return false;
		at = field + sizeof(int32_t);
	}
	return memcmp(old->bytes + at, new->bytes + at, new->size - at) == 0;
}

/* Lines that read the same and are not. */
static void unmatch_others(struct align *a)
{
	a->old_rank = ranks(a, a->matches, a->old->count);
	a->new_rank = ranks(a, a->back, a->new->count);
	for (size_t i = 0; i < a->old->count; i++) {
		const struct sut_code_line *old = &a->old->lines[i], *new;
		uint32_t other = a->matches[i];

		if (other == SUT_CODE_NONE)
			continue;
		new = &a->new->lines[other];
		if (same_place(a, old->target, new->target) && same_data(a, &old->data, &new->data))
			continue;
		a->matches[i] = SUT_CODE_NONE;
		a->back[other] = SUT_CODE_NONE;
	}
}

static uint32_t *unmatched(struct align *a, size_t count)
{
	uint32_t *matches = sut_arena_array(a->arena, count, sizeof(*matches));

	memset(matches, 0xff, count * sizeof(*matches));
	return matches;
}

size_t sut_align(struct sut_arena *arena, const struct sut_code *old, const struct sut_code *new,
		 struct sut_aligned **rows)
{
	struct align a = {.arena = arena, .old = old, .new = new};
	size_t count = 0;
	uint32_t i = 0, k = 0;

	a.matches = unmatched(&a, old->count);
	a.back = unmatched(&a, new->count);
	match_ends(&a);
	match_middle(&a);
	unmatch_others(&a);
	*rows = sut_arena_array(arena, old->count + new->count, sizeof(**rows));
	while (i < old->count || k < new->count) {
		struct sut_aligned row = {SUT_CODE_NONE, SUT_CODE_NONE};

		/* What goes stands before what comes. */
		if (i < old->count && a.matches[i] == SUT_CODE_NONE)
			row.old = i++;
		else if (k < new->count && a.back[k] == SUT_CODE_NONE)
			row.new = k++;
		else
			row = (struct sut_aligned){i++, k++};
		(*rows)[count++] = row;
	}
	return count;
}
