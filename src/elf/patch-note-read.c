// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reading the descriptor of the note. Every key of the format is there and no other: what a reader
 * does not know it must not pass over, for it may be a reason not to apply the patch.
 *
 * The decoder keeps the first thing that is wrong and goes on with harmless values, so that the
 * code below reads as the format does; nothing leaves it unless all was right.
 */
#include "elf/patch-format.h"

#include "base/io.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

struct decoder {
	struct sut_arena *arena;
	const struct sut_patch_map *map;
	struct sut_patch *patch;
	enum sut_rc rc;
	struct sut_diag *diag;
};

static void bad(struct decoder *d, const char *part, const char *reason)
{
	if (d->rc == SUT_OK)
		d->rc = SUT_PATCH_BAD(d->diag, "note: %s: %s", part, reason);
}

/* An object with exactly this many keys; each of them is asked for afterwards. */
static void expect_object(struct decoder *d, const json_t *value, const char *part, size_t keys)
{
	if (!json_is_object(value))
		bad(d, part, "not an object");
	else if (json_object_size(value) != keys)
		bad(d, part, "has other keys than the format");
}

static const json_t *array_of(struct decoder *d, const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_array(value))
		bad(d, key, "not an array");
	return value; /* the jansson calls take NULL and other types for an empty array */
}

static const char *string_value(struct decoder *d, const json_t *value, const char *part)
{
	if (json_is_string(value))
		return sut_arena_strdup(d->arena, json_string_value(value));
	bad(d, part, "not a string");
	return "";
}

static const char *string_of(struct decoder *d, const json_t *object, const char *key)
{
	return string_value(d, json_object_get(object, key), key);
}

/* A name is bounded here already: it is compared with each symbol before all is checked. */
static const char *name_of(struct decoder *d, const json_t *object, const char *key)
{
	const char *name = string_of(d, object, key);

	if (strlen(name) <= SUT_PATCH_WORD_MAX)
		return name;
	bad(d, key, "too long");
	return "";
}

/* An integer from least to most. */
static uint64_t integer_value(struct decoder *d, const json_t *value, const char *part,
			      uint64_t least, uint64_t most)
{
	json_int_t number = json_integer_value(value);

	if (json_is_integer(value) && number >= 0 && (uint64_t)number >= least &&
	    (uint64_t)number <= most)
		return (uint64_t)number;
	bad(d, part, json_is_integer(value) ? "out of range" : "not an integer");
	return least;
}

static uint64_t integer_of(struct decoder *d, const json_t *object, const char *key, uint64_t least,
			   uint64_t most)
{
	return integer_value(d, json_object_get(object, key), key, least, most);
}

static bool bool_of(struct decoder *d, const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_boolean(value))
		bad(d, key, "neither true nor false");
	return json_is_true(value);
}

/* An ELF symbol index; the symbols are counted from 0 in memory. */
static uint32_t symbol_value(struct decoder *d, const json_t *value, const char *part)
{
	return (uint32_t)integer_value(d, value, part, 1, d->map->symbol_count) - 1;
}

static uint64_t address_value(struct decoder *d, const json_t *value, const char *part)
{
	const char *s = json_string_value(value);
	uint64_t address = 0;
	char canonical[32];

	if (s && strlen(s) < sizeof(canonical) && strncmp(s, "0x", 2) == 0) {
		address = strtoull(s + 2, NULL, 16);
		snprintf(canonical, sizeof(canonical), "0x%" PRIx64, address);
		if (strcmp(s, canonical) == 0)
			return address;
	}
	bad(d, part, "not an address");
	return 0;
}

static uint64_t address_of(struct decoder *d, const json_t *object, const char *key)
{
	return address_value(d, json_object_get(object, key), key);
}

static void decode_strings(struct decoder *d, const json_t *root, const char *key,
			   const char ***strings, size_t *count)
{
	const json_t *array = array_of(d, root, key);

	*count = json_array_size(array);
	*strings = sut_arena_array(d->arena, *count, sizeof(**strings));
	for (size_t i = 0; i < *count; i++)
		(*strings)[i] = string_value(d, json_array_get(array, i), key);
}

