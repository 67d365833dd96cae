// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Types whose layout the patch changes.
 *
 * After the switch old values are read by new code. That goes wrong when a structure that a value
 * was made with looks different now, and no comparison of functions shows it: the new code is right
 * in itself. So the DWARF of both sides is compared, type by type.
 *
 * A changed type does no harm only when all its values die before the switch: when they are
 * automatic variables, whose frames never mix old and new code. That is taken for granted only if
 * nobody can have kept one: no pointer to the type exists in the unit, no variable with static
 * storage holds it, and it is no part of a type of which that is not true. gcc leaves types that a
 * unit does not use out of its DWARF, so a header's types do not get in the way.
 */
#include "create/create.h"
#include "create/types.h"
#include "base/guard.h"

#include <string.h>

enum { DIFFERENCES_MAX = 4, PARTS_DEPTH = 32 };

struct judging {
	struct sut_verdict *verdict;
	const struct sut_types *before;
	const struct sut_types *after;
};

static const struct sut_type_member *find_member(const struct sut_type *type, const char *name)
{
	for (size_t i = 0; i < type->member_count; i++)
		if (strcmp(type->members[i].name, name) == 0)
			return &type->members[i];
	return NULL;
}

struct differences {
	struct sut_arena *arena;
	const char *text;
	size_t count;
};

static void add(struct differences *differences, const char *place, const char *what)
{
	differences->count++;
	if (differences->count > DIFFERENCES_MAX)
		return;
	differences->text = sut_arena_printf(differences->arena, "%s%s%s%s%s%s", differences->text,
					     *differences->text ? "\n" : "", what,
					     *place ? " (" : "", place, *place ? ")" : "");
}

static void compare_member(struct differences *differences, const struct sut_type *type,
			   const struct sut_type_member *old, const struct sut_type_member *new)
{
	struct sut_arena *arena = differences->arena;

	if (!old)
		add(differences, new->place,
		    sut_arena_printf(arena, "%s: new member %s at %llu", type->name, new->name,
				     (unsigned long long)new->bit / 8));
	else if (!new)
		add(differences, old->place,
		    sut_arena_printf(arena, "%s: member %s at %llu is gone", type->name, old->name,
				     (unsigned long long)old->bit / 8));
	else if (old->bit != new->bit)
		add(differences, new->place,
		    sut_arena_printf(arena, "%s: member %s at %llu -> %llu", type->name, old->name,
				     (unsigned long long)old->bit / 8,
				     (unsigned long long)new->bit / 8));
	else if (strcmp(old->type, new->type) != 0 || old->bit_size != new->bit_size)
		add(differences, new->place,
		    sut_arena_printf(arena, "%s: member %s: %s -> %s", type->name, old->name,
				     old->type, new->type));
}

/* What differs between two types of one name; the evidence has the first few. */
static struct differences compare_types(struct sut_arena *arena, const struct sut_type *old,
					const struct sut_type *new)
{
	struct differences differences = {.arena = arena, .text = ""};

	if (old->size != new->size)
		add(&differences, new->place,
		    sut_arena_printf(arena, "%s: %llu -> %llu bytes", old->name,
				     (unsigned long long)old->size, (unsigned long long)new->size));
	/* New members first: they are the cause, what moves behind them is the effect. */
	for (size_t i = 0; i < new->member_count; i++)
		if (!find_member(old, new->members[i].name))
			compare_member(&differences, old, NULL, &new->members[i]);
	for (size_t i = 0; i < old->member_count; i++)
		compare_member(&differences, old, &old->members[i],
			       find_member(new, old->members[i].name));
	if (differences.count > DIFFERENCES_MAX)
		differences.text = sut_arena_printf(arena, "%s\nand %zu more", differences.text,
						    differences.count - DIFFERENCES_MAX);
	return differences;
}

