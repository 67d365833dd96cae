// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Types whose layout the patch changes.
 *
 * After the switch old values are read by new code. That goes wrong when a structure that a value
 * was made with looks different now, and no comparison of functions shows it: the new code is right
 * in itself. So the DWARF of both sides is compared, type by type.
 *
 * A changed type does no harm when all its values die before the switch. That is so when they live
 * only in frames of functions that the patch replaces: a thread goes over when no such frame is on
 * its stack. What would let a value live on is looked for: a variable with static storage, a member
 * or a local pointer that leads to it (which may lead to the heap), a function that returns its
 * address; a frame of a function that is not replaced; a library's function that takes it from
 * programs which were compiled with the old one; any of this for a type that holds it. A type that
 * no frame of the unit holds is made elsewhere, or by casts, and lives.
 *
 * gcc leaves types that a unit does not use out of its DWARF, so a header's types do not get in the
 * way.
 */
#include "proof/callers.h"
#include "judge/judge.h"
#include "base/guard.h"

#include <string.h>

enum { DIFFERENCES_MAX = 4, PARTS_DEPTH = 32, NAMED_MAX = 3 };

/* ---- what differs ---- */

struct differences {
	struct sut_arena *arena;
	const char *text;
	size_t count;
	size_t other;      /* those that are not about new members */
	const char *added; /* "c (4 bytes), d (8 bytes)" */
	uint64_t added_size;
};

static const struct sut_type_member *find_member(const struct sut_type *type, const char *name)
{
	for (size_t i = 0; i < type->member_count; i++)
		if (strcmp(type->members[i].name, name) == 0)
			return &type->members[i];
	return NULL;
}

static void add(struct differences *differences, const char *place, const char *what)
{
	differences->count++;
	if (differences->count > DIFFERENCES_MAX)
		return;
	differences->text = sut_arena_printf(differences->arena, "%s%s%s%s%s%s", differences->text,
					     *differences->text ? "\n" : "", what,
					     *place ? " (" : "", place, *place ? ")" : "");
}

/* "16", or "16:3" in a bit-field's byte. */
static const char *offset_of(struct sut_arena *arena, const struct sut_type_member *member)
{
	unsigned long long byte = member->bit / 8;

	if (!member->bit_size)
		return sut_arena_printf(arena, "%llu", byte);
	return sut_arena_printf(arena, "%llu:%u", byte, (unsigned int)(member->bit % 8));
}

static void add_new_member(struct differences *differences, const struct sut_type *type,
			   const struct sut_type_member *member)
{
	struct sut_arena *arena = differences->arena;
	unsigned long long size = member->size;

	/* One more way to read a union's bytes harms no value. */
	if (type->is_union && member->bit + 8 * member->size <= 8 * type->size)
		return;
	add(differences, member->place,
	    sut_arena_printf(arena, "%s: new member %s at %s, %llu bytes", type->name, member->name,
			     offset_of(arena, member), size));
	differences->added = sut_arena_printf(arena, "%s%s%s", differences->added,
					      *differences->added ? ", " : "", member->name);
	differences->added_size += size;
}

static void compare_member(struct differences *differences, const struct sut_type *type,
			   const struct sut_type_member *old, const struct sut_type_member *new)
{
	struct sut_arena *arena = differences->arena;

	if (!new)
		add(differences, old->place,
		    sut_arena_printf(arena, "%s: member %s at %s is gone", type->name, old->name,
				     offset_of(arena, old)));
	else if (old->bit != new->bit)
		add(differences, new->place,
		    sut_arena_printf(arena, "%s: member %s at %s -> %s", type->name, old->name,
				     offset_of(arena, old), offset_of(arena, new)));
	else if (old->bit_size != new->bit_size)
		add(differences, new->place,
		    sut_arena_printf(arena, "%s: member %s: %llu -> %llu bits", type->name,
				     old->name, (unsigned long long)old->bit_size,
				     (unsigned long long)new->bit_size));
	else if (strcmp(old->type, new->type) != 0)
		add(differences, new->place,
		    sut_arena_printf(arena, "%s: member %s: %s -> %s", type->name, old->name,
				     old->type, new->type));
	else
		return;
	differences->other++;
}

