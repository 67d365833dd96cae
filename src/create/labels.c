// SPDX-License-Identifier: GPL-2.0-or-later
#include "create/labels.h"

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

/* A variable that holds labels of the function, or SUT_NO_DEF. */
static uint32_t variable_with(const struct sut_object *object, uint32_t function)
{
	for (uint32_t i = 0; i < object->def_count; i++) {
		if (!sut_def_is_function(&object->defs[i]) && sut_labels_of(object, i) == function)
			return i;
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

struct walk {
	const struct sut_section *section;
	const struct sut_def *def;
	bool taken;
};

static bool visit(const struct sut_insn *insn, void *context)
{
	struct walk *walk = context;
	size_t reloc = sut_section_reloc(walk->section, insn->address);
	bool relocated = reloc < walk->section->reloc_count &&
			 walk->section->relocs[reloc].offset < insn->address + insn->length;

	walk->taken |= insn->rip_relative && !relocated && insn->memory > walk->def->offset &&
		       insn->memory - walk->def->offset < walk->def->size;
	return !walk->taken;
}

/* The code itself refers to a place in it, and not in order to jump there. */
static bool takes_label(const struct sut_object *object, uint32_t function)
{
	const struct sut_def *def = &object->defs[function];
	const struct sut_section *section = &object->sections[def->section];
	struct walk walk = {section, def, false};
	struct sut_diag ignored;

	for (size_t i = sut_section_reloc(section, def->offset);
	     i < section->reloc_count && section->relocs[i].offset - def->offset < def->size; i++) {
		const struct sut_reloc *reloc = &section->relocs[i];
		struct sut_place place = sut_object_place(object, section, reloc);

		if (place.def == function && place.delta && !sut_reloc_is_branch(reloc))
			return true;
	}
	/* What cannot be decoded is refused where it is carried. */
	if (section->data)
		sut_insn_walk(section->data + def->offset, def->size, def->offset, visit, &walk,
			      &ignored);
	return walk.taken;
}

/* false: the function has no addresses of its labels. */
static bool refuse(const struct sut_extract *extract, const struct sut_part *part,
		   const struct sut_object *object, uint32_t function)
{
	const char *name = object->defs[function].name;
	uint32_t variable = variable_with(object, function);

	if (variable == SUT_NO_DEF && !takes_label(object, function))
		return false;
	sut_refuse(extract->verdict, "label",
		   sut_arena_printf(extract->arena, "%s: %s: %s", part->unit->source, name,
				    variable == SUT_NO_DEF ? "labels in its code"
							   : object->defs[variable].name),
		   "%s takes addresses of its labels (computed goto), and one that the program "
		   "keeps when the call is over would lead into the other version; look whether it "
		   "keeps any, and if not, --allow label",
		   name);
	return true;
}

void sut_labels_judge(const struct sut_extract *extract)
{
	for (size_t i = 0; i < extract->part_count; i++) {
		const struct sut_part *part = &extract->parts[i];
		const struct sut_object *after = part->diff->after;

		for (uint32_t k = 0; k < after->def_count; k++) {
			uint32_t twin = part->diff->twins.before[k];

			if (!sut_def_is_function(&after->defs[k]) ||
			    part->diff->change[k] != SUT_CHANGE_CHANGED)
				continue;
			if (!refuse(extract, part, after, k) && twin != SUT_NO_DEF)
				refuse(extract, part, part->diff->before, twin);
		}
	}
}
