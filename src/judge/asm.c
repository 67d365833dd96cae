// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Code that an assembler statement defines, in a unit of C. The compiler knows nothing of it: not
 * which registers it uses, not where it jumps to, not who calls it; so nothing that holds for
 * compiled functions can be taken for granted. The debugging information does not have it.
 */
#include "judge/judge.h"

#include <string.h>

/* A name that only a compiler of C++ writes. Its DWARF has none of them for functions that other
 * units do not see, nor for those that are not in the source. */
static bool is_mangled(const char *name)
{
	return !strncmp(name, "_Z", 2) || !strncmp(name, "_GLOBAL__", 9);
}

/* The DWARF has the function, by any of its names and whatever the compiler appended to it. */
static bool is_compiled(const struct sut_judging *judging, const struct sut_object *object,
			uint32_t def)
{
	for (size_t i = 0; i < object->symbol_count; i++) {
		const char *name = object->symbols[i].name;

		if (object->symbols[i].def != def)
			continue;
		if (is_mangled(name))
			return true;
		name = sut_arena_strndup(judging->verdict->arena, name, strcspn(name, "."));
		if (sut_types_function(judging->after, name))
			return true;
	}
	return false;
}

void sut_asm_judge(const struct sut_judging *judging)
{
	const struct sut_part *part = sut_judging_part(judging, NULL);
	const struct sut_object *after = part ? part->diff->after : NULL;

	for (uint32_t i = 0; part && i < after->def_count; i++) {
		const struct sut_def *def = &after->defs[i];

		if (!sut_def_is_function(def) || def->parent != i ||
		    part->diff->change[i] == SUT_CHANGE_NONE || is_compiled(judging, after, i))
			continue;
		sut_refuse(judging->verdict, "asm",
			   sut_arena_printf(judging->verdict->arena, "%s: %s",
					    judging->unit->source, def->name),
			   "%s is defined by an assembler statement, of which nothing is known; "
			   "leave it as it is, or write it in C",
			   def->name);
	}
}
