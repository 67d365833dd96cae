// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What an author's arrays say, from the bytes of the patch and the relocations that put addresses
 * into them. The core will follow these pointers inside a target, so nothing is left to it that has
 * not been looked at here: each array is a symbol of its own, whose size tells how many elements it
 * has; all of them hold what an author may say, and zeros elsewhere; and only the last is the end.
 */
#include "elf/patch-array.h"

#include "base/guard.h"
#include "core/livepatch.h"

#include <inttypes.h>
#include <string.h>

_Static_assert(sizeof(struct klp_object) <= SUT_PATCH_ELEMENT_MAX, "the largest element");

#define CALLBACKS(type, member)                                                                    \
	offsetof(struct type, member.pre_patch), offsetof(struct type, member.post_patch),         \
		offsetof(struct type, member.pre_unpatch),                                         \
		offsetof(struct type, member.post_unpatch)

static const size_t object_pointers[] = {
	offsetof(struct klp_object, name),
	CALLBACKS(klp_object, callbacks),
	offsetof(struct klp_object, sets),
	offsetof(struct klp_object, shadow_types),
};
static const size_t set_pointers[] = {CALLBACKS(klp_callback_set, callbacks)};
static const size_t type_pointers[] = {offsetof(struct klp_shadow_type, dtor)};
static const size_t type_list_pointers[] = {0};
static const size_t state_pointers[] = {offsetof(struct klp_state, data)};

#define POINTERS(array) array, SUT_ARRAY_SIZE(array)

static const struct sut_patch_shape object_shape = {
	"struct klp_object", sizeof(struct klp_object), 0, POINTERS(object_pointers), true,
};
static const struct sut_patch_shape set_shape = {
	"struct klp_callback_set", sizeof(struct klp_callback_set), 8, POINTERS(set_pointers), true,
};
static const struct sut_patch_shape type_shape = {
	"struct klp_shadow_type", sizeof(struct klp_shadow_type), 8, POINTERS(type_pointers), false,
};
static const struct sut_patch_shape type_list_shape = {
	"struct klp_shadow_type *", 8, 0, POINTERS(type_list_pointers), false,
};
static const struct sut_patch_shape state_shape = {
	"struct klp_state", sizeof(struct klp_state), 32, POINTERS(state_pointers), true,
};

struct reader {
	struct sut_arena *arena;
	const struct sut_patch *patch;
	bool *functions; /* per symbol: it is the code of one */
	struct sut_diag *diag;
};

static uint64_t id_of(const struct sut_patch_array *array, size_t i)
{
	uint64_t id;

	memcpy(&id, sut_patch_array_element(array, i), sizeof(id));
	return id;
}

/* Opens the array that a member points to; no pointer: an empty one. */
static enum sut_rc open_member(const struct reader *r, const struct sut_patch_array *from, size_t i,
			       size_t offset, const struct sut_patch_shape *shape,
			       struct sut_patch_array *array)
{
	const struct sut_patch_reloc *reloc = sut_patch_array_pointer(from, i, offset);

	*array = (struct sut_patch_array){.shape = shape};
	if (!reloc)
		return SUT_OK;
	if (reloc->addend)
		return SUT_PATCH_BAD(r->diag, "%s[%zu]: points into the middle of %s", from->name,
				     i, r->patch->symbols[reloc->symbol].name);
	return sut_patch_array_open(r->patch, reloc->symbol, shape, array, r->diag);
}

/* Functions of the patch are those that a reviewer is shown: no other code is ever called. */
static void find_functions(struct reader *r)
{
	const struct sut_patch *patch = r->patch;

	r->functions = sut_arena_array(r->arena, patch->symbol_count, sizeof(*r->functions));
	for (size_t i = 0; i < patch->func_count; i++)
		r->functions[patch->funcs[i].symbol] = true;
}

static enum sut_rc read_function(const struct reader *r, const struct sut_patch_array *array,
				 size_t i, size_t offset, const char *member, uint32_t *symbol)
{
	const struct sut_patch_reloc *reloc = sut_patch_array_pointer(array, i, offset);
	const char *name;

	*symbol = reloc ? reloc->symbol : SUT_PATCH_NONE;
	if (!reloc || (r->functions[reloc->symbol] && !reloc->addend))
		return SUT_OK;
	name = r->patch->symbols[reloc->symbol].name;
	SUT_PATCH_BAD(r->diag, "%s[%zu]: %s is %s, which is no function of the patch", array->name,
		      i, member, name);
	sut_remedy(r->diag, "let it be a function of your own, which may call %s", name);
	return SUT_INVALID;
}

static enum sut_rc read_callbacks(const struct reader *r, const struct sut_patch_array *array,
				  size_t i, size_t offset, struct sut_patch_callbacks *callbacks)
{
	enum sut_rc rc = SUT_OK;

	for (size_t k = 0; k < SUT_PATCH_CALLBACKS && rc == SUT_OK; k++)
		rc = read_function(r, array, i, offset + k * sizeof(uint64_t),
				   sut_patch_callback_names[k], &callbacks->symbols[k]);
	return rc;
}

