// SPDX-License-Identifier: GPL-2.0-or-later
#include "source/facts.h"

#include <dwarf.h>
#include <elfutils/libdwfl.h>
#include <stdlib.h>
#include <string.h>

const char *sut_facts_base(struct sut_arena *arena, const char *name)
{
	size_t length = strcspn(name, ".");

	return name[length] && length ? sut_arena_strndup(arena, name, length) : name;
}

bool sut_facts_has(const struct sut_object *object, const char *name, bool function)
{
	uint32_t def = sut_object_def(object, name);

	return def != SUT_NO_DEF && sut_def_is_function(&object->defs[def]) == function;
}

void sut_facts_add_inlined(struct sut_facts *facts, const char *host, const char *callee)
{
	/* What the compiler split in two is "inlined" into itself. */
	if (strcmp(host, callee) == 0)
		return;
	for (size_t i = 0; i < facts->inlined_count; i++) {
		const struct sut_inlined *known = &facts->inlined[i];

		if (strcmp(known->host, host) == 0 && strcmp(known->callee, callee) == 0)
			return;
	}
	SUT_PUSH(facts->arena, facts->inlined, facts->inlined_count, facts->inlined_capacity) =
		(struct sut_inlined){sut_arena_strdup(facts->arena, host),
				     sut_arena_strdup(facts->arena, callee)};
}

static const char *name_of(Dwarf_Die *die)
{
	Dwarf_Attribute attribute;

	return dwarf_formstring(dwarf_attr_integrate(die, DW_AT_name, &attribute));
}

/* The inlined calls in the code of a function, those in inlined code as well. */
static void read_code(struct sut_facts *facts, Dwarf_Die *die, const char *host)
{
	Dwarf_Die child;

	if (dwarf_child(die, &child))
		return;
	do {
		int tag = dwarf_tag(&child);

		if (tag == DW_TAG_inlined_subroutine && name_of(&child))
			sut_facts_add_inlined(facts, host, name_of(&child));
		if (tag == DW_TAG_inlined_subroutine || tag == DW_TAG_lexical_block)
			read_code(facts, &child, host);
	} while (!dwarf_siblingof(&child, &child));
}

static void read_unit(struct sut_facts *facts, Dwarf_Die *unit)
{
	Dwarf_Die child;

	if (dwarf_child(unit, &child))
		return;
	do {
		if (dwarf_tag(&child) == DW_TAG_subprogram && name_of(&child) &&
		    (dwarf_hasattr(&child, DW_AT_low_pc) || dwarf_hasattr(&child, DW_AT_ranges)))
			read_code(facts, &child, name_of(&child));
	} while (!dwarf_siblingof(&child, &child));
}

static void dwfl_guard(Dwfl **dwfl)
{
	dwfl_end(*dwfl);
}

static enum sut_rc read_dwarf(struct sut_facts *facts, const char *path, struct sut_diag *diag)
{
	static const Dwfl_Callbacks callbacks = {
		.find_elf = dwfl_build_id_find_elf,
		.find_debuginfo = dwfl_standard_find_debuginfo,
		.section_address = dwfl_offline_section_address,
	};
	__attribute__((cleanup(dwfl_guard))) Dwfl *dwfl = dwfl_begin(&callbacks);
	Dwfl_Module *module = dwfl ? dwfl_report_offline(dwfl, path, path, -1) : NULL;
	Dwarf_Die *unit = NULL;
	Dwarf_Addr bias;

	if (!module || dwfl_report_end(dwfl, NULL, NULL) || !dwfl_module_getdwarf(module, &bias))
		return sut_fail(diag, SUT_SYSTEM, "layout", "%s: no debugging information: %s",
				path, dwfl_errmsg(-1));
	while ((unit = dwfl_module_nextcu(module, unit, &bias)))
		read_unit(facts, unit);
	return SUT_OK;
}

enum sut_rc sut_facts_read(struct sut_arena *arena, const struct sut_unit *unit,
			   struct sut_facts *facts, struct sut_diag *diag)
{
	enum sut_rc rc;

