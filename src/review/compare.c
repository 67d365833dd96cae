// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What of one patch is the counterpart of what in the other. Objects are paired by build-id,
 * functions by name, sections by their functions, then by their names where those are unique, then
 * by the references that lead to them, and what is left by what it looks like. Pairs are one to
 * one: a reference to something whose counterpart is another thing is a difference. A wrong pair
 * cannot hide one, for then the contents differ.
 */
#include "review/compare-private.h"

#include "base/io.h"

#include <elf.h>
#include <inttypes.h>
#include <string.h>

void sut_compare_find(struct sut_comparing *c, int side, uint32_t func, enum sut_compared kind,
		      const char *subject, const char *file, const char *expected)
{
	struct sut_findings *findings = &c->result->findings;

	if (func != SUT_PATCH_NONE && side == SUT_SIDE_EXPECTED)
		func = c->funcs[side][func];
	if (func != SUT_PATCH_NONE) {
		findings = &c->result->funcs[func].findings;
		c->result->funcs[func].verdict = SUT_COMPARED_DIFFERENT;
	}
	SUT_PUSH(c->arena, findings->list, findings->count, findings->capacity) =
		(struct sut_finding){kind, subject, file, expected};
}

bool sut_compare_pair(struct sut_comparing *c, uint32_t file, uint32_t expected)
{
	if (c->sections[SUT_SIDE_FILE][file] == expected)
		return true;
	if (c->sections[SUT_SIDE_FILE][file] != SUT_PATCH_NONE ||
	    c->sections[SUT_SIDE_EXPECTED][expected] != SUT_PATCH_NONE)
		return false;
	c->sections[SUT_SIDE_FILE][file] = expected;
	c->sections[SUT_SIDE_EXPECTED][expected] = file;
	SUT_PUSH(c->arena, c->pairs, c->pair_count, c->pair_capacity) =
		(struct sut_section_pair){{file, expected}};
	return true;
}

static uint32_t *none(struct sut_comparing *c, size_t count)
{
	uint32_t *array = sut_arena_array(c->arena, count, sizeof(*array));

	memset(array, 0xff, count * sizeof(*array));
	return array;
}

static void prepare(struct sut_comparing *c)
{
	for (int side = 0; side < SUT_SIDES; side++) {
		const struct sut_patch *patch = c->side[side];

		c->objects[side] = none(c, patch->object_count);
		c->sections[side] = none(c, patch->section_count);
		c->funcs[side] = none(c, patch->func_count);
		c->section_func[side] = none(c, patch->section_count);
		for (uint32_t i = 0; i < patch->func_count; i++) {
			const struct sut_patch_func *func = &patch->funcs[i];

			c->section_func[side][patch->symbols[func->symbol].section] = i;
			for (size_t k = 0; k < func->new_piece_count; k++)
				c->section_func[side][patch->symbols[func->new_pieces[k]].section] =
					i;
		}
	}
}

static void pair_objects(struct sut_comparing *c)
{
	const struct sut_patch *file = c->side[SUT_SIDE_FILE],
			       *expected = c->side[SUT_SIDE_EXPECTED];

	for (uint32_t i = 0; i < file->object_count; i++)
		for (uint32_t k = 0; k < expected->object_count; k++) {
			const struct sut_patch_object *a = &file->objects[i];
			const struct sut_patch_object *b = &expected->objects[k];

			if (a->build_id_size != b->build_id_size ||
			    memcmp(a->build_id, b->build_id, a->build_id_size) != 0)
				continue;
			c->objects[SUT_SIDE_FILE][i] = k;
			c->objects[SUT_SIDE_EXPECTED][k] = i;
		}
}

/* ---- functions ---- */

static bool same_func_name(const struct sut_comparing *c, uint32_t file, uint32_t expected,
			   bool source)
{
	const struct sut_patch_func *a = &c->side[SUT_SIDE_FILE]->funcs[file];
	const struct sut_patch_func *b = &c->side[SUT_SIDE_EXPECTED]->funcs[expected];

	return c->objects[SUT_SIDE_FILE][a->object] == b->object && strcmp(a->name, b->name) == 0 &&
	       (!source || strcmp(a->source, b->source) == 0);
}