static enum sut_rc bad_id(const struct reader *r, const struct sut_patch_array *array, uint64_t id)
{
	if (id)
		return SUT_PATCH_BAD(r->diag, "%s: has the id %" PRIu64 " twice", array->name, id);
	return SUT_PATCH_BAD(r->diag, "%s: has an element with the id 0, which means its end",
			     array->name);
}

static enum sut_rc read_sets(const struct reader *r, const struct sut_patch_array *objects,
			     size_t i, struct sut_patch_addition *addition)
{
	struct sut_patch_array array;
	enum sut_rc rc =
		open_member(r, objects, i, offsetof(struct klp_object, sets), &set_shape, &array);

	if (rc != SUT_OK)
		return rc;
	addition->set_count = array.count;
	addition->sets = sut_arena_array(r->arena, array.count, sizeof(*addition->sets));
	for (size_t k = 0; k < array.count && rc == SUT_OK; k++) {
		struct sut_patch_callback_set *set = &addition->sets[k];

		set->id = id_of(&array, k);
		if (!set->id)
			return bad_id(r, &array, 0);
		for (size_t j = 0; j < k; j++)
			if (addition->sets[j].id == set->id)
				return bad_id(r, &array, set->id);
		rc = read_callbacks(r, &array, k, offsetof(struct klp_callback_set, callbacks),
				    &set->callbacks);
	}
	return rc;
}

/* The type that an element of the list points to; it may be one of several in an array. */
static enum sut_rc read_type(const struct reader *r, const struct sut_patch_array *list, size_t i,
			     struct sut_patch_shadow_type *type)
{
	const struct sut_patch_reloc *reloc = sut_patch_array_pointer(list, i, 0);
	const struct sut_patch_symbol *symbol = &r->patch->symbols[reloc->symbol];
	struct sut_patch_array one = {.name = symbol->name, .shape = &type_shape, .count = 1};
	uint64_t at = (uint64_t)reloc->addend;
	enum sut_rc rc;

	if (symbol->kind != SUT_PATCH_SYMBOL_OWN || at > symbol->size ||
	    symbol->size - at < type_shape.size)
		return SUT_PATCH_BAD(r->diag, "%s[%zu]: is no %s in the patch", list->name, i,
				     type_shape.name);
	one.section = &r->patch->sections[symbol->section];
	one.offset = symbol->value + at;
	rc = sut_patch_array_check(&one, 0, r->diag);
	if (rc != SUT_OK)
		return rc;
	type->id = id_of(&one, 0);
	return read_function(r, &one, 0, offsetof(struct klp_shadow_type, dtor), "dtor",
			     &type->dtor);
}

static enum sut_rc read_types(const struct reader *r, const struct sut_patch_array *objects,
			      size_t i, struct sut_patch_addition *addition)
{
	struct sut_patch_array list;
	enum sut_rc rc = open_member(r, objects, i, offsetof(struct klp_object, shadow_types),
				     &type_list_shape, &list);

	if (rc != SUT_OK)
		return rc;
	addition->type_count = list.count;
	addition->types = sut_arena_array(r->arena, list.count, sizeof(*addition->types));
	for (size_t k = 0; k < list.count && rc == SUT_OK; k++) {
		rc = read_type(r, &list, k, &addition->types[k]);
		for (size_t j = 0; j < k && rc == SUT_OK; j++)
			if (addition->types[j].id == addition->types[k].id)
				rc = SUT_PATCH_BAD(r->diag, "%s: has the id %" PRIu64 " twice",
						   list.name, addition->types[k].id);
	}
	return rc;
}

/* The string that name points to; NULL: none. */
static enum sut_rc read_name(const struct reader *r, const struct sut_patch_array *objects,
			     size_t i, const char **name)
{
	const struct sut_patch_reloc *reloc =
		sut_patch_array_pointer(objects, i, offsetof(struct klp_object, name));
	const struct sut_patch_symbol *symbol;
	const struct sut_patch_section *section;
	uint64_t at;
	size_t length;

	*name = NULL;
	if (!reloc)
		return SUT_OK;
	symbol = &r->patch->symbols[reloc->symbol];
	section =
		symbol->kind == SUT_PATCH_SYMBOL_OWN ? &r->patch->sections[symbol->section] : NULL;
	at = symbol->value + (uint64_t)reloc->addend;
	if (section && section->data && at < section->size) {
		*name = (const char *)section->data + at;
		length = strnlen(*name, section->size - at);
		if (length < section->size - at &&
		    !sut_patch_section_has_reloc(section, at, at + length + 1))
			return SUT_OK;
	}
	return SUT_PATCH_BAD(r->diag, "%s[%zu]: its name is no string in the patch", objects->name,
			     i);
}

