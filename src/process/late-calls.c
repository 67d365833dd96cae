// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Callbacks and destructors of a late object run in the loader's call: before the object has been
 * relocated, or when it is not there any more. So nothing that they reach may need the object, and
 * what they import is not bound through its slots but here, to what the program began with, for
 * that stays.
 */
#include "process/dynamic.h"
#include "process/late.h"

#include <string.h>

struct search {
	const struct sut_patch *patch;
	struct sut_late_calls *calls;
	uint32_t *stack; /* sections that are still to be looked through */
	size_t depth;
};

static void reach(struct search *s, uint32_t symbol)
{
	const struct sut_patch_symbol *to = &s->patch->symbols[symbol];

	s->calls->symbols[symbol] = true;
	if (to->kind != SUT_PATCH_SYMBOL_OWN || s->calls->sections[to->section])
		return;
	s->calls->sections[to->section] = true;
	s->stack[s->depth++] = to->section;
}

static void begin(struct search *s, uint32_t symbol)
{
	if (symbol != SUT_PATCH_NONE)
		reach(s, symbol);
}

static void begin_set(struct search *s, const struct sut_patch_callbacks *callbacks)
{
	for (int i = 0; i < SUT_PATCH_CALLBACKS; i++)
		begin(s, callbacks->symbols[i]);
}

static void begin_addition(struct search *s, const struct sut_patch_addition *a)
{
	begin_set(s, &a->callbacks);
	for (size_t i = 0; i < a->set_count; i++)
		begin_set(s, &a->sets[i].callbacks);
	for (size_t i = 0; i < a->type_count; i++)
		begin(s, a->types[i].dtor);
}

/* Where the code of additions begins that are (or are not) of the object. */
static void find(struct sut_arena *arena, const struct sut_patch *patch, uint32_t object, bool its,
		 bool all, struct sut_late_calls *calls)
{
	struct search s = {.patch = patch, .calls = calls};

	calls->sections = sut_arena_array(arena, patch->section_count, sizeof(bool));
	calls->symbols = sut_arena_array(arena, patch->symbol_count, sizeof(bool));
	s.stack = sut_arena_array(arena, patch->section_count, sizeof(s.stack[0]));
	for (size_t i = 0; i < patch->additions.count; i++)
		if ((patch->additions.list[i].object == object) == its)
			begin_addition(&s, &patch->additions.list[i]);
	while (all && s.depth) {
		const struct sut_patch_section *section = &patch->sections[s.stack[--s.depth]];

		for (size_t i = 0; i < section->reloc_count; i++)
			reach(&s, section->relocs[i].symbol);
	}
}

void sut_late_calls_find(struct sut_arena *arena, const struct sut_patch *patch, uint32_t object,
			 struct sut_late_calls *calls)
{
	find(arena, patch, object, true, true, calls);
}

/* Of the target's object, or of none: what is there from the program's start to its end. */
static bool stays(const struct sut_target *target, uint64_t address)
{
	for (size_t i = 0; i < target->object_count; i++) {
		const struct sut_object *o = &target->objects[i];

		if (address >= o->low && address < o->high)
			return o->executable ||
			       (o->dynamic && !sut_dynamic_came_later(target, o->dynamic));
	}
	return false;
}

/* Why nothing that is called may refer to the symbol, or NULL. */
static const char *judge(const struct sut_target *target, const struct sut_patch *patch,
			 const struct sut_patch_symbol *symbol, uint32_t object)
{
	static const char *const loaders[] = {"dlopen", "dlmopen", "dlclose"};
	struct sut_diag ignored = {0};
	uint64_t address;

	switch (symbol->kind) {
	case SUT_PATCH_SYMBOL_OWN:
		return patch->sections[symbol->section].object == object
			       ? NULL
			       : "is beside another object of the patch";
	case SUT_PATCH_SYMBOL_RUNTIME:
		return NULL;
	case SUT_PATCH_SYMBOL_TARGET:
		return patch->objects[symbol->object].executable
			       ? NULL
			       : "belongs to an object that comes and goes";
	case SUT_PATCH_SYMBOL_IMPORT:
		for (size_t i = 0; i < sizeof(loaders) / sizeof(loaders[0]); i++)
			if (strcmp(symbol->name, loaders[i]) == 0)
				return "would call the loader within its own work";
		if (sut_dynamic_resolve(target, symbol->name, &address, &ignored) != SUT_OK)
			return "is not found in what the program has loaded";
		return stays(target, address) ? NULL : "is in a library that may go";
	}
	return "is not known";
}