/* Static functions of one name are told by their source. */
static void pair_funcs(struct sut_comparing *c, bool source)
{
	for (uint32_t i = 0; i < c->side[SUT_SIDE_FILE]->func_count; i++) {
		for (uint32_t k = 0; k < c->side[SUT_SIDE_EXPECTED]->func_count; k++) {
			if (c->funcs[SUT_SIDE_FILE][i] != SUT_PATCH_NONE)
				break;
			if (c->funcs[SUT_SIDE_EXPECTED][k] != SUT_PATCH_NONE ||
			    !same_func_name(c, i, k, source))
				continue;
			c->funcs[SUT_SIDE_FILE][i] = k;
			c->funcs[SUT_SIDE_EXPECTED][k] = i;
		}
	}
}

static struct sut_compared_func describe(const struct sut_patch *patch, uint32_t i,
					 enum sut_compared verdict)
{
	const struct sut_patch_func *func = &patch->funcs[i];

	return (struct sut_compared_func){
		.name = func->name,
		.object = patch->objects[func->object].name,
		.source = func->source,
		.new = func->kind == SUT_PATCH_FUNC_NEW,
		.verdict = verdict,
	};
}

static void list_funcs(struct sut_comparing *c)
{
	struct sut_comparison *result = c->result;
	const struct sut_patch *file = c->side[SUT_SIDE_FILE],
			       *expected = c->side[SUT_SIDE_EXPECTED];

	result->funcs = sut_arena_array(c->arena, file->func_count + expected->func_count,
					sizeof(*result->funcs));
	for (uint32_t i = 0; i < file->func_count; i++) {
		bool paired = c->funcs[SUT_SIDE_FILE][i] != SUT_PATCH_NONE;

		result->funcs[result->func_count++] =
			describe(file, i, paired ? SUT_COMPARED_SAME : SUT_COMPARED_EXTRA);
	}
	for (uint32_t i = 0; i < expected->func_count; i++)
		if (c->funcs[SUT_SIDE_EXPECTED][i] == SUT_PATCH_NONE)
			result->funcs[result->func_count++] =
				describe(expected, i, SUT_COMPARED_MISSING);
}

static const char *piece_text(struct sut_comparing *c, const struct sut_patch_func *func, size_t i)
{
	char hash[2 * SUT_SHA256_SIZE + 1];

	if (i >= func->piece_count)
		return "";
	return sut_arena_printf(c->arena, "%" PRIu64 " bytes at 0x%" PRIx64 ", sha256 %s",
				func->pieces[i].size, func->pieces[i].address,
				sut_hex(hash, func->pieces[i].sha256, SUT_SHA256_SIZE));
}

enum sut_compared sut_compare_kind(const char *file, const char *expected)
{
	if (!*file)
		return SUT_COMPARED_MISSING;
	return *expected ? SUT_COMPARED_DIFFERENT : SUT_COMPARED_EXTRA;
}

static const char *entry_text(struct sut_comparing *c, const unsigned char *entry)
{
	char hex[2 * SUT_PATCH_ENTRY_SIZE + 1];

	return entry ? sut_arena_strdup(c->arena, sut_hex(hex, entry, SUT_PATCH_ENTRY_SIZE)) : "";
}

static void compare_entry(struct sut_comparing *c, uint32_t i, const unsigned char *file,
			  const unsigned char *expected)
{
	const char *a = entry_text(c, file), *b = entry_text(c, expected);

	if (strcmp(a, b) != 0)
		sut_compare_find(c, SUT_SIDE_FILE, i, sut_compare_kind(a, b), "entry", a, b);
}

static void compare_old_code(struct sut_comparing *c, uint32_t i, const struct sut_patch_func *file,
			     const struct sut_patch_func *expected)
{
	for (size_t k = 0; k < file->piece_count || k < expected->piece_count; k++) {
		const char *a = piece_text(c, file, k), *b = piece_text(c, expected, k);

		if (strcmp(a, b) != 0)
			sut_compare_find(c, SUT_SIDE_FILE, i, sut_compare_kind(a, b),
					 k ? "further old code" : "old code", a, b);
	}
	compare_entry(c, i, file->entry, expected->entry);
}

static const char *jumps_text(struct sut_comparing *c, const struct sut_patch_jumps *jumps)
{
	const char *text = jumps->anywhere ? "anywhere" : "";

	if (jumps->elsewhere)
		text = sut_arena_printf(c->arena, "%s%sto other objects", text, *text ? ", " : "");
	for (size_t i = 0; i < jumps->count; i++)
		text = sut_arena_printf(c->arena, "%s%sto 0x%" PRIx64, text, *text ? ", " : "",
					jumps->targets[i]);
	return *text ? text : "none";
}

