// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a diff must not contain. A live patch redirects functions; variables keep the values that
 * the running program gave them, and code that ran at start-up does not run again.
 */
#include "create/diff.h"

#include <elf.h>
#include <string.h>

static bool starts_with(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}

static void judge_variable(const struct sut_diff *diff, uint32_t index, const char *source,
			   struct sut_verdict *verdict)
{
	const struct sut_def *def = &diff->after->defs[index];
	const struct sut_def *twin;

	if (diff->change[index] != SUT_CHANGE_CHANGED || sut_def_is_copied(diff->after, def))
		return;
	twin = &diff->before->defs[diff->twins.before[index]];
	if (sut_name_is_generated(def->name))
		return;
	const char *evidence = sut_arena_printf(verdict->arena, "%s: %s", source, def->name);

	/* A rule of its own: nobody can allow code to write beyond the end of a variable. */
	if (def->size > twin->size)
		sut_refuse(verdict, "size", evidence,
			   "%s grows from %zu to %zu bytes, and the running program has the old "
			   "one; keep the variable as it is, and put what is new into a variable "
			   "of its own or a shadow variable",
			   def->name, (size_t)twin->size, (size_t)def->size);
	else if (def->size < twin->size)
		sut_refuse(
			verdict, "data", evidence,
			"%s shrinks from %zu to %zu bytes, and the running program keeps the old "
			"one; keep the variable as it is",
			def->name, (size_t)twin->size, (size_t)def->size);
	else
		sut_refuse(verdict, "data", evidence,
			   "%s has another initial value, which the running program would not see; "
			   "assign it in a callback of the patch, or leave it out",
			   def->name);
}

static void judge_function(const struct sut_diff *diff, uint32_t index, const char *source,
			   struct sut_verdict *verdict)
{
	const struct sut_def *def = &diff->after->defs[index];

	if (diff->change[index] == SUT_CHANGE_NONE || def->parent != index)
		return;
	const char *evidence = sut_arena_printf(verdict->arena, "%s: %s", source, def->name);

	if (def->type == STT_GNU_IFUNC)
		sut_refuse(
			verdict, "ifunc", evidence,
			"%s is a resolver that chose an implementation when the program started; "
			"change the implementations instead",
			def->name);
	if (diff->change[index] == SUT_CHANGE_CHANGED && !strcmp(def->name, "main"))
		sut_warn(verdict, "main", evidence,
			 "main changes, but a running program has entered it long ago: the change "
			 "takes no effect until the program is started again");
	if (def->unsized)
		sut_refuse(verdict, "entry", evidence,
			   "%s has no size in the object, so its end is not known; give the "
			   "assembler function a .size",
			   def->name);
}

/* The sections of that name hold the same, in order. */
static bool same_list(const struct sut_diff *diff, const char *name)
{
	const struct sut_object *sides[2] = {diff->before, diff->after};
	size_t relocs[2] = {0, 0}, sizes[2] = {0, 0};
	const struct sut_section *found[2] = {NULL, NULL};

	for (int side = 0; side < 2; side++) {
		for (size_t i = 1; i < sides[side]->section_count; i++) {
			const struct sut_section *section = &sides[side]->sections[i];

			if (!starts_with(section->name, name))
				continue;
			sizes[side] += section->size;
			relocs[side] += section->reloc_count;
			found[side] = section;
		}
	}
	if (sizes[0] != sizes[1] || relocs[0] != relocs[1])
		return false;
	for (size_t i = 0; found[0] && i < found[0]->reloc_count; i++) {
		struct sut_place old = sut_object_place(sides[0], found[0], &found[0]->relocs[i]);
		struct sut_place new = sut_object_place(sides[1], found[1], &found[1]->relocs[i]);

		if (old.def == SUT_NO_DEF || diff->twins.after[old.def] != new.def)
			return false;
	}
	return true;
}

static void judge_lists(const struct sut_diff *diff, const char *source,
			struct sut_verdict *verdict)
{
	static const char *const lists[] = {".preinit_array", ".init_array", ".fini_array",
					    ".ctors", ".dtors"};

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		if (!same_list(diff, lists[i]))
			sut_refuse(
				verdict, "init",
				sut_arena_printf(verdict->arena, "%s: %s", source, lists[i]),
				"%s gets or loses a constructor or destructor (%s), which the "
				"running program has run or registered already; do its work in a "
				"callback of the patch",
				source, lists[i]);
	}
}

/* Sections whose meaning is known; what refers to code from anywhere else may be a table that the
 * program or its libraries walk. */
static bool is_known(const struct sut_section *section)
{
	static const char *const names[] = {".text",       ".rodata",        ".data",
					    ".bss",        ".tdata",         ".tbss",
					    ".eh_frame",   ".note",          ".comment",
					    ".init_array", ".fini_array",    ".ctors",
					    ".dtors",      ".preinit_array", ".gcc_except_table"};

	if (!(section->flags & SHF_ALLOC))
		return true;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (starts_with(section->name, names[i]))
			return true;
	}
	return false;
}

static void judge_sections(const struct sut_diff *diff, const char *source,
			   struct sut_verdict *verdict)
{
	const struct sut_object *after = diff->after;

	for (size_t i = 1; i < after->section_count; i++) {
		const struct sut_section *section = &after->sections[i];
		bool table = starts_with(section->name, ".gcc_except_table");

		if (is_known(section) && !table)
			continue;
		for (size_t j = 0; j < section->reloc_count; j++) {
			struct sut_place place =
				sut_object_place(after, section, &section->relocs[j]);

			if (place.def == SUT_NO_DEF ||
			    !sut_def_is_function(&after->defs[place.def]) ||
			    diff->change[place.def] == SUT_CHANGE_NONE)
				continue;
			/* A table of pointers to functions leads to the originals: no harm. */
			if (section->def_count && !place.delta)
				continue;
			sut_refuse(verdict, "section",
				   sut_arena_printf(verdict->arena, "%s: %s", source,
						    section->name),
				   "%s has an entry for %s in section %s, whose meaning is not "
				   "known; leave this function as it is",
				   source, after->defs[place.def].name, section->name);
			break;
		}
	}
}

void sut_diff_judge(const struct sut_diff *diff, const char *source, struct sut_verdict *verdict)
{
	for (size_t i = 0; i < diff->after->def_count; i++) {
		if (sut_def_is_function(&diff->after->defs[i]))
			judge_function(diff, i, source, verdict);
		else
			judge_variable(diff, i, source, verdict);
	}
	judge_lists(diff, source, verdict);
	judge_sections(diff, source, verdict);
}
