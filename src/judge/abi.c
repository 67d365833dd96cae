// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Functions that are called in another way than before: other parameters, another result, or they
 * return now and did not.
 *
 * Callers in recompiled units know it: either their code differs, and they are replaced, or it fits
 * both. What is left are those that were not recompiled: code of other units in the target that
 * calls the function directly, code that has its address, and other objects that import it. The
 * debugging information has the prototypes, the target's bytes have the callers.
 */
#include "proof/callers.h"
#include "judge/judge.h"

#include <string.h>

/* ---- who was compiled with the new prototype ---- */

static bool covers(const struct sut_proof *proof, uint64_t address)
{
	for (size_t i = 0; i < proof->object->def_count; i++) {
		const struct sut_proof_def *def = &proof->defs[i];

		if (def->state == SUT_PROOF_EQUAL && address - def->address < def->size)
			return true;
	}
	return false;
}

/* The unit has no changed function, and so was not looked for in the target yet. */
static bool unchanged_covers(const struct sut_judging *judging, const struct sut_unit *unit,
			     const struct sut_target *target, uint64_t address)
{
	struct sut_arena *arena = judging->verdict->arena;
	struct sut_object object;
	struct sut_proof proof;
	struct sut_diag ignored;

	if (sut_object_load(arena, unit->before, &object, &ignored))
		return false;
	sut_proof_run(arena, &object, target, NULL, &proof);
	return covers(&proof, address);
}

static bool is_recompiled(const struct sut_judging *judging, const struct sut_target *target,
			  uint64_t address)
{
	const struct sut_extract *extract = judging->extract;

	for (size_t i = 0; i < extract->part_count; i++) {
		const struct sut_part *part = &extract->parts[i];

		if (part->proof->target == target && covers(part->proof, address))
			return true;
	}
	for (size_t i = 0; i < judging->unit_count; i++) {
		const struct sut_judging other = {
			.extract = extract,
			.unit = &judging->units[i],
		};

		if (!sut_judging_part(&other, NULL) &&
		    unchanged_covers(judging, other.unit, target, address))
			return true;
	}
	return false;
}

/* ---- who calls it the old way ---- */

static const char *direct_caller(const struct sut_judging *judging, const struct sut_target *target,
				 uint64_t entry)
{
	struct sut_arena *arena = judging->verdict->arena;
	size_t count;
	uint64_t *callers = sut_callers_find(arena, target, entry, &count);

	for (size_t i = 0; i < count; i++) {
		const struct sut_target_symbol *caller = sut_target_function_at(target, callers[i]);

		if (is_recompiled(judging, target, callers[i]))
			continue;
		if (caller)
			return sut_arena_printf(arena, "%s, which is not recompiled", caller->name);
		return sut_arena_printf(arena, "code at 0x%llx of %s, which is not recompiled",
					(unsigned long long)callers[i], target->name);
	}
	return NULL;
}

static const char *old_caller(const struct sut_judging *judging, const struct sut_patch_func *func)
{
	struct sut_target *target = judging->extract->targets[func->object];

	if (sut_callers_may_import(target, func->name))
		return sut_arena_printf(judging->verdict->arena, "callers in objects that use %s",
					target->name);
	if (sut_callers_have_pointer(judging->extract->arena, target, func->pieces[0].address))
		return "whoever has a pointer to it";
	return direct_caller(judging, target, func->pieces[0].address);
}

/* ---- the verdict ---- */

static bool is_changed(const struct sut_type_function *old, const struct sut_type_function *new)
{
	return strcmp(old->calling, new->calling) != 0 || (old->noreturn && !new->noreturn);
}

/* The function of the patch is the unit's, and not another unit's of its name. */
static bool is_units(const struct sut_judging *judging, const struct sut_patch_func *func)
{
	const struct sut_part *part = NULL;

	while ((part = sut_judging_part(judging, part))) {
		uint32_t def = sut_object_def(part->proof->object, func->name);

		if (part->object == func->object && def != SUT_NO_DEF &&
		    part->proof->defs[def].address == func->pieces[0].address)
			return true;
	}
	return false;
}

static void judge_func(const struct sut_judging *judging, const struct sut_patch_func *func)
{
	const struct sut_type_function *old = sut_types_function(judging->before, func->name);
	const struct sut_type_function *new = sut_types_function(judging->after, func->name);
	const char *caller, *returns;

	if (!old || !new || !is_changed(old, new) || !is_units(judging, func))
		return;
	caller = old_caller(judging, func);
	if (!caller)
		return;
	returns = old->noreturn && !new->noreturn ? "\nit returns now, and did not" : "";
	sut_refuse(
		judging->verdict, "abi",
		sut_arena_printf(judging->verdict->arena, "%s -> %s (%s)%s\ncalled by: %s",
				 old->prototype, new->prototype, new->place, returns, caller),
		"%s: the patch changes how it is called, and %s would call it the old way; leave "
		"it as it is, and add a function of another name",
		func->name, caller);
}

void sut_abi_judge(const struct sut_judging *judging)
{
	const struct sut_patch *patch = judging->extract->patch;

	for (size_t i = 0; i < patch->func_count; i++)
		if (patch->funcs[i].kind == SUT_PATCH_FUNC_CHANGED)
			judge_func(judging, &patch->funcs[i]);
}