static void compare_jumps(struct sut_comparing *c, uint32_t i, const char *subject,
			  const struct sut_patch_jumps *file,
			  const struct sut_patch_jumps *expected)
{
	const char *a = jumps_text(c, file), *b = jumps_text(c, expected);

	if (strcmp(a, b) != 0)
		sut_compare_find(c, SUT_SIDE_FILE, i, SUT_COMPARED_DIFFERENT, subject, a, b);
}

/* Their code is the counterpart of each other, at the same place of its section. */
static void pair_code(struct sut_comparing *c, uint32_t i, uint32_t file, uint32_t expected)
{
	const struct sut_patch_symbol *a = &c->side[SUT_SIDE_FILE]->symbols[file];
	const struct sut_patch_symbol *b = &c->side[SUT_SIDE_EXPECTED]->symbols[expected];

	if (!sut_compare_pair(c, a->section, b->section) || a->value != b->value ||
	    a->size != b->size)
		sut_compare_find(
			c, SUT_SIDE_FILE, i, SUT_COMPARED_DIFFERENT, "new code",
			sut_arena_printf(c->arena, "%" PRIu64 " bytes at %s+0x%" PRIx64, a->size,
					 c->side[SUT_SIDE_FILE]->sections[a->section].name,
					 a->value),
			sut_arena_printf(c->arena, "%" PRIu64 " bytes at %s+0x%" PRIx64, b->size,
					 c->side[SUT_SIDE_EXPECTED]->sections[b->section].name,
					 b->value));
}

static void compare_func(struct sut_comparing *c, uint32_t i)
{
	const struct sut_patch_func *file = &c->side[SUT_SIDE_FILE]->funcs[i];
	const struct sut_patch_func *expected =
		&c->side[SUT_SIDE_EXPECTED]->funcs[c->funcs[SUT_SIDE_FILE][i]];
	static const char *const kinds[] = {"changed", "new"};

	if (file->kind != expected->kind)
		sut_compare_find(c, SUT_SIDE_FILE, i, SUT_COMPARED_DIFFERENT, "kind",
				 kinds[file->kind], kinds[expected->kind]);
	if (strcmp(file->source, expected->source) != 0)
		sut_compare_find(c, SUT_SIDE_FILE, i, SUT_COMPARED_DIFFERENT, "source line",
				 file->source, expected->source);
	compare_old_code(c, i, file, expected);
	compare_jumps(c, i, "jumps of the old code", &file->old_jumps, &expected->old_jumps);
	compare_jumps(c, i, "jumps of the new code", &file->new_jumps, &expected->new_jumps);
	pair_code(c, i, file->symbol, expected->symbol);
	if (file->new_piece_count != expected->new_piece_count)
		sut_compare_find(
			c, SUT_SIDE_FILE, i, SUT_COMPARED_DIFFERENT, "new code",
			sut_arena_printf(c->arena, "%zu pieces", file->new_piece_count + 1),
			sut_arena_printf(c->arena, "%zu pieces", expected->new_piece_count + 1));
	for (size_t k = 0; k < file->new_piece_count && k < expected->new_piece_count; k++)
		pair_code(c, i, file->new_pieces[k], expected->new_pieces[k]);
}

/* ---- sections ---- */

static bool same_section_name(const struct sut_comparing *c, int side, uint32_t a, int other,
			      uint32_t b)
{
	const struct sut_patch_section *left = &c->side[side]->sections[a];
	const struct sut_patch_section *right = &c->side[other]->sections[b];
	uint32_t object = side == other ? left->object : c->objects[side][left->object];

	return object == right->object && strcmp(left->name, right->name) == 0;
}

/* How many sections of a side have the name of that one; *which is one of them. */
static size_t namesakes(const struct sut_comparing *c, int from, uint32_t section, int side,
			uint32_t *which)
{
	size_t count = 0;

	for (uint32_t i = 0; i < c->side[side]->section_count && count < 2; i++) {
		if (!same_section_name(c, from, section, side, i))
			continue;
		*which = i;
		count++;
	}
	return count;
}