static bool is_named(const struct sut_patch_object *object, const char *name)
{
	if (!name)
		return object->executable;
	return !object->executable &&
	       (strcmp(object->name, name) == 0 || strcmp(object->soname, name) == 0);
}

static enum sut_rc find_object(const struct reader *r, const struct sut_patch_array *objects,
			       size_t i, uint32_t *object)
{
	const struct sut_patch *patch = r->patch;
	size_t found = 0;
	const char *name;
	enum sut_rc rc = read_name(r, objects, i, &name);

	if (rc != SUT_OK)
		return rc;
	for (uint32_t k = 0; k < patch->object_count; k++) {
		if (!is_named(&patch->objects[k], name))
			continue;
		*object = k;
		found++;
	}
	if (found == 1)
		return SUT_OK;
	SUT_PATCH_BAD(r->diag, "%s[%zu]: %.*s is %s of the patch", objects->name, i,
		      SUT_PATCH_WORD_MAX, name ? name : "the program itself (no name)",
		      found ? "the name of several objects" : "no object");
	sut_remedy(r->diag, "name objects that the patch changes a function of: shared objects by "
			    "file name or DT_SONAME, the program by no name");
	return SUT_INVALID;
}

static enum sut_rc read_object(const struct reader *r, const struct sut_patch_array *objects,
			       size_t i, struct sut_patch_addition *list)
{
	struct sut_patch_addition *addition = &list[i];
	enum sut_rc rc = find_object(r, objects, i, &addition->object);

	for (size_t k = 0; k < i && rc == SUT_OK; k++)
		if (list[k].object == addition->object)
			rc = SUT_PATCH_BAD(r->diag, "%s: has %s twice", objects->name,
					   r->patch->objects[addition->object].name);
	if (rc == SUT_OK)
		rc = read_callbacks(r, objects, i, offsetof(struct klp_object, callbacks),
				    &addition->callbacks);
	if (rc == SUT_OK)
		rc = read_sets(r, objects, i, addition);
	return rc == SUT_OK ? read_types(r, objects, i, addition) : rc;
}

static enum sut_rc read_objects(const struct reader *r, struct sut_patch_additions *additions)
{
	struct sut_patch_array objects;
	enum sut_rc rc = sut_patch_array_open(r->patch, additions->objects_symbol, &object_shape,
					      &objects, r->diag);

	if (rc != SUT_OK)
		return rc;
	additions->count = objects.count;
	additions->list = sut_arena_array(r->arena, objects.count, sizeof(*additions->list));
	for (size_t i = 0; i < objects.count && rc == SUT_OK; i++)
		rc = read_object(r, &objects, i, additions->list);
	return rc;
}

static enum sut_rc read_states(const struct reader *r, struct sut_patch_additions *additions)
{
	struct sut_patch_array array;
	enum sut_rc rc = sut_patch_array_open(r->patch, additions->states_symbol, &state_shape,
					      &array, r->diag);

	if (rc != SUT_OK)
		return rc;
	additions->state_count = array.count;
	additions->states = sut_arena_array(r->arena, array.count, sizeof(*additions->states));
	for (size_t i = 0; i < array.count; i++) {
		struct sut_patch_state *state = &additions->states[i];
		const unsigned char *bytes = sut_patch_array_element(&array, i);
		unsigned char block = bytes[offsetof(struct klp_state, block_disable)];

		state->id = id_of(&array, i);
		memcpy(&state->version, bytes + offsetof(struct klp_state, version),
		       sizeof(state->version));
		state->block_disable = block;
		if (!state->id)
			return bad_id(r, &array, 0);
		if (block > 1)
			return SUT_PATCH_BAD(r->diag,
					     "%s[%zu]: block_disable is neither true nor "
					     "false",
					     array.name, i);
		for (size_t k = 0; k < i; k++)
			if (additions->states[k].id == state->id)
				return bad_id(r, &array, state->id);
	}
	return SUT_OK;
}

enum sut_rc sut_patch_additions_read(struct sut_arena *arena, struct sut_patch *patch,
				     struct sut_diag *diag)
{
	struct reader r = {.arena = arena, .patch = patch, .diag = diag};
	struct sut_patch_additions *additions = &patch->additions;
	enum sut_rc rc = SUT_OK;

	if (!additions->abi)
		return SUT_OK;
	if (additions->abi != SUT_LIVEPATCH_ABI)
		return sut_fail(diag, SUT_UNSUPPORTED, "format",
				"additions: this version of suture knows the author's structures "
				"as of version %d, and those of the file are of version %" PRIu32,
				SUT_LIVEPATCH_ABI, additions->abi);
	find_functions(&r);
	if (additions->objects_symbol != SUT_PATCH_NONE)
		rc = read_objects(&r, additions);
	if (rc == SUT_OK && additions->states_symbol != SUT_PATCH_NONE)
		rc = read_states(&r, additions);
	return rc;
}
