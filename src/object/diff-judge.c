// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a diff must not contain. A live patch redirects functions; variables keep the values that
 * the running program gave them, and code that ran at start-up does not run again.
 */
#include "object/diff.h"
#include "object/kernel.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

static bool starts_with(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}

/* What code may rely on: the address is a multiple of it. */
static uint64_t alignment(const struct sut_object *object, const struct sut_def *def)
{
	uint64_t align = object->sections[def->section].align, offset = def->offset & -def->offset;

	return def->offset && offset < align ? offset : align;
}

/* The variable stays where the program has it, and that would not do. */
static bool judge_memory(const struct sut_diff *diff, const struct sut_def *twin,
			 const struct sut_def *def, const char *evidence,
			 struct sut_verdict *verdict)
{
	uint64_t align = alignment(diff->after, def);

	if (!sut_section_same_kind(&diff->before->sections[twin->section],
				   &diff->after->sections[def->section]))
		sut_refuse(verdict, "storage", evidence,
			   "%s becomes a constant, a variable or a thread's variable, and the "
			   "running %s has it in memory of another kind; leave it as it is, and "
			   "add a variable of another name",
			   def->name, sut_verdict_target(verdict));
	else if (align > alignment(diff->before, twin))
		sut_refuse(verdict, "storage", evidence,
			   "%s is aligned to %zu bytes now, and the running %s has it anywhere; "
			   "leave it as it is, and add a variable of another name",
			   def->name, (size_t)align, sut_verdict_target(verdict));
	else
		return false;
	return true;
}

/* It tells about code, and comes and goes with it. */
static bool is_kernels_own(const struct sut_diff *diff, const struct sut_def *def)
{
	const char *section = diff->after->sections[def->section].name;

	return diff->kernel && (sut_kernel_special(section) || sut_kernel_static(def->name));
}

static void judge_variable(const struct sut_diff *diff, uint32_t index, const char *source,
			   struct sut_verdict *verdict)
{
	const struct sut_def *def = &diff->after->defs[index];
	const struct sut_def *twin;

	if (diff->change[index] == SUT_CHANGE_NEW || sut_def_is_copied(diff->after, def) ||
	    sut_name_is_generated(def->name) || is_kernels_own(diff, def))
		return;
	twin = &diff->before->defs[diff->twins.before[index]];
	const char *evidence = sut_arena_printf(verdict->arena, "%s: %s", source, def->name);

	if ((def->size <= twin->size && judge_memory(diff, twin, def, evidence, verdict)) ||
	    diff->change[index] == SUT_CHANGE_NONE)
		return;

	evidence = sut_arena_printf(verdict->arena, "%s%s", evidence,
				    sut_data_difference(verdict->arena, diff->before, twin,
							diff->after, def));
	/* A rule of its own: nobody can allow code to write beyond the end of a variable. */
	if (def->size > twin->size)
		sut_refuse(verdict, "size", evidence,
			   "%s grows from %zu to %zu bytes, and the running %s has the old one; "
			   "keep the variable as it is, and put what is new into a variable of its "
			   "own or a shadow variable",
			   def->name, (size_t)twin->size, (size_t)def->size,
			   sut_verdict_target(verdict));
	else if (def->size < twin->size)
		sut_refuse(
			verdict, "data", evidence,
			"%s shrinks from %zu to %zu bytes, and the running %s keeps the old one; "
			"keep the variable as it is",
			def->name, (size_t)twin->size, (size_t)def->size,
			sut_verdict_target(verdict));
	else
		sut_refuse(verdict, "data", evidence,
			   "%s has another initial value, which the running %s would not see; "
			   "assign it in a callback of the patch, or leave it out",
			   def->name, sut_verdict_target(verdict));
}

static void judge_function(const struct sut_diff *diff, uint32_t index, const char *source,
			   struct sut_verdict *verdict)
{
	const struct sut_def *def = &diff->after->defs[index];

	if (diff->change[index] == SUT_CHANGE_NONE || def->parent != index)
		return;
	const char *evidence = sut_arena_printf(verdict->arena, "%s: %s", source, def->name);

	const struct sut_special *special =
		diff->kernel ? sut_kernel_special(diff->after->sections[def->section].name) : NULL;