	*facts = (struct sut_facts){.arena = arena};
	rc = sut_object_load(arena, unit->before, &facts->before, diag);
	if (rc == SUT_OK)
		rc = sut_object_load(arena, unit->after, &facts->after, diag);
	if (rc)
		return sut_context(diag, rc, "while comparing %s", unit->source);
	sut_diff_run(arena, &facts->before, &facts->after, &facts->diff);
	return read_dwarf(facts, unit->after, diag);
}

/* Marks the functions whose code refers to a definition. */
static bool mark_users(const struct sut_object *object, uint32_t def, bool *marked)
{
	bool more = false;

	for (size_t i = 1; i < object->section_count; i++) {
		const struct sut_section *section = &object->sections[i];

		for (size_t k = 0; k < section->reloc_count; k++) {
			struct sut_place place =
				sut_object_place(object, section, &section->relocs[k]);
			uint32_t user = sut_section_def(object, section, section->relocs[k].offset);

			if (place.def != def || user == SUT_NO_DEF ||
			    !sut_def_is_function(&object->defs[user]))
				continue;
			user = object->defs[user].parent;
			more |= !marked[user];
			marked[user] = true;
		}
	}
	return more;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void sut_facts_roots(const struct sut_facts *facts, size_t *count, const char ***names)
{
	const struct sut_object *after = &facts->after;
	bool *marked = sut_arena_array(facts->arena, after->def_count, sizeof(*marked));
	size_t capacity = 0, kept = 0;
	bool more = true;

	for (size_t i = 0; i < after->def_count; i++)
		marked[i] = sut_def_is_function(&after->defs[i]) && after->defs[i].parent == i &&
			    facts->diff.change[i] == SUT_CHANGE_CHANGED;
	while (more) {
		more = false;
		for (uint32_t i = 0; i < after->def_count; i++)
			if (marked[i] && strchr(after->defs[i].name, '.'))
				more |= mark_users(after, i, marked);
	}
	*names = NULL;
	*count = 0;
	for (size_t i = 0; i < after->def_count; i++)
		if (marked[i] && sut_facts_has(&facts->before, after->defs[i].name, true) &&
		    !strchr(after->defs[i].name, '.'))
			SUT_PUSH(facts->arena, *names, *count, capacity) = after->defs[i].name;
	if (*count)
		qsort(*names, *count, sizeof(**names), compare_names);
	for (size_t i = 0; i < *count; i++)
		if (!kept || strcmp((*names)[kept - 1], (*names)[i]) != 0)
			(*names)[kept++] = (*names)[i];
	*count = kept;
}

static const char *add_to_list(struct sut_arena *arena, const char *list, const char *name)
{
	return sut_arena_printf(arena, "%s%s%s", list, *list ? ", " : "", name);
}

const char *sut_facts_note(const struct sut_facts *facts, const char *name)
{
	struct sut_arena *arena = facts->arena;
	const char *holds = "", *hosts = "", *clones = "", *note = "";
	size_t length = strlen(name);

	for (size_t i = 0; i < facts->inlined_count; i++) {
		const struct sut_inlined *inlined = &facts->inlined[i];

		if (strcmp(inlined->host, name) == 0)
			holds = add_to_list(arena, holds, inlined->callee);
		if (strcmp(inlined->callee, name) == 0)
			hosts = add_to_list(arena, hosts, inlined->host);
	}
	for (size_t i = 0; i < facts->after.def_count; i++) {
		const char *clone = facts->after.defs[i].name;

		if (strncmp(clone, name, length) == 0 && clone[length] == '.' &&
		    sut_def_is_function(&facts->after.defs[i]))
			clones = add_to_list(arena, clones, clone);
	}
	if (*holds)
		note = sut_arena_printf(arena, "%sinlined here: %s\n", note, holds);
	if (*hosts)
		note = sut_arena_printf(arena, "%sinlined into: %s\n", note, hosts);
	if (*clones)
		note = sut_arena_printf(arena, "%ssplit or cloned as: %s\n", note, clones);
	if (!sut_facts_has(&facts->after, name, true))
		note = sut_arena_printf(arena, "%sremoved: no code of its own is left\n", note);
	return note;
}
