// SPDX-License-Identifier: GPL-2.0-or-later
#include "judge/judge.h"
#include "object/labels.h"

/* A variable that holds labels of the function, or SUT_NO_DEF. */
static uint32_t variable_with(const struct sut_object *object, uint32_t function)
{
	for (uint32_t i = 0; i < object->def_count; i++) {
		if (!sut_def_is_function(&object->defs[i]) && sut_labels_of(object, i) == function)
			return i;
	}
	return SUT_NO_DEF;
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
