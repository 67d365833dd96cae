// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The tables that the kernel reads when it starts, or when a module is loaded: exported symbols,
 * parameters, calls to be made, system calls, trace events. A livepatch that had new entries in
 * them would have them for itself, and never those of the object that it patches.
 */
#include "kernel/create/units.h"
#include "base/guard.h"

#include <stdlib.h>
#include <string.h>

static bool starts_with(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

struct table {
	const char *section; /* what the section's name begins with */
	const char *rule;
	const char *what; /* "NAME: " */
};

static const struct table tables[] = {
	{.section = "___ksymtab",
	 .rule = "export",
	 .what = "the patch changes whether modules may use it, and the running kernel's table of "
		 "exports stays as it is; leave EXPORT_SYMBOL as it is"},
	{.section = ".initcall",
	 .rule = "initcall",
	 .what = "a function that is called when the kernel starts, which is over; do its work in "
		 "a callback of the patch"},
	{.section = "__param",
	 .rule = "param",
	 .what = "a parameter of the kernel or the module comes, goes or changes, and parameters "
		 "are read when it is loaded; use a constant, or a variable that a callback sets"},
	{.section = "__syscalls_metadata",
	 .rule = "syscall",
	 .what = "a system call comes or goes, and the kernel's table of them stays as it is; "
		 "leave it out"},
	{.section = "_ftrace_events",
	 .rule = "tracepoint",
	 .what = "a trace event comes or goes, and the kernel knows those that it started with; "
		 "leave it out"},
	{.section = "__tracepoints_ptrs",
	 .rule = "tracepoint",
	 .what = "a tracepoint comes or goes, and the kernel knows those that it started with; "
		 "leave it out"},
};

struct names {
	struct sut_arena *arena;
	size_t count, capacity;
	const char **list;
};

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* What the entries of the table are about: the functions and variables that they name, each once.
 * Strings have no name, and what macros number is not the same name twice. */
static struct names names_in(struct sut_arena *arena, const struct sut_object *object,
			     const char *table)
{
	struct names names = {.arena = arena};
	size_t kept = 0;

	for (size_t i = 1; i < object->section_count; i++) {
		const struct sut_section *section = &object->sections[i];

		if (!starts_with(section->name, table))
			continue;
		for (size_t k = 0; k < section->reloc_count; k++) {
			struct sut_place place =
				sut_object_place(object, section, &section->relocs[k]);
			const char *name = place.def != SUT_NO_DEF
						   ? object->defs[place.def].name
						   : object->symbols[place.symbol].name;

			if (*name && *name != '.')
				SUT_PUSH(arena, names.list, names.count, names.capacity) =
					sut_name_normal(arena, name);
		}
	}
	if (names.count)
		qsort(names.list, names.count, sizeof(*names.list), compare_names);
	for (size_t i = 0; i < names.count; i++)
		if (!kept || strcmp(names.list[kept - 1], names.list[i]) != 0)
			names.list[kept++] = names.list[i];
	names.count = kept;
	return names;
}

static const char *missing_in(struct names *from, struct names *in, const char *text)
{
	for (size_t i = 0; i < from->count; i++)
		if (!in->count ||
		    !bsearch(&from->list[i], in->list, in->count, sizeof(*in->list), compare_names))
			text = sut_arena_printf(from->arena, "%s%s%s", text, *text ? ", " : "",
						from->list[i]);
	return text;
}

void sut_kernel_judge_tables(const struct sut_unit *unit, const struct sut_diff *diff,
			     struct sut_verdict *verdict)
{
	for (size_t i = 0; i < SUT_ARRAY_SIZE(tables); i++) {
		const struct table *table = &tables[i];
		struct names before = names_in(verdict->arena, diff->before, table->section);
		struct names after = names_in(verdict->arena, diff->after, table->section);
		const char *names = missing_in(&after, &before, missing_in(&before, &after, ""));

		if (*names)
			sut_refuse(verdict, table->rule,
				   sut_arena_printf(verdict->arena, "%s: %s", unit->source,
						    table->section),
				   "%s: %s", names, table->what);
	}
}
