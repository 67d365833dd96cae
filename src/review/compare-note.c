// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a patch says of itself, and its symbols. Both sides are written down as lines with a key and
 * a text, the lines are sorted, and what one side alone has is a finding; lines with the same key
 * are the same thing said differently.
 */
#include "review/compare-private.h"

#include "base/io.h"

#include <elf.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct line {
	const char *key, *text;
};

struct lines {
	size_t count, capacity;
	struct line *list;
};

static int order_lines(const void *left, const void *right)
{
	const struct line *a = left, *b = right;
	int order = strcmp(a->key, b->key);

	return order ? order : strcmp(a->text, b->text);
}

static void add(struct sut_comparing *c, struct lines *lines, const char *key, const char *text)
{
	SUT_PUSH(c->arena, lines->list, lines->count, lines->capacity) = (struct line){key, text};
}

/* Takes equal lines away, in both lists, which are sorted. */
static void drop_common(struct lines *a, struct lines *b)
{
	size_t i = 0, k = 0, kept_a = 0, kept_b = 0;

	while (i < a->count || k < b->count) {
		int order = i == a->count   ? 1
			    : k == b->count ? -1
					    : order_lines(&a->list[i], &b->list[k]);

		if (order < 0)
			a->list[kept_a++] = a->list[i++];
		else if (order > 0)
			b->list[kept_b++] = b->list[k++];
		else
			i++, k++;
	}
	a->count = kept_a;
	b->count = kept_b;
}

static void compare_lines(struct sut_comparing *c, struct lines *lines)
{
	struct lines *a = &lines[SUT_SIDE_FILE], *b = &lines[SUT_SIDE_EXPECTED];
	size_t i = 0, k = 0;

	for (int side = 0; side < SUT_SIDES; side++)
		if (lines[side].count)
			qsort(lines[side].list, lines[side].count, sizeof(struct line),
			      order_lines);
	drop_common(a, b);
	while (i < a->count || k < b->count) {
		int order = i == a->count   ? 1
			    : k == b->count ? -1
					    : strcmp(a->list[i].key, b->list[k].key);
		const char *file = order <= 0 ? a->list[i].text : "";
		const char *expected = order >= 0 ? b->list[k].text : "";

		sut_compare_find(c, SUT_SIDE_FILE, SUT_PATCH_NONE, sut_compare_kind(file, expected),
				 order <= 0 ? a->list[i].key : b->list[k].key, file, expected);
		i += order <= 0;
		k += order >= 0;
	}
}

/* ---- symbols ---- */

static const char *type_name(unsigned char type)
{
	switch (type) {
	case STT_OBJECT:
		return "variable";
	case STT_FUNC:
		return "function";
	case STT_SECTION:
		return "section";
	case STT_TLS:
		return "thread-local variable";
	case STT_GNU_IFUNC:
		return "indirect function";
	default:
		return "symbol";
	}
}

static void add_foreign(struct sut_comparing *c, struct lines *lines, const struct sut_patch *patch,
			const struct sut_patch_symbol *symbol)
{
	const char *object =
		sut_patch_symbol_has_object(symbol) ? patch->objects[symbol->object].name : "";
	const char *kind = type_name(symbol->type);

	if (symbol->kind == SUT_PATCH_SYMBOL_TARGET)
		add(c, lines, sut_arena_printf(c->arena, "symbol %s of %s", symbol->name, object),
		    sut_arena_printf(c->arena, "%s of %" PRIu64 " bytes at 0x%" PRIx64 "%s", kind,
				     symbol->size, symbol->value,
				     symbol->sympos ? sut_arena_printf(c->arena, ", no. %" PRIu32,
								       symbol->sympos)
						    : ""));
	else if (symbol->kind == SUT_PATCH_SYMBOL_IMPORT)
		add(c, lines, sut_arena_printf(c->arena, "import %s of %s", symbol->name, object),
		    sut_arena_printf(c->arena, "%s, slot 0x%" PRIx64, kind, symbol->slot));
	else
		add(c, lines, sut_arena_printf(c->arena, "run-time function %s", symbol->name),
		    kind);
}

/* An own symbol by where it lies; in the file's terms, for its section may have another number. */
static void add_own(struct sut_comparing *c, struct lines *lines, int side,
		    const struct sut_patch_symbol *symbol)
{
	const struct sut_patch_section *section = &c->side[side]->sections[symbol->section];
	uint32_t pair =
		side == SUT_SIDE_FILE ? symbol->section : c->sections[side][symbol->section];

	/* What is of one side alone has been told. */
	if (sut_compare_is_pool(section) || c->sections[side][symbol->section] == SUT_PATCH_NONE)
		return;
	add(c, lines,
	    sut_arena_printf(c->arena, "symbol at %s+0x%" PRIx64 " (section %" PRIu32 ")",
			     section->name, symbol->value, pair),
	    sut_arena_printf(c->arena, "%s %s of %" PRIu64 " bytes", type_name(symbol->type),
			     *symbol->name ? symbol->name : "without a name", symbol->size));
}

