// SPDX-License-Identifier: GPL-2.0-or-later
#include "object/labels.h"

#include <elf.h>

uint32_t sut_labels_of(const struct sut_object *object, uint32_t variable)
{
	const struct sut_def *def = &object->defs[variable];
	const struct sut_section *section = &object->sections[def->section];

	for (size_t i = sut_section_reloc(section, def->offset);
	     i < section->reloc_count && section->relocs[i].offset - def->offset < def->size; i++) {
		struct sut_place place = sut_object_place(object, section, &section->relocs[i]);

		if (place.def != SUT_NO_DEF && place.exact && place.delta &&
		    sut_def_is_function(&object->defs[place.def]))
			return object->defs[place.def].parent;
	}
	return SUT_NO_DEF;
}

struct entry_walk {
	struct sut_arena *arena;
	const struct sut_section *section;
	const struct sut_def *def;
	size_t count, capacity;
	struct sut_reloc *relocs;
};

static bool visit_entry(const struct sut_insn *insn, void *context)
{
	struct entry_walk *walk = context;
	size_t reloc = sut_section_reloc(walk->section, insn->address);
	bool relocated = reloc < walk->section->reloc_count &&
			 walk->section->relocs[reloc].offset < insn->address + insn->length;

	if (insn->rip_relative && !relocated && insn->memory == walk->def->offset)
		SUT_PUSH(walk->arena, walk->relocs, walk->count, walk->capacity) =
			(struct sut_reloc){
				.offset = insn->address + insn->displacement,
				.type = R_X86_64_PC32,
				.symbol = walk->def->symbol,
				.addend = (int64_t)insn->displacement - insn->length,
				.table = SUT_NO_TABLE,
				.insn = insn->kind,
				.trail = (unsigned char)(insn->length - insn->displacement - 4),
			};
	return true;
}

size_t sut_labels_entry(struct sut_arena *arena, const struct sut_object *object,
			const struct sut_section *section, struct sut_reloc **relocs)
{
	struct entry_walk walk = {.arena = arena, .section = section};
	struct sut_diag ignored;

	/* What cannot be decoded is refused elsewhere. */
	for (size_t i = 0; section->flags & SHF_EXECINSTR && i < section->def_count; i++) {
		walk.def = &object->defs[section->defs[i]];
		if (section->data && sut_def_is_function(walk.def))
			sut_insn_walk(section->data + walk.def->offset, walk.def->size,
				      walk.def->offset, visit_entry, &walk, &ignored);
	}
	*relocs = walk.relocs;
	return walk.count;
}
