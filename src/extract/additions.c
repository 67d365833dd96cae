// SPDX-License-Identifier: GPL-2.0-or-later
#include "extract/additions.h"
#include "core/livepatch.h"
#include "base/io.h"

#include <string.h>

/* The part whose unit the operator named, or the first one. */
static struct sut_part *find_beside(struct sut_extract *extract, const char *source,
				    struct sut_diag *diag)
{
	const char *known = "";

	if (!source)
		return &extract->parts[0];
	for (size_t i = 0; i < extract->part_count; i++) {
		const char *other = extract->parts[i].unit->source;

		if (strcmp(other, source) == 0)
			return &extract->parts[i];
		known = sut_arena_printf(extract->arena, "%s%s%s", known, *known ? ", " : "",
					 other);
	}
	sut_fail(diag, SUT_REFUSED, "additions", "%s: is no unit that the source patch changes",
		 source);
	sut_remedy(diag, "changed are %s", known);
	return NULL;
}

/* An object without anything, and what is known of it in a target. */
static const struct sut_object *empty_object(struct sut_arena *arena)
{
	struct sut_object *object = sut_arena_alloc(arena, sizeof(*object));

	*object = (struct sut_object){
		.path = "",
		.file = "",
		.section_count = 1,
		.sections = sut_arena_array(arena, 1, sizeof(*object->sections)),
		.symbol_count = 1,
		.symbols = sut_arena_array(arena, 1, sizeof(*object->symbols)),
	};
	object->sections[0].name = "";
	object->symbols[0].name = "";
	return object;
}

static struct sut_proof *empty_proof(struct sut_arena *arena, const struct sut_object *object,
				     const struct sut_target *target)
{
	struct sut_proof *proof = sut_arena_alloc(arena, sizeof(*proof));

	*proof = (struct sut_proof){
		.object = object,
		.target = target,
		.sections = sut_arena_array(arena, 1, sizeof(*proof->sections)),
		.symbols = sut_arena_array(arena, 1, sizeof(*proof->symbols)),
	};
	return proof;
}

/* Its name and no folder: where a functions is in the source is part of the patch. */
static struct sut_unit *make_unit(struct sut_arena *arena, const char *file)
{
	struct sut_unit *unit = sut_arena_alloc(arena, sizeof(*unit));

	unit->source = sut_base_name(file);
	return unit;
}

enum sut_rc sut_additions_add(struct sut_extract *extract, const struct sut_create_options *options,
			      struct sut_diag *diag)
{
	struct sut_arena *arena = extract->arena;
	const struct sut_object *before = empty_object(arena);
	struct sut_object *after = sut_arena_alloc(arena, sizeof(*after));
	struct sut_part *beside = find_beside(extract, options->beside, diag);
	struct sut_part *part = &extract->parts[extract->part_count];
	const char *object;
	enum sut_rc rc;

	if (!beside)
		return SUT_REFUSED;
	rc = sut_unit_beside(arena, beside->unit, options->with, &object, diag);
	if (rc == SUT_OK)
		rc = sut_object_load(arena, object, after, diag);
	if (rc)
		return rc;
	*part = (struct sut_part){
		.unit = make_unit(arena, options->with),
		.diff = sut_arena_alloc(arena, sizeof(*part->diff)),
		.proof = empty_proof(arena, before, beside->proof->target),
		.object = beside->object,
		.beside = beside,
	};
	extract->part_count++;
	sut_diff_run(arena, before, after, part->diff);
	sut_diff_judge(part->diff, part->unit->source, extract->verdict);
	return SUT_OK;
}

/* The symbol of an array that is new in one of the parts, carried from now on. */
static uint32_t carry_array(struct sut_extract *extract, const char *name)
{
	struct sut_part *owner = NULL;
	uint32_t found = SUT_NO_DEF;

	for (size_t i = 0; i < extract->part_count; i++) {
		struct sut_part *part = &extract->parts[i];
		uint32_t def = sut_object_def(part->diff->after, name);

		if (def == SUT_NO_DEF || part->diff->change[def] != SUT_CHANGE_NEW)
			continue;
		if (owner)
			sut_refuse(
				extract->verdict, "additions",
				sut_arena_printf(extract->arena, "%s, %s", owner->unit->source,
						 part->unit->source),
				"%s is defined twice in the patch, and there can be one; put all "
				"elements into one array",
				name);
		owner = part;
		found = def;
	}
	if (!owner)
		return SUT_PATCH_NONE;
	extract->patch->additions.abi = SUT_LIVEPATCH_ABI;
	return sut_extract_own(extract, owner, found);
}

void sut_additions_carry(struct sut_extract *extract)
{
	struct sut_patch_additions *additions = &extract->patch->additions;

	additions->objects_symbol = carry_array(extract, "suture_objects");
	additions->states_symbol = carry_array(extract, "suture_states");
	if (additions->abi)
		return;
	for (size_t i = 0; i < extract->part_count; i++)
		if (extract->parts[i].beside)
			sut_refuse(extract->verdict, "additions", extract->parts[i].unit->source,
				   "%s defines neither suture_objects nor suture_states, so "
				   "nothing of it would ever run; see suture/livepatch.h",
				   extract->parts[i].unit->source);
}

void sut_additions_judge(struct sut_extract *extract)
{
	struct sut_diag diag = {0};

	/* After a refusal the arrays may lack what could not be bound. */
	if (extract->verdict->refusal_count ||
	    sut_patch_additions_read(extract->arena, extract->patch, &diag) == SUT_OK)
		return;
	sut_refuse(extract->verdict, "additions", "", "%s%s%s", diag.entry[0],
		   *diag.remedy ? "; " : "", diag.remedy);
}