void sut_compare_symbols(struct sut_comparing *c)
{
	struct lines lines[SUT_SIDES] = {0};

	for (int side = 0; side < SUT_SIDES; side++) {
		const struct sut_patch *patch = c->side[side];

		for (size_t i = 0; i < patch->symbol_count; i++) {
			const struct sut_patch_symbol *symbol = &patch->symbols[i];

			if (symbol->kind == SUT_PATCH_SYMBOL_OWN)
				add_own(c, &lines[side], side, symbol);
			else
				add_foreign(c, &lines[side], patch, symbol);
		}
	}
	compare_lines(c, lines);
}

/* ---- notes ---- */

static void add_callbacks(struct sut_comparing *c, struct lines *lines,
			  const struct sut_patch *patch, const char *owner,
			  const struct sut_patch_callbacks *callbacks)
{
	for (size_t i = 0; i < SUT_PATCH_CALLBACKS; i++)
		if (callbacks->symbols[i] != SUT_PATCH_NONE)
			add(c, lines,
			    sut_arena_printf(c->arena, "callback %s of %s",
					     sut_patch_callback_names[i], owner),
			    patch->symbols[callbacks->symbols[i]].name);
}

static void add_addition(struct sut_comparing *c, struct lines *lines,
			 const struct sut_patch *patch, const struct sut_patch_addition *addition)
{
	const char *object = patch->objects[addition->object].name;

	add(c, lines, sut_arena_printf(c->arena, "additions to %s", object), "there are some");
	add_callbacks(c, lines, patch, object, &addition->callbacks);
	for (size_t i = 0; i < addition->set_count; i++) {
		const struct sut_patch_callback_set *set = &addition->sets[i];
		const char *name =
			sut_arena_printf(c->arena, "set %" PRIu64 " of %s", set->id, object);

		add(c, lines, name, "there is one");
		add_callbacks(c, lines, patch, name, &set->callbacks);
	}
	for (size_t i = 0; i < addition->type_count; i++) {
		const struct sut_patch_shadow_type *type = &addition->types[i];

		add(c, lines,
		    sut_arena_printf(c->arena, "shadow type %" PRIu64 " of %s", type->id, object),
		    sut_arena_printf(c->arena, "destructor %s",
				     type->dtor == SUT_PATCH_NONE
					     ? "none"
					     : patch->symbols[type->dtor].name));
	}
}

static void add_additions(struct sut_comparing *c, struct lines *lines,
			  const struct sut_patch *patch)
{
	const struct sut_patch_additions *additions = &patch->additions;

	add(c, lines, "abi of additions", sut_arena_printf(c->arena, "%" PRIu32, additions->abi));
	for (size_t i = 0; i < additions->count; i++)
		add_addition(c, lines, patch, &additions->list[i]);
	for (size_t i = 0; i < additions->state_count; i++) {
		const struct sut_patch_state *state = &additions->states[i];

		add(c, lines, sut_arena_printf(c->arena, "state %" PRIu64, state->id),
		    sut_arena_printf(c->arena, "version %" PRIu32 "%s", state->version,
				     state->block_disable ? ", blocks the disable" : ""));
	}
}

static void add_objects(struct sut_comparing *c, struct lines *lines, const struct sut_patch *patch)
{
	for (size_t i = 0; i < patch->object_count; i++) {
		const struct sut_patch_object *object = &patch->objects[i];
		char hex[2 * SUT_PATCH_BUILD_ID_MAX + 1];

		add(c, lines,
		    sut_arena_printf(c->arena, "object with build-id %s",
				     sut_hex(hex, object->build_id, object->build_id_size)),
		    sut_arena_printf(c->arena, "%s %s%s%s",
				     object->executable ? "program" : "shared object", object->name,
				     *object->soname ? ", soname " : "", object->soname));
	}
}

/* The arrays of the author are the counterpart of each other. */
static void pair_arrays(struct sut_comparing *c)
{
	const struct sut_patch_additions *a = &c->side[SUT_SIDE_FILE]->additions;
	const struct sut_patch_additions *b = &c->side[SUT_SIDE_EXPECTED]->additions;
	const uint32_t file[] = {a->objects_symbol, a->states_symbol};
	const uint32_t expected[] = {b->objects_symbol, b->states_symbol};

	/* That one side has none is among the lines. */
	for (size_t i = 0; a->abi && b->abi && i < 2; i++)
		if (file[i] != SUT_PATCH_NONE && expected[i] != SUT_PATCH_NONE)
			sut_compare_pair(c, c->side[SUT_SIDE_FILE]->symbols[file[i]].section,
					 c->side[SUT_SIDE_EXPECTED]->symbols[expected[i]].section);
}

void sut_compare_notes(struct sut_comparing *c)
{
	struct lines lines[SUT_SIDES] = {0};

	for (int side = 0; side < SUT_SIDES; side++) {
		const struct sut_patch *patch = c->side[side];

		add(c, &lines[side], "name", patch->name);
		add(c, &lines[side], "version", patch->version);
		add(c, &lines[side], "replaces",
		    patch->replace
			    ? "all patches"
			    : sut_arena_printf(c->arena, "set %" PRIu32, patch->replace_set));
		for (size_t i = 0; i < patch->fix_count; i++)
			add(c, &lines[side], "fix", patch->fixes[i]);
		for (size_t i = 0; i < patch->allowed_count; i++)
			add(c, &lines[side], "overruled refusal", patch->allowed[i]);
		add_objects(c, &lines[side], patch);
		add_additions(c, &lines[side], patch);
	}
	pair_arrays(c);
	compare_lines(c, lines);
}
