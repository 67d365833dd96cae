// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The descriptor of the note: what ELF has no place for, as canonical JSON. Keys are sorted, there
 * is no blank, and every key of the format is there and no other.
 */
#include "elf/patch-format.h"

#include "base/io.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static json_t *hex_json(const void *data, size_t size)
{
	char text[2 * SUT_PATCH_BUILD_ID_MAX + 1];

	return json_string(sut_hex(text, data, size));
}

static json_t *address_json(uint64_t address)
{
	return json_sprintf("0x%" PRIx64, address);
}

static json_t *strings_json(const char *const *strings, size_t count)
{
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(array, json_string(strings[i]));
	return array;
}

static json_t *facts_json(const struct sut_patch *patch)
{
	json_t *array = json_array();

	for (size_t i = 0; i < patch->fact_count; i++)
		json_array_append_new(array, json_pack("{s:s,s:s}", "key", patch->facts[i].key,
						       "value", patch->facts[i].value));
	return array;
}

static json_t *objects_json(const struct sut_patch *patch)
{
	json_t *array = json_array();

	for (size_t i = 0; i < patch->object_count; i++) {
		const struct sut_patch_object *object = &patch->objects[i];

		json_array_append_new(array,
				      json_pack("{s:o,s:b,s:s,s:s}", "build_id",
						hex_json(object->build_id, object->build_id_size),
						"executable", object->executable, "name",
						object->name, "soname", object->soname));
	}
	return array;
}

static json_t *pieces_json(const struct sut_patch_func *func)
{
	json_t *array = json_array();

	for (size_t i = 0; i < func->piece_count; i++) {
		const struct sut_patch_piece *piece = &func->pieces[i];

		json_array_append_new(array, json_pack("{s:o,s:o,s:I}", "address",
						       address_json(piece->address), "sha256",
						       hex_json(piece->sha256, SUT_SHA256_SIZE),
						       "size", (json_int_t)piece->size));
	}
	return array;
}

static json_t *new_pieces_json(const struct sut_patch_func *func)
{
	json_t *array = json_array();

	for (size_t i = 0; i < func->new_piece_count; i++)
		json_array_append_new(array, json_integer((json_int_t)func->new_pieces[i] + 1));
	return array;
}

static json_t *jumps_json(const struct sut_patch_jumps *jumps)
{
	json_t *array = json_array();

	for (size_t i = 0; i < jumps->count; i++)
		json_array_append_new(array, address_json(jumps->targets[i]));
	return json_pack("{s:b,s:b,s:o}", "anywhere", jumps->anywhere, "elsewhere",
			 jumps->elsewhere, "to", array);
}

static json_t *funcs_json(const struct sut_patch *patch)
{
	json_t *array = json_array();

	for (size_t i = 0; i < patch->func_count; i++) {
		const struct sut_patch_func *func = &patch->funcs[i];
		bool changed = func->kind == SUT_PATCH_FUNC_CHANGED;

		json_t *entry =
			json_pack("{s:s,s:s,s:o,s:I,s:o,s:s,s:I}", "kind",
				  changed ? "changed" : "new", "name", func->name, "new_pieces",
				  new_pieces_json(func), "object", (json_int_t)func->object,
				  "pieces", pieces_json(func), "source", func->source, "symbol",
				  (json_int_t)func->symbol + 1);

		json_object_set_new(entry, "entry",
				    hex_json(func->entry, func->entry ? SUT_PATCH_ENTRY_SIZE : 0));
		json_object_set_new(entry, "new_jumps", jumps_json(&func->new_jumps));
		json_object_set_new(entry, "old_jumps", jumps_json(&func->old_jumps));
		json_array_append_new(array, entry);
	}
	return array;
}

static json_t *sections_json(const struct sut_patch *patch, uint32_t first)
{
	json_t *array = json_array();

	for (size_t i = 0; i < patch->section_count; i++)
		json_array_append_new(array,
				      json_pack("{s:I,s:I}", "index", (json_int_t)(first + i),
						"object", (json_int_t)patch->sections[i].object));
	return array;
}

static json_t *symbols_json(const struct sut_patch *patch)
{
	json_t *array = json_array();

	for (size_t i = 0; i < patch->symbol_count; i++) {
		const struct sut_patch_symbol *symbol = &patch->symbols[i];
		json_t *entry;

		if (!sut_patch_symbol_has_object(symbol))
			continue;
		entry = json_pack("{s:I,s:I}", "index", (json_int_t)(i + 1), "object",
				  (json_int_t)symbol->object);
		if (symbol->kind == SUT_PATCH_SYMBOL_IMPORT)
			json_object_set_new(entry, "slot", address_json(symbol->slot));
		json_array_append_new(array, entry);
	}
	return array;
}

/* An ELF symbol index; 0, which is the empty one, for none. */
static json_t *table_json(uint32_t symbol)
{
	return json_integer(symbol == SUT_PATCH_NONE ? 0 : (json_int_t)symbol + 1);
}

static json_t *additions_json(const struct sut_patch_additions *additions)
{
	if (!additions->abi)
		return json_pack("{s:i,s:i,s:i}", "abi", 0, "objects", 0, "states", 0);
	return json_pack("{s:I,s:o,s:o}", "abi", (json_int_t)additions->abi, "objects",
			 table_json(additions->objects_symbol), "states",
			 table_json(additions->states_symbol));
}

static json_t *root_json(const struct sut_patch *patch, uint32_t first_section)
{
	json_t *root = json_object();

	json_object_set_new(root, "schema", json_sprintf(SUT_PATCH_SCHEMA "%d", SUT_PATCH_FORMAT));
	json_object_set_new(root, "name", json_string(patch->name));
	json_object_set_new(root, "version", json_string(patch->version));
	json_object_set_new(root, "replace", json_boolean(patch->replace));
	json_object_set_new(root, "replace_set", json_integer(patch->replace_set));
	json_object_set_new(root, "fixes", strings_json(patch->fixes, patch->fix_count));
	json_object_set_new(root, "allowed", strings_json(patch->allowed, patch->allowed_count));
	json_object_set_new(root, "facts", facts_json(patch));
	json_object_set_new(root, "objects", objects_json(patch));
	json_object_set_new(root, "sections", sections_json(patch, first_section));
	json_object_set_new(root, "symbols", symbols_json(patch));
	json_object_set_new(root, "functions", funcs_json(patch));
	json_object_set_new(root, "additions", additions_json(&patch->additions));
	return root;
}

enum sut_rc sut_patch_note_encode(struct sut_arena *arena, const struct sut_patch *patch,
				  uint32_t first_section, char **text, size_t *size,
				  struct sut_diag *diag)
{
	json_t *root = root_json(patch, first_section);
	char *dump = json_dumps(root, SUT_PATCH_JSON_FORM);

	json_decref(root);
	if (!dump)
		return sut_fail(diag, SUT_BUG, "format", "note: cannot be made");
	*size = strlen(dump);
	*text = sut_arena_memdup(arena, dump, *size + 1);
	free(dump);
	return SUT_OK;
}