	if (special && special->policy == SUT_SPECIAL_START_UP)
		sut_refuse(verdict, "init", evidence,
			   "%s runs when the kernel or the module starts or ends, which is over or "
			   "must stay as it is; leave it as it is",
			   def->name);
	if (def->type == STT_GNU_IFUNC ||
	    (diff->change[index] == SUT_CHANGE_CHANGED &&
	     diff->before->defs[diff->twins.before[index]].type == STT_GNU_IFUNC))
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

struct name {
	const char *name;
	uint32_t symbol;
};

static int compare_names(const void *a, const void *b)
{
	const struct name *left = a, *right = b;

	return strcmp(left->name, right->name);
}

/* What other units may know: the names of the object's definitions, sorted. */
static struct name *list_names(struct sut_arena *arena, const struct sut_object *object,
			       size_t *count)
{
	struct name *names = sut_arena_array(arena, object->symbol_count, sizeof(*names));

	*count = 0;
	for (size_t i = 0; i < object->symbol_count; i++) {
		const struct sut_symbol *symbol = &object->symbols[i];

		if (symbol->def != SUT_NO_DEF && symbol->bind != STB_LOCAL)
			names[(*count)++] = (struct name){symbol->name, i};
	}
	if (*count)
		qsort(names, *count, sizeof(*names), compare_names);
	return names;
}

/* A type that makes a name stand for more than a place. */
static unsigned char special_type(const struct sut_symbol *symbol)
{
	return symbol->type == STT_GNU_IFUNC || symbol->type == STT_TLS ? symbol->type : STT_NOTYPE;
}

/* Other units of the target call a name by the address that it had when the target was linked. */
static void judge_names(const struct sut_diff *diff, const char *source,
			struct sut_verdict *verdict)
{
	size_t before_count, after_count;
	const struct name *before = list_names(verdict->arena, diff->before, &before_count);
	const struct name *after = list_names(verdict->arena, diff->after, &after_count);

	for (size_t i = 0, j = 0; i < before_count && j < after_count;) {
		int order = strcmp(before[i].name, after[j].name);
		const struct sut_symbol *old = &diff->before->symbols[before[i].symbol];
		const struct sut_symbol *new = &diff->after->symbols[after[j].symbol];

		i += order <= 0;
		j += order >= 0;
		if (order || (diff->twins.before[new->def] == old->def &&
			      special_type(old) == special_type(new)))
			continue;
		sut_refuse(verdict, "alias",
			   sut_arena_printf(verdict->arena, "%s: %s", source, new->name),
			   "%s of %s stands for something else than in the running %s, where the "
			   "other units go by its old place; keep what it stands for",
			   new->name, source, sut_verdict_target(verdict));
	}
}

/* The next section of the list behind the given one, or NULL; NULL begins. */
static const struct sut_section *next_of_list(const struct sut_object *object, const char *name,
					      const struct sut_section *section)
{
	size_t i = section ? section - object->sections + 1 : 1;

	for (; i < object->section_count; i++) {
		section = &object->sections[i];
		if (section->flags & SHF_ALLOC && starts_with(section->name, name))
			return section;
	}
	return NULL;
}

static bool same_entries(const struct sut_diff *diff, const struct sut_section *before,
			 const struct sut_section *after)
{
	if (strcmp(before->name, after->name) != 0 || before->size != after->size ||
	    before->reloc_count != after->reloc_count || !sut_section_same_kind(before, after))
		return false;
	for (size_t i = 0; i < before->reloc_count; i++) {
		const struct sut_reloc *one = &before->relocs[i], *other = &after->relocs[i];
		struct sut_place old = sut_object_place(diff->before, before, one);
		struct sut_place new = sut_object_place(diff->after, after, other);

		if (old.def == SUT_NO_DEF || new.def == SUT_NO_DEF ||
		    diff->twins.after[old.def] != new.def || old.delta != new.delta ||
		    one->offset != other->offset || one->type != other->type)
			return false;
	}
	return true;
}

/* The sections of that name hold the same, in order. */
static bool same_list(const struct sut_diff *diff, const char *name)
{
	const struct sut_section *before = NULL, *after = NULL;

	for (;;) {
		before = next_of_list(diff->before, name, before);
		after = next_of_list(diff->after, name, after);
		if (!before || !after)
			return before == after;
		if (!same_entries(diff, before, after))
			return false;
	}
}

static void judge_lists(const struct sut_diff *diff, const char *source,
			struct sut_verdict *verdict)
{
	static const char *const lists[] = {".preinit_array", ".init_array", ".fini_array",
					    ".ctors", ".dtors"};

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		if (!diff->part && !same_list(diff, lists[i]))
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
static bool is_known(const struct sut_diff *diff, const struct sut_section *section)
{
	static const char *const names[] = {".text",       ".rodata",        ".data",
					    ".bss",        ".tdata",         ".tbss",
					    ".eh_frame",   ".note",          ".comment",
					    ".init_array", ".fini_array",    ".ctors",
					    ".dtors",      ".preinit_array", ".gcc_except_table"};

	if (!(section->flags & SHF_ALLOC) || (diff->kernel && sut_kernel_special(section->name)))
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

		if (is_known(diff, section))
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
	judge_names(diff, source, verdict);
	judge_lists(diff, source, verdict);
	judge_sections(diff, source, verdict);
}