static bool holds(const struct sut_types *types, const struct sut_type *type, const char *name,
		  unsigned int depth)
{
	for (size_t i = 0; i < type->part_count && depth < PARTS_DEPTH; i++) {
		const struct sut_type *part = sut_types_find(types, type->parts[i]);

		if (strcmp(type->parts[i], name) == 0 ||
		    (part && holds(types, part, name, depth + 1)))
			return true;
	}
	return false;
}

/* Why values of a type may be there after the switch; NULL when none can. */
static const char *life_of(const struct judging *judging, const struct sut_type *type)
{
	struct sut_arena *arena = judging->verdict->arena;

	for (size_t i = 0; i < judging->before->count; i++) {
		const struct sut_type *outer = &judging->before->list[i];
		const char *in =
			outer == type ? "" : sut_arena_printf(arena, " in %s", outer->name);

		if (!outer->pointed && !outer->variable)
			continue;
		if (outer != type && !holds(judging->before, outer, type->name, 0))
			continue;
		if (outer->variable)
			return sut_arena_printf(arena, "variable %s has it%s", outer->variable, in);
		return sut_arena_printf(arena, "pointers lead to it%s", in);
	}
	return NULL;
}

/* The same type is reported once, however many units show it. */
static bool is_reported(const struct sut_verdict *verdict, const char *evidence)
{
	for (size_t i = 0; i < verdict->refusal_count; i++)
		if (strcmp(verdict->refusals[i].evidence, evidence) == 0)
			return true;
	return false;
}

static void judge_types(struct judging *judging)
{
	for (size_t i = 0; i < judging->before->count; i++) {
		const struct sut_type *old = &judging->before->list[i];
		const struct sut_type *new = sut_types_find(judging->after, old->name);
		struct differences differences;
		const char *life, *evidence;

		if (!new)
			continue;
		differences = compare_types(judging->verdict->arena, old, new);
		life = differences.count ? life_of(judging, old) : NULL;
		if (!life)
			continue;
		evidence =
			sut_arena_printf(judging->verdict->arena, "%s\n%s", differences.text, life);
		if (!is_reported(judging->verdict, evidence))
			sut_refuse(
				judging->verdict, "layout", evidence,
				"%s: the patch changes its layout, and the running program has "
				"values of the old one; keep new members in shadow variables, or "
				"restart the program with the fix",
				old->name);
	}
}

/* Values of enumerations are numbers in memory; a new name among them changes nothing. */
static void judge_constants(struct judging *judging)
{
	for (size_t i = 0; i < judging->before->constant_count; i++) {
		const struct sut_type_constant *old = &judging->before->constants[i];
		const struct sut_type_constant *new = sut_types_constant(judging->after, old->name);
		const char *evidence;

		if (!new || new->value == old->value)
			continue;
		evidence = sut_arena_printf(judging->verdict->arena, "%s: %lld -> %lld (%s)",
					    old->name, (long long)old->value, (long long)new->value,
					    new->place);
		if (!is_reported(judging->verdict, evidence))
			sut_refuse(judging->verdict, "layout", evidence,
				   "%s: the patch gives it another value, and the running program "
				   "may have stored the old one; add new enumerators at the end",
				   old->name);
	}
}

enum sut_rc sut_layout_judge(struct sut_arena *arena, const struct sut_unit *units,
			     size_t unit_count, const struct sut_patch *patch,
			     struct sut_verdict *verdict, struct sut_diag *diag)
{
	(void)arena;
	/* Without a changed function nothing reads old values in a new way. */
	for (size_t i = 0; i < unit_count && patch->func_count; i++) {
		SUT_ARENA struct sut_arena scratch = {0};
		struct sut_types before, after;
		struct judging judging = {verdict, &before, &after};
		enum sut_rc rc = sut_types_read(&scratch, units[i].before, &before, diag);

		if (rc == SUT_OK)
			rc = sut_types_read(&scratch, units[i].after, &after, diag);
		if (rc)
			return sut_context(diag, rc, "while reading the types of %s",
					   units[i].source);
		judge_types(&judging);
		judge_constants(&judging);
	}
	return SUT_OK;
}