/* What differs between two types of one name; the evidence has the first few. */
static struct differences compare_types(struct sut_arena *arena, const struct sut_type *old,
					const struct sut_type *new)
{
	struct differences differences = {.arena = arena, .text = "", .added = ""};

	if (old->size != new->size)
		add(&differences, new->place,
		    sut_arena_printf(arena, "%s: %llu -> %llu bytes", old->name,
				     (unsigned long long)old->size, (unsigned long long)new->size));
	/* New members first: they are the cause, what moves behind them is the effect. */
	for (size_t i = 0; i < new->member_count; i++)
		if (!find_member(old, new->members[i].name))
			add_new_member(&differences, old, &new->members[i]);
	for (size_t i = 0; i < old->member_count; i++)
		compare_member(&differences, old, &old->members[i],
			       find_member(new, old->members[i].name));
	if (differences.count > DIFFERENCES_MAX)
		differences.text = sut_arena_printf(arena, "%s\nand %zu more", differences.text,
						    differences.count - DIFFERENCES_MAX);
	return differences;
}

/* ---- whether values live across the switch ---- */

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

/* Programs that use the library call it. */
static bool is_exported(const struct sut_judging *judging, const char *function)
{
	const struct sut_extract *extract = judging->extract;

	for (size_t i = 0; i < extract->patch->object_count; i++)
		if (sut_callers_may_import(extract->targets[i], function))
			return true;
	return false;
}

/* What lets values of this very type live; NULL: nothing. */
static const char *life_of_type(const struct sut_judging *judging, const struct sut_type *type)
{
	if (type->keeper)
		return type->keeper;
	for (size_t i = 0; judging->extract && i < type->holder_count; i++)
		if (!sut_judging_replaces(judging, type->holders[i]))
			return sut_arena_printf(judging->verdict->arena,
						"frame of %s, which is not replaced",
						type->holders[i]);
	for (size_t i = 0; judging->extract && i < type->taker_count; i++)
		if (is_exported(judging, type->takers[i]))
			return sut_arena_printf(judging->verdict->arena,
						"callers of %s in other objects, not recompiled",
						type->takers[i]);
	return NULL;
}

/* The same of this type and all that hold it. */
static const char *life_of(const struct sut_judging *judging, const struct sut_type *type)
{
	bool held = false;

	for (size_t i = 0; i < judging->before->count; i++) {
		const struct sut_type *outer = &judging->before->list[i];
		const char *life;

		if (outer != type && !holds(judging->before, outer, type->name, 0))
			continue;
		held |= outer->holder_count > 0;
		life = life_of_type(judging, outer);
		if (life && outer != type)
			life = sut_arena_printf(judging->verdict->arena, "%s, in %s", life,
						outer->name);
		if (life)
			return life;
	}
	if (held)
		return NULL;
	return type->taker_count ? sut_arena_printf(judging->verdict->arena, "what %s is given",
						    type->takers[0])
				 : "casts or sizeof make some";
}

/* ---- the verdict ---- */

/* The exact calls, where new members are all that the patch wants. */
static const char *remedy_of(const struct sut_judging *judging,
			     const struct differences *differences)
{
	if (differences->other || !*differences->added)
		return "leave its members as they are";
	return sut_arena_printf(
		judging->verdict->arena,
		"keep %s in a shadow variable instead, with "
		"klp_shadow_get_or_alloc(object, ID, %llu, ...) or klp_shadow_get()",
		differences->added, (unsigned long long)differences->added_size);
}

static const char *list_names(struct sut_arena *arena, const char **names, size_t count)
{
	const char *text = "";

	for (size_t i = 0; i < count && i < NAMED_MAX; i++)
		text = sut_arena_printf(arena, "%s%s%s", text, i ? ", " : "", names[i]);
	return count > NAMED_MAX ? sut_arena_printf(arena, "%s, ...", text) : text;
}