static void decode_facts(struct decoder *d, const json_t *root)
{
	const json_t *array = array_of(d, root, "facts");
	struct sut_patch *patch = d->patch;

	patch->fact_count = json_array_size(array);
	patch->facts = sut_arena_array(d->arena, patch->fact_count, sizeof(*patch->facts));
	for (size_t i = 0; i < patch->fact_count; i++) {
		const json_t *entry = json_array_get(array, i);

		expect_object(d, entry, "facts", 2);
		patch->facts[i].key = string_of(d, entry, "key");
		patch->facts[i].value = string_of(d, entry, "value");
	}
}

static void decode_build_id(struct decoder *d, const json_t *entry, struct sut_patch_object *object)
{
	const char *hex = string_of(d, entry, "build_id");

	object->build_id_size = strlen(hex) / 2;
	if (object->build_id_size > SUT_PATCH_BUILD_ID_MAX ||
	    !sut_unhex(hex, object->build_id, object->build_id_size)) {
		object->build_id_size = 0;
		bad(d, "build_id", "not the hex digits of at most 64 bytes");
	}
}

static void decode_objects(struct decoder *d, const json_t *root)
{
	const json_t *array = array_of(d, root, "objects");
	struct sut_patch *patch = d->patch;

	patch->object_count = json_array_size(array);
	patch->objects = sut_arena_array(d->arena, patch->object_count, sizeof(*patch->objects));
	for (size_t i = 0; i < patch->object_count; i++) {
		const json_t *entry = json_array_get(array, i);

		expect_object(d, entry, "objects", 4);
		patch->objects[i].executable = bool_of(d, entry, "executable");
		patch->objects[i].name = name_of(d, entry, "name");
		patch->objects[i].soname = name_of(d, entry, "soname");
		decode_build_id(d, entry, &patch->objects[i]);
	}
}

static void decode_piece(struct decoder *d, const json_t *entry, struct sut_patch_piece *piece)
{
	expect_object(d, entry, "pieces", 3);
	piece->address = address_of(d, entry, "address");
	piece->size = integer_of(d, entry, "size", 1, SUT_PATCH_PIECE_MAX);
	if (!sut_unhex(string_of(d, entry, "sha256"), piece->sha256, SUT_SHA256_SIZE))
		bad(d, "sha256", "not 64 hex digits");
}

static enum sut_patch_func_kind func_kind(struct decoder *d, const json_t *entry)
{
	const char *kind = string_of(d, entry, "kind");

	if (strcmp(kind, "changed") == 0)
		return SUT_PATCH_FUNC_CHANGED;
	if (strcmp(kind, "new") != 0)
		bad(d, "kind", "neither \"changed\" nor \"new\"");
	return SUT_PATCH_FUNC_NEW;
}

static void decode_jumps(struct decoder *d, const json_t *func, const char *key,
			 struct sut_patch_jumps *jumps)
{
	const json_t *entry = json_object_get(func, key), *array = array_of(d, entry, "to");

	expect_object(d, entry, key, 3);
	jumps->anywhere = bool_of(d, entry, "anywhere");
	jumps->elsewhere = bool_of(d, entry, "elsewhere");
	jumps->count = json_array_size(array);
	jumps->targets = sut_arena_array(d->arena, jumps->count, sizeof(*jumps->targets));
	for (size_t i = 0; i < jumps->count; i++)
		jumps->targets[i] = address_value(d, json_array_get(array, i), "to");
}

static void decode_entry(struct decoder *d, const json_t *entry, struct sut_patch_func *func)
{
	const char *hex = string_of(d, entry, "entry");
	unsigned char *bytes;

	if (!*hex)
		return;
	bytes = sut_arena_alloc(d->arena, SUT_PATCH_ENTRY_SIZE);
	if (!sut_unhex(hex, bytes, SUT_PATCH_ENTRY_SIZE))
		bad(d, "entry", "not 48 hex digits");
	func->entry = bytes;
}