static enum sut_rc refuse(const struct sut_target *target, const struct sut_patch *patch,
			  uint32_t object, const char *symbol, const char *why,
			  struct sut_diag *diag)
{
	sut_fail(diag, SUT_UNSUPPORTED, "late",
		 "process %d (%s): it has not loaded %s yet, and the patch's callbacks for it "
		 "would run while it is loaded and unloaded: %s %s",
		 target->pid, target->name, patch->objects[object].name, symbol, why);
	sut_remedy(diag, "Apply the patch when the program has loaded %s.",
		   patch->objects[object].name);
	return SUT_UNSUPPORTED;
}

/* What is not called for the object may lie beside it no more than what is called elsewhere. */
static const char *misplaced(struct sut_arena *arena, const struct sut_patch *patch,
			     uint32_t object)
{
	uint32_t states = patch->additions.abi ? patch->additions.states_symbol : SUT_PATCH_NONE;
	struct sut_late_calls others;

	if (states != SUT_PATCH_NONE && patch->symbols[states].kind == SUT_PATCH_SYMBOL_OWN &&
	    patch->sections[patch->symbols[states].section].object == object)
		return "suture_states";
	find(arena, patch, object, false, false, &others);
	for (size_t i = 0; i < patch->symbol_count; i++)
		if (others.symbols[i] && patch->symbols[i].kind == SUT_PATCH_SYMBOL_OWN &&
		    patch->sections[patch->symbols[i].section].object == object)
			return patch->symbols[i].name;
	return NULL;
}

static bool has_change(const struct sut_patch *patch, uint32_t object)
{
	for (size_t i = 0; i < patch->func_count; i++)
		if (patch->funcs[i].object == object &&
		    patch->funcs[i].kind == SUT_PATCH_FUNC_CHANGED)
			return true;
	return false;
}

enum sut_rc sut_late_calls_check(const struct sut_target *target, struct sut_arena *arena,
				 const struct sut_patch *patch, uint32_t object,
				 struct sut_diag *diag)
{
	const char *name = misplaced(arena, patch, object);
	struct sut_late_calls calls;
	bool any = false;

	if (name)
		return refuse(target, patch, object, name,
			      "is needed before, and lies beside it (create it with --beside)",
			      diag);
	sut_late_calls_find(arena, patch, object, &calls);
	for (size_t i = 0; i < patch->symbol_count; i++) {
		const struct sut_patch_symbol *symbol = &patch->symbols[i];
		const char *why;

		if (!calls.symbols[i])
			continue;
		any = true;
		why = judge(target, patch, symbol, object);
		if (why)
			return refuse(target, patch, object,
				      symbol->name && *symbol->name ? symbol->name : "a section",
				      why, diag);
	}
	if (any && !has_change(patch, object))
		return refuse(target, patch, object, patch->objects[object].name,
			      "has no function that the patch changes", diag);
	if (any && !sut_late_fail(target))
		return refuse(target, patch, object, "the dynamic loader",
			      "cannot be made to refuse it", diag);
	return SUT_OK;
}

/*
 * The loader calls it by its imports, as ours: so it is the one that knows where to go on. Loaders
 * that announce objects when they have relocated them are another matter; the first of those came
 * with sched_setattr().
 */
uint64_t sut_late_fail(const struct sut_target *target)
{
	uint64_t debug = sut_dynamic_debug(target), words[3], address, size, ignored;
	static const char *const name[] = {"_dl_signal_error", NULL};

	if (!debug || !sut_target_read(target, debug, words, sizeof(words)) ||
	    !sut_dynamic_function(target, name[0], &address, &size) ||
	    sut_dynamic_function(target, "sched_setattr", &ignored, &size))
		return 0;
	for (size_t i = 0; i < target->object_count; i++) {
		const struct sut_object *loader = &target->objects[i];

		if (words[2] >= loader->low && words[2] < loader->high)
			return (address >= loader->low && address < loader->high) ||
					       sut_dynamic_imports(target, loader, name)
				       ? address
				       : 0;
	}
	return 0;
}