static void pair_unique_names(struct sut_comparing *c)
{
	for (uint32_t i = 0; i < c->side[SUT_SIDE_FILE]->section_count; i++) {
		uint32_t self, other;

		if (!sut_compare_is_pool(&c->side[SUT_SIDE_FILE]->sections[i]) &&
		    c->sections[SUT_SIDE_FILE][i] == SUT_PATCH_NONE &&
		    c->section_func[SUT_SIDE_FILE][i] == SUT_PATCH_NONE &&
		    namesakes(c, SUT_SIDE_FILE, i, SUT_SIDE_FILE, &self) == 1 &&
		    namesakes(c, SUT_SIDE_FILE, i, SUT_SIDE_EXPECTED, &other) == 1)
			sut_compare_pair(c, i, other);
	}
}

/* Sections that nothing led to: in their order those of the same name. */
static void pair_rest(struct sut_comparing *c)
{
	for (uint32_t i = 0; i < c->side[SUT_SIDE_FILE]->section_count; i++) {
		if (sut_compare_is_pool(&c->side[SUT_SIDE_FILE]->sections[i]))
			continue;
		for (uint32_t k = 0; k < c->side[SUT_SIDE_EXPECTED]->section_count; k++)
			if (c->sections[SUT_SIDE_FILE][i] == SUT_PATCH_NONE &&
			    c->sections[SUT_SIDE_EXPECTED][k] == SUT_PATCH_NONE &&
			    same_section_name(c, SUT_SIDE_FILE, i, SUT_SIDE_EXPECTED, k))
				sut_compare_pair(c, i, k);
	}
}

/* What a side alone has. The code of a function that it alone has is told with the function. */
static void find_single_sections(struct sut_comparing *c, int side)
{
	for (uint32_t i = 0; i < c->side[side]->section_count; i++) {
		const struct sut_patch_section *section = &c->side[side]->sections[i];
		uint32_t func = c->section_func[side][i];
		const char *text;

		if (sut_compare_is_pool(section) || c->sections[side][i] != SUT_PATCH_NONE ||
		    (func != SUT_PATCH_NONE && c->funcs[side][func] == SUT_PATCH_NONE))
			continue;
		text = sut_arena_printf(c->arena, "%" PRIu64 " bytes of %s", section->size,
					section->flags & SHF_EXECINSTR ? "code" : "data");
		sut_compare_find(c, side, func,
				 side == SUT_SIDE_FILE ? SUT_COMPARED_EXTRA : SUT_COMPARED_MISSING,
				 sut_arena_printf(c->arena, "section %s", section->name),
				 side == SUT_SIDE_FILE ? text : "",
				 side == SUT_SIDE_FILE ? "" : text);
	}
}

static void compare_pairs(struct sut_comparing *c, size_t from)
{
	for (size_t i = from; i < c->pair_count; i++) {
		const struct sut_section_pair pair = c->pairs[i];

		sut_compare_sections(c, &pair);
	}
}

static bool is_same(const struct sut_comparison *comparison)
{
	bool same = !comparison->findings.count;

	for (size_t i = 0; i < comparison->func_count; i++)
		same &= comparison->funcs[i].verdict == SUT_COMPARED_SAME;
	return same;
}

void sut_compare(struct sut_arena *arena, const struct sut_patch *file,
		 const struct sut_patch *rebuilt, struct sut_comparison *comparison)
{
	struct sut_comparing c = {.arena = arena, .side = {file, rebuilt}, .result = comparison};
	size_t rest;

	*comparison = (struct sut_comparison){0};
	prepare(&c);
	pair_objects(&c);
	pair_funcs(&c, true);
	pair_funcs(&c, false);
	list_funcs(&c);
	sut_compare_notes(&c);
	for (uint32_t i = 0; i < file->func_count; i++)
		if (c.funcs[SUT_SIDE_FILE][i] != SUT_PATCH_NONE)
			compare_func(&c, i);
	pair_unique_names(&c);
	compare_pairs(&c, 0);
	rest = c.pair_count;
	pair_rest(&c);
	compare_pairs(&c, rest);
	find_single_sections(&c, SUT_SIDE_FILE);
	find_single_sections(&c, SUT_SIDE_EXPECTED);
	sut_compare_pools(&c);
	sut_compare_symbols(&c);
	comparison->same = is_same(comparison);
}
