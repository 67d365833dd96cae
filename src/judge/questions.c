// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Questions that no comparison of code answers, each for a fact that was seen: whoever signs the
 * patch off should have an answer. They say nothing against it.
 */
#include "judge/judge.h"

#include <elf.h>
#include <string.h>

enum { NAMED_MAX = 4 };

/* Calls visit for each relocation of a function, its split-off pieces included. */
static void each_reloc(const struct sut_object *object, uint32_t function,
		       void (*visit)(void *context, const struct sut_object *object,
				     const struct sut_section *section,
				     const struct sut_reloc *reloc),
		       void *context)
{
	for (uint32_t i = 0; i < object->def_count; i++) {
		const struct sut_def *def = &object->defs[i];
		const struct sut_section *section = &object->sections[def->section];

		if (def->parent != function)
			continue;
		for (size_t k = sut_section_reloc(section, def->offset);
		     k < section->reloc_count &&
		     section->relocs[k].offset - def->offset < def->size;
		     k++)
			visit(context, object, section, &section->relocs[k]);
	}
}

/* ---- locks ---- */

struct locks {
	struct sut_arena *arena;
	const char *text; /* the calls in the order of the code */
};

static bool is_lock(const char *name)
{
	static const char *const prefixes[] = {"pthread_mutex_", "pthread_rwlock_",
					       "pthread_spin_",  "sem_wait",
					       "sem_post",       "mtx_",
					       "g_mutex_",       "flock"};

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (!strncmp(name, prefixes[i], strlen(prefixes[i])))
			return true;
	return false;
}

static void note_lock(void *context, const struct sut_object *object,
		      const struct sut_section *section, const struct sut_reloc *reloc)
{
	struct locks *locks = context;
	const char *name = object->symbols[reloc->symbol].name;

	(void)section;
	if (sut_reloc_is_branch(reloc) && is_lock(name))
		locks->text = sut_arena_printf(locks->arena, "%s%s%s", locks->text,
					       *locks->text ? ", " : "", name);
}

static void ask_locks(const struct sut_extract *extract, const struct sut_part *part,
		      uint32_t before, uint32_t after)
{
	struct locks old = {extract->arena, ""}, new = {extract->arena, ""};
	const char *name = part->diff->after->defs[after].name;

	each_reloc(part->diff->before, before, note_lock, &old);
	each_reloc(part->diff->after, after, note_lock, &new);
	if (strcmp(old.text, new.text) != 0)
		sut_ask(extract->verdict, name,
			"%s calls (%s) and did call (%s): while some threads run the old code, do "
			"both "
			"take the same locks in the same order?",
			name, *new.text ? new.text : "no lock", *old.text ? old.text : "no lock");
}

/* ---- variables that the new code relies on ---- */

struct variables {
	struct sut_arena *arena;
	const struct sut_diff *diff;
	uint32_t before; /* the old function */
	size_t count;
	uint32_t noted[NAMED_MAX]; /* of before */
	const char *text;
	uint32_t wanted; /* of before */
	bool found;
};

static void look_for(void *context, const struct sut_object *object,
		     const struct sut_section *section, const struct sut_reloc *reloc)
{
	struct variables *variables = context;

	variables->found |= sut_object_place(object, section, reloc).def == variables->wanted;
}

static void note_variable(void *context, const struct sut_object *object,
			  const struct sut_section *section, const struct sut_reloc *reloc)
{
	struct variables *variables = context;
	struct sut_place place = sut_object_place(object, section, reloc);
	const struct sut_def *def = place.def == SUT_NO_DEF ? NULL : &object->defs[place.def];

	if (!def || sut_def_is_function(def) || sut_def_is_copied(object, def))
		return;
	variables->wanted = variables->diff->twins.before[place.def];
	variables->found = false;
	if (variables->wanted == SUT_NO_DEF || variables->count == NAMED_MAX)
		return;
	for (size_t i = 0; i < variables->count; i++)
		if (variables->noted[i] == variables->wanted)
			return;
	each_reloc(variables->diff->before, variables->before, look_for, variables);
	if (variables->found)
		return;
	variables->noted[variables->count++] = variables->wanted;
	variables->text = sut_arena_printf(variables->arena, "%s%s%s", variables->text,
					   *variables->text ? ", " : "", def->name);
}

static void ask_variables(const struct sut_extract *extract, const struct sut_part *part,
			  uint32_t before, uint32_t after)
{
	struct variables variables = {
		.arena = extract->arena,
		.diff = part->diff,
		.before = before,
		.text = "",
	};
	const char *name = part->diff->after->defs[after].name;

	each_reloc(part->diff->after, after, note_variable, &variables);
	if (*variables.text)
		sut_ask(extract->verdict, name,
			"%s uses %s and did not before: does the new code get along with what the "
			"running %s has put there?",
			name, variables.text, sut_verdict_target(extract->verdict));
}

/* ---- what its name says ---- */

static bool has_word(const char *name, const char *const *words)
{
	for (; *words; words++)
		if (strcasestr(name, *words))
			return true;
	return false;
}

static void ask_meaning(const struct sut_extract *extract, const char *name)
{
	static const char *const orders[] = {"hash", "cmp", "compare", NULL};
	static const char *const formats[] = {"save",    "dump",   "serialize",
					      "marshal", "encode", NULL};

	if (has_word(name, orders))
		sut_ask(extract->verdict, name,
			"%s seems to be a hash or an order: are tables and trees that were built "
			"with "
			"the old one still right with the new one?",
			name);
	if (has_word(name, formats))
		sut_ask(extract->verdict, name,
			"%s seems to write a format: can whoever reads it understand both "
			"versions, "
			"also after a revert?",
			name);
}

static void ask_about_part(const struct sut_extract *extract, const struct sut_part *part)
{
	const struct sut_object *after = part->diff->after;

	for (uint32_t i = 0; i < after->def_count; i++) {
		const struct sut_def *def = &after->defs[i];
		uint32_t before = part->diff->twins.before[i];

		if (part->diff->change[i] == SUT_CHANGE_CHANGED && sut_def_is_function(def) &&
		    def->parent == i && before != SUT_NO_DEF) {
			ask_locks(extract, part, before, i);
			ask_variables(extract, part, before, i);
			ask_meaning(extract, def->name);
		} else if (part->diff->change[i] == SUT_CHANGE_NEW && !sut_def_is_function(def) &&
			   after->sections[def->section].flags & SHF_WRITE &&
			   !sut_section_is_constant(&after->sections[def->section])) {
			sut_ask(extract->verdict, def->name,
				"%s is a new variable, which the patch brings: is its initial "
				"value "
				"right in the middle of the program's life, and again after a "
				"revert "
				"and another apply?",
				def->name);
		}
	}
}

void sut_questions_ask(const struct sut_extract *extract)
{
	for (size_t i = 0; i < extract->part_count; i++)
		if (!extract->parts[i].beside)
			ask_about_part(extract, &extract->parts[i]);
}