static void judge_type(const struct sut_judging *judging, const struct sut_type *old,
		       const struct sut_type *new)
{
	struct sut_arena *arena = judging->verdict->arena;
	struct differences differences = compare_types(arena, old, new);
	const char *life, *evidence;

	if (!differences.count)
		return;
	life = life_of(judging, old);
	if (life) {
		evidence = sut_arena_printf(arena, "%s\nvalues: %s%s%s", differences.text, life,
					    old->taker_count ? "\ngiven to: " : "",
					    list_names(arena, old->takers, old->taker_count));
		if (!sut_judging_said(judging, evidence))
			sut_refuse(judging->verdict, "layout", evidence,
				   "%s: the patch changes its layout, and the running %s may have "
				   "values of the old one; %s, or restart with the fix",
				   old->name, sut_verdict_target(judging->verdict),
				   remedy_of(judging, &differences));
	} else if (judging->extract && old->taker_count) {
		evidence = sut_arena_printf(arena, "%s\nvalues: frames of %s\ngiven to: %s",
					    differences.text,
					    list_names(arena, old->holders, old->holder_count),
					    list_names(arena, old->takers, old->taker_count));
		if (!sut_judging_said(judging, evidence))
			sut_warn(judging->verdict, "layout", evidence,
				 "%s: the patch changes its layout; all values of it that can be "
				 "seen are in frames of functions which are replaced",
				 old->name);
	}
}

static void judge_types(const struct sut_judging *judging)
{
	for (size_t i = 0; i < judging->before->count; i++) {
		const struct sut_type *old = &judging->before->list[i];
		const struct sut_type *new = sut_types_find(judging->after, old->name);

		if (new)
			judge_type(judging, old, new);
	}
}

/* A variable that stays, in its size, but means something else. */
static void judge_variables(const struct sut_judging *judging)
{
	for (size_t i = 0; i < judging->before->variable_count; i++) {
		const struct sut_type_variable *old = &judging->before->variables[i];
		const struct sut_type_variable *new = sut_types_variable(judging->after, old->name);
		const char *evidence;

		if (!new || new->size != old->size || strcmp(old->type, new->type) == 0)
			continue;
		evidence = sut_arena_printf(judging->verdict->arena, "%s: %s -> %s (%s)", old->name,
					    old->type, new->type, new->place);
		if (!sut_judging_said(judging, evidence))
			sut_refuse(judging->verdict, "layout", evidence,
				   "%s: the patch gives it another type, and the running %s has a "
				   "value of the old one in it; use a variable of another name",
				   old->name, sut_verdict_target(judging->verdict));
	}
}

/* LIST_MAX, NUM_STATES: it grows with its enumeration and is hardly stored. */
static bool is_limit(const struct sut_type_constant *old, const struct sut_type_constant *new)
{
	static const char *const words[] = {"MAX", "LAST", "COUNT", "NUM",  "END",
					    "NR",  "SIZE", "LEN",   "TOTAL"};

	for (size_t i = 0; i < SUT_ARRAY_SIZE(words) && old->last && new->last; i++) {
		size_t length = strlen(words[i]);

		for (const char *at = strcasestr(old->name, words[i]); at;
		     at = strcasestr(at + 1, words[i]))
			if ((at == old->name || at[-1] == '_') &&
			    (!at[length] || at[length] == '_'))
				return true;
	}
	return false;
}

/* Values of enumerations are numbers in memory; a new name among them changes nothing. */
static void judge_constants(const struct sut_judging *judging)
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
		if (sut_judging_said(judging, evidence))
			continue;
		if (is_limit(old, new))
			sut_warn(judging->verdict, "layout", evidence,
				 "%s: the limit of an enumeration that grows; look whether the "
				 "running %s has stored the old one",
				 old->name, sut_verdict_target(judging->verdict));
		else
			sut_refuse(judging->verdict, "layout", evidence,
				   "%s: the patch gives it another value, and the running %s may "
				   "have stored the old one; add new enumerators at the end",
				   old->name, sut_verdict_target(judging->verdict));
	}
}

void sut_layout_judge(const struct sut_judging *judging)
{
	judge_types(judging);
	judge_variables(judging);
	judge_constants(judging);
}