static void decode_func(struct decoder *d, const json_t *entry, struct sut_patch_func *func)
{
	const json_t *pieces = array_of(d, entry, "pieces");
	const json_t *new_pieces = array_of(d, entry, "new_pieces");

	expect_object(d, entry, "functions", 10);
	decode_entry(d, entry, func);
	decode_jumps(d, entry, "old_jumps", &func->old_jumps);
	decode_jumps(d, entry, "new_jumps", &func->new_jumps);
	func->name = string_of(d, entry, "name");
	func->kind = func_kind(d, entry);
	func->source = string_of(d, entry, "source");
	func->object = (uint32_t)integer_of(d, entry, "object", 0, UINT32_MAX);
	func->symbol = symbol_value(d, json_object_get(entry, "symbol"), "symbol");
	func->piece_count = json_array_size(pieces);
	func->pieces = sut_arena_array(d->arena, func->piece_count, sizeof(*func->pieces));
	for (size_t i = 0; i < func->piece_count; i++)
		decode_piece(d, json_array_get(pieces, i), &func->pieces[i]);
	func->new_piece_count = json_array_size(new_pieces);
	func->new_pieces =
		sut_arena_array(d->arena, func->new_piece_count, sizeof(*func->new_pieces));
	for (size_t i = 0; i < func->new_piece_count; i++)
		func->new_pieces[i] = symbol_value(d, json_array_get(new_pieces, i), "new_pieces");
}

static void decode_funcs(struct decoder *d, const json_t *root)
{
	const json_t *array = array_of(d, root, "functions");
	struct sut_patch *patch = d->patch;

	patch->func_count = json_array_size(array);
	patch->funcs = sut_arena_array(d->arena, patch->func_count, sizeof(*patch->funcs));
	for (size_t i = 0; i < patch->func_count; i++)
		decode_func(d, json_array_get(array, i), &patch->funcs[i]);
}

/* One entry per section of the patch, in their order. */
static void decode_sections(struct decoder *d, const json_t *root)
{
	const json_t *array = array_of(d, root, "sections");
	struct sut_patch *patch = d->patch;

	if (json_array_size(array) != patch->section_count)
		bad(d, "sections", "not one entry for each section that is loaded");
	for (size_t i = 0; i < patch->section_count; i++) {
		const json_t *entry = json_array_get(array, i);
		uint64_t index;

		expect_object(d, entry, "sections", 2);
		index = integer_of(d, entry, "index", 0, d->map->section_count - 1);
		if (d->map->sections[index] != (int32_t)i)
			bad(d, "sections", "an index is not that of the next loaded section");
		patch->sections[i].object = (uint32_t)integer_of(d, entry, "object", 0, UINT32_MAX);
	}
}

/* One entry per symbol that is not the patch's own, in their order. */
static void decode_symbols(struct decoder *d, const json_t *root)
{
	const json_t *array = array_of(d, root, "symbols");
	size_t next = 0;

	for (size_t i = 0; i < d->patch->symbol_count; i++) {
		struct sut_patch_symbol *symbol = &d->patch->symbols[i];
		bool import = symbol->kind == SUT_PATCH_SYMBOL_IMPORT;
		const json_t *entry;

		if (!sut_patch_symbol_has_object(symbol))
			continue;
		entry = json_array_get(array, next++);
		expect_object(d, entry, "symbols", import ? 3 : 2);
		if (symbol_value(d, json_object_get(entry, "index"), "index") != i)
			bad(d, "symbols", "an index is not that of the next such symbol");
		symbol->object = (uint32_t)integer_of(d, entry, "object", 0, UINT32_MAX);
		if (import)
			symbol->slot = address_of(d, entry, "slot");
	}
	if (json_array_size(array) != next)
		bad(d, "symbols", "not one entry for each symbol of a target or import");
}

