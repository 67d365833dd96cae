// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A call of a function by itself has a relocation when the function is visible to other units, and
 * none when it is static. Written by hand for a static function, a new version must be visible.
 */
#include "object/object.h"

#include <elf.h>
#include <string.h>

static bool is_own_call(const struct sut_object *object, const struct sut_section *section,
			const struct sut_reloc *reloc, uint32_t index)
{
	struct sut_place place = sut_object_place(object, section, reloc);

	return (reloc->type == R_X86_64_PLT32 || reloc->type == R_X86_64_PC32) &&
	       place.section == index;
}

/* What the assembler writes for a place in the same section. */
static void fill(const struct sut_object *object, unsigned char *data,
		 const struct sut_reloc *reloc)
{
	int32_t value = (int32_t)(object->symbols[reloc->symbol].value + reloc->addend -
				  (int64_t)reloc->offset);

	memcpy(data + reloc->offset, &value, sizeof(value));
}

static void settle_section(struct sut_arena *arena, struct sut_object *object, uint32_t index)
{
	struct sut_section *section = &object->sections[index];
	unsigned char *data = sut_arena_memdup(arena, section->data, section->size);
	size_t kept = 0;

	for (size_t i = 0; i < section->reloc_count; i++) {
		if (is_own_call(object, section, &section->relocs[i], index))
			fill(object, data, &section->relocs[i]);
		else
			section->relocs[kept++] = section->relocs[i];
	}
	section->data = data;
	section->reloc_count = kept;
}

void sut_object_settle(struct sut_arena *arena, struct sut_object *object,
		       const struct sut_object *like)
{
	for (size_t i = 0; i < object->def_count; i++) {
		const struct sut_def *def = &object->defs[i];
		uint32_t other = sut_object_def(like, def->name);

		if (sut_def_is_function(def) && !def->local && other != SUT_NO_DEF &&
		    like->defs[other].local && object->sections[def->section].def_count == 1)
			settle_section(arena, object, def->section);
	}
}
