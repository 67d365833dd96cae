// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Functions without a call of __fentry__. Most are no special code at all: the kernel marks every
 * inline function notrace, and what a system call does is in one (__do_sys_...) that the compiler
 * often leaves out of line. Its callers can be redirected, and call the new version then.
 */
#include "kernel/create/extract.h"
#include "object/kernel.h"

#include <elf.h>
#include <string.h>

bool sut_carry_is_traced(const struct sut_object *object, uint32_t def)
{
	for (size_t i = 1; i < object->section_count; i++) {
		const struct sut_section *section = &object->sections[i];

		if (strcmp(section->name, "__mcount_loc") != 0)
			continue;
		for (size_t k = 0; k < section->reloc_count; k++) {
			struct sut_place place =
				sut_object_place(object, section, &section->relocs[k]);

			if (place.def == def && !place.delta)
				return true;
		}
	}
	return false;
}

/* All that refers to a function, as far as it matters. */
struct callers {
	const struct sut_object *after;
	uint32_t def;
	bool *calls;  /* per definition */
	bool escapes; /* its address is taken */
};

static void look_at(struct callers *callers, const struct sut_section *section,
		    const struct sut_reloc *reloc)
{
	const struct sut_object *after = callers->after;
	struct sut_place place = sut_object_place(after, section, reloc);
	uint32_t user = sut_section_def(after, section, reloc->offset);

	if (place.def != callers->def || place.delta)
		return;
	if (user == SUT_NO_DEF || !sut_reloc_is_branch(reloc))
		callers->escapes = true;
	else
		callers->calls[after->defs[user].parent] = true;
}

/* Tables about the function do not call it, and what ran at the start will not again. */
static bool is_left_out(const struct sut_section *section)
{
	const struct sut_special *special = sut_kernel_special(section->name);

	return !(section->flags & SHF_ALLOC) ||
	       (special &&
		(special->policy == SUT_SPECIAL_CODE || special->policy == SUT_SPECIAL_START_UP));
}

static void find_callers(struct callers *callers)
{
	for (size_t i = 1; i < callers->after->section_count; i++) {
		const struct sut_section *section = &callers->after->sections[i];

		for (size_t k = 0; !is_left_out(section) && k < section->reloc_count; k++)
			look_at(callers, section, &section->relocs[k]);
	}
}

static void change_pieces(struct sut_kernel_proven *proven, uint32_t def, enum sut_change change)
{
	const struct sut_object *after = proven->part->after;

	for (size_t i = 0; i < after->def_count; i++)
		if (after->defs[i].parent == def)
			proven->change[i] = change;
}

/* true: the callers count as changed now. */
static bool change_callers(struct sut_arena *arena, struct sut_kernel_proven *proven, uint32_t def)
{
	const struct sut_object *after = proven->part->after;
	struct callers callers = {
		.after = after,
		.def = def,
		.calls = sut_arena_array(arena, after->def_count, sizeof(bool)),
	};

	find_callers(&callers);
	if (callers.escapes)
		return false;
	change_pieces(proven, def, SUT_CHANGE_NEW);
	for (size_t i = 0; i < after->def_count; i++)
		if (callers.calls[i] && proven->change[i] == SUT_CHANGE_NONE)
			change_pieces(proven, i, SUT_CHANGE_CHANGED);
	return true;
}

static bool wants_callers(const struct sut_kernel_proven *proven, uint32_t def)
{
	const struct sut_def *function = &proven->part->after->defs[def];
	const char *section = proven->part->after->sections[function->section].name;
	uint32_t twin = proven->part->diff->twins.before[def];

	return proven->change[def] == SUT_CHANGE_CHANGED && function->parent == def &&
	       function->local && sut_def_is_function(function) &&
	       !strncmp(section, ".text.", strlen(".text.")) && twin != SUT_NO_DEF &&
	       !sut_carry_is_traced(proven->part->before, twin);
}

void sut_carry_change_callers(struct sut_carry *carry, uint32_t part)
{
	struct sut_kernel_proven *proven = &carry->parts[part];
	bool more = true;

	while (more) {
		more = false;
		for (size_t i = 0; i < proven->part->after->def_count; i++)
			if (wants_callers(proven, i))
				more |= change_callers(carry->arena, proven, i);
	}
}