/* The symbol of an array of the author's; 0: there is none. */
static uint32_t table_of(struct decoder *d, const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);
	bool none = json_is_integer(value) && !json_integer_value(value);

	return none ? SUT_PATCH_NONE : symbol_value(d, value, key);
}

static void decode_additions(struct decoder *d, const json_t *root)
{
	const json_t *entry = json_object_get(root, "additions");
	struct sut_patch_additions *additions = &d->patch->additions;

	expect_object(d, entry, "additions", 3);
	additions->abi = (uint32_t)integer_of(d, entry, "abi", 0, UINT32_MAX);
	additions->objects_symbol = table_of(d, entry, "objects");
	additions->states_symbol = table_of(d, entry, "states");
	if (!additions->abi && (additions->objects_symbol != SUT_PATCH_NONE ||
				additions->states_symbol != SUT_PATCH_NONE))
		bad(d, "additions", "arrays without an abi");
}

static void decode_root(struct decoder *d, const json_t *root)
{
	struct sut_patch *patch = d->patch;

	expect_object(d, root, "descriptor", 13);
	patch->name = string_of(d, root, "name");
	patch->version = string_of(d, root, "version");
	patch->replace = bool_of(d, root, "replace");
	patch->replace_set = (uint32_t)integer_of(d, root, "replace_set", 0, UINT32_MAX);
	decode_strings(d, root, "fixes", &patch->fixes, &patch->fix_count);
	decode_strings(d, root, "allowed", &patch->allowed, &patch->allowed_count);
	decode_facts(d, root);
	decode_objects(d, root);
	decode_sections(d, root);
	decode_symbols(d, root);
	decode_funcs(d, root);
	decode_additions(d, root);
}

/* Another format is well-formed and not ours to judge; anything else is malformed. */
static void read_schema(struct decoder *d, const json_t *root)
{
	const char *schema = json_string_value(json_object_get(root, "schema"));
	const size_t prefix = strlen(SUT_PATCH_SCHEMA);
	char canonical[32];

	if (!schema || strncmp(schema, SUT_PATCH_SCHEMA, prefix) != 0) {
		bad(d, "schema", "not \"" SUT_PATCH_SCHEMA "\" and a number");
		return;
	}
	d->patch->format = (unsigned int)strtoul(schema + prefix, NULL, 10);
	snprintf(canonical, sizeof(canonical), SUT_PATCH_SCHEMA "%u", d->patch->format);
	if (strcmp(schema, canonical) != 0 || d->patch->format != SUT_PATCH_FORMAT)
		d->rc = sut_fail(d->diag, SUT_UNSUPPORTED, "format",
				 "note: this version of suture reads " SUT_PATCH_SCHEMA
				 "%d, and the file is %.32s",
				 SUT_PATCH_FORMAT, schema);
}

static void check_canonical(struct decoder *d, const json_t *root, const char *text, size_t size)
{
	char *dump = json_dumps(root, SUT_PATCH_JSON_FORM);

	if (!dump || strlen(dump) != size || memcmp(dump, text, size) != 0)
		bad(d, "descriptor", "not in canonical form");
	free(dump);
}

enum sut_rc sut_patch_note_decode(struct sut_arena *arena, const char *text, size_t size,
				  const struct sut_patch_map *map, struct sut_patch *patch,
				  struct sut_diag *diag)
{
	struct decoder d = {.arena = arena, .map = map, .patch = patch, .diag = diag};
	json_error_t error;
	json_t *root = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);

	if (!root)
		return SUT_PATCH_BAD(diag, "note: not JSON: %s (byte %d)", error.text,
				     error.position);
	read_schema(&d, root);
	if (d.rc == SUT_OK)
		decode_root(&d, root);
	if (d.rc == SUT_OK)
		check_canonical(&d, root, text, size);
	json_decref(root);
	return d.rc;
}
