// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A wrong match of two functions is harmless: the comparison follows the same matches, so a caller
 * that would see the difference differs itself. A wrong match of two variables is not: new code
 * would use the memory of another variable. So variables with numbers go through a funnel, and what
 * comes out at its end by elimination alone is marked doubtful:
 *
 *   1. the same set of functions refers to it, and to no other variable of that name
 *   2. of several with the same set: the same size and the same initial bytes, and no other
 *   3. a common function refers to it, and to no other variable of that name
 *   4. what is left, in order: doubtful
 *
 * A private variable that becomes a constant or stops being one, or becomes the thread's, is
 * another variable: the old one's memory would not do.
 */
#include "object/twins.h"

#include <stdlib.h>
#include <string.h>

const char *sut_name_normal(struct sut_arena *arena, const char *name)
{
	char *normal = sut_arena_strdup(arena, name), *to = normal;

	for (const char *from = name; *from;) {
		*to++ = *from++;
		if (from[-1] != '.' || *from < '0' || *from > '9')
			continue;
		size_t digits = strspn(from, "0123456789");

		if (from[digits] && from[digits] != '.')
			continue;
		*to++ = '#';
		from += digits;
	}
	*to = '\0';
	return normal;
}

bool sut_name_is_generated(const char *name)
{
	static const char *const stems[] = {"__func__.", "__FUNCTION__.", "__PRETTY_FUNCTION__.",
					    "CSWTCH.", "C."};

	for (size_t i = 0; i < sizeof(stems) / sizeof(stems[0]); i++) {
		const char *number = name + strlen(stems[i]);

		if (!strncmp(name, stems[i], strlen(stems[i])) && *number >= '0' && *number <= '9')
			return true;
	}
	return false;
}

/* One definition while it is looked for. */
struct candidate {
	const char *normal;
	uint32_t def;
	bool function;
	bool matched;
	size_t user_count;
	const char **users; /* names of the functions that refer to it, sorted, each once */
};

struct side {
	const struct sut_object *object;
	struct candidate *candidates; /* sorted by normal name, then definition */
};

struct search {
	struct sut_arena *arena;
	struct side before, after;
	struct sut_twins *twins;
};

static int compare_candidates(const void *a, const void *b)
{
	const struct candidate *left = a, *right = b;
	int order = strcmp(left->normal, right->normal);

	if (order)
		return order;
	if (left->function != right->function)
		return left->function ? -1 : 1;
	return (left->def > right->def) - (left->def < right->def);
}

struct use {
	uint32_t def;
	const char *user;
};

static int compare_uses(const void *a, const void *b)
{
	const struct use *left = a, *right = b;

	if (left->def != right->def)
		return left->def < right->def ? -1 : 1;
	return strcmp(left->user, right->user);
}

/* The name of the function as it is in the source: clones and pieces count as their origin. */
static const char *source_name(struct sut_arena *arena, const char *name)
{
	size_t length = strcspn(name, ".");

	return length && name[length] ? sut_arena_strndup(arena, name, length) : name;
}

/* Who refers to the numbered variables of the object. */
static struct use *collect_uses(struct sut_arena *arena, const struct sut_object *object,
				size_t *count)
{
	struct use *uses = NULL;
	size_t capacity = 0;

	*count = 0;
	for (size_t i = 1; i < object->section_count; i++) {
		const struct sut_section *section = &object->sections[i];

		for (size_t j = 0; j < section->reloc_count; j++) {
			struct sut_place place =
				sut_object_place(object, section, &section->relocs[j]);

			if (place.def == SUT_NO_DEF || !strchr(object->defs[place.def].name, '.'))
				continue;
			uint32_t user = sut_section_def(object, section, section->relocs[j].offset);
			const char *name = user == SUT_NO_DEF
						   ? section->name
						   : source_name(arena, object->defs[user].name);

			SUT_PUSH(arena, uses, *count, capacity) = (struct use){place.def, name};
		}
	}
	if (*count)
		qsort(uses, *count, sizeof(*uses), compare_uses);
	return uses;
}

static void add_users(struct sut_arena *arena, struct candidate *candidate, const struct use *uses,
		      size_t count)
{
	size_t capacity = 0;

	for (size_t i = 0; i < count && uses[i].def <= candidate->def; i++) {
		if (uses[i].def < candidate->def)
			continue;
		if (candidate->user_count &&
		    !strcmp(candidate->users[candidate->user_count - 1], uses[i].user))
			continue;
		SUT_PUSH(arena, candidate->users, candidate->user_count, capacity) = uses[i].user;
	}
}

static void prepare_side(struct sut_arena *arena, struct side *side)
{
	size_t use_count;
	struct use *uses = collect_uses(arena, side->object, &use_count);
	size_t count = side->object->def_count;

	side->candidates = sut_arena_array(arena, count, sizeof(*side->candidates));
	for (size_t i = 0; i < count; i++) {
		const struct sut_def *def = &side->object->defs[i];
		struct candidate *candidate = &side->candidates[i];

		candidate->normal = sut_name_normal(arena, def->name);
		candidate->def = i;
		candidate->function = sut_def_is_function(def);
		if (!candidate->function && strcmp(candidate->normal, def->name) != 0)
			add_users(arena, candidate, uses, use_count);
	}
	if (count)
		qsort(side->candidates, count, sizeof(*side->candidates), compare_candidates);
}

static void match(struct search *search, struct candidate *before, struct candidate *after,
		  bool doubtful)
{
	before->matched = after->matched = true;
	search->twins->after[before->def] = after->def;
	search->twins->before[after->def] = before->def;
	search->twins->doubtful[after->def] = doubtful;
}

static const struct sut_def *def_of(const struct side *side, const struct candidate *candidate)
{
	return &side->object->defs[candidate->def];
}

/* The definitions' bytes and sizes are the same; relocated fields count as their zeros. */
static bool same_bytes(const struct search *search, const struct candidate *before,
		       const struct candidate *after)
{
	const struct sut_def *left = def_of(&search->before, before);
	const struct sut_def *right = def_of(&search->after, after);
	const unsigned char *old = search->before.object->sections[left->section].data;
	const unsigned char *new = search->after.object->sections[right->section].data;

	if (left->size != right->size || !old != !new)
		return false;
	return !old || !memcmp(old + left->offset, new + right->offset, left->size);
}

static bool same_users(const struct search *search, const struct candidate *before,
		       const struct candidate *after)
{
	(void)search;
	if (before->user_count != after->user_count)
		return false;
	for (size_t i = 0; i < before->user_count; i++) {
		if (strcmp(before->users[i], after->users[i]) != 0)
			return false;
	}
	return true;
}

static bool same_users_and_bytes(const struct search *search, const struct candidate *before,
				 const struct candidate *after)
{
	return same_users(search, before, after) && same_bytes(search, before, after);
}

static bool common_user(const struct search *search, const struct candidate *before,
			const struct candidate *after)
{
	(void)search;
	for (size_t i = 0, j = 0; i < before->user_count && j < after->user_count;) {
		int order = strcmp(before->users[i], after->users[j]);

		if (!order)
			return true;
		if (order < 0)
			i++;
		else
			j++;
	}
	return false;
}

static bool same_name(const struct search *search, const struct candidate *before,
		      const struct candidate *after)
{
	return !strcmp(def_of(&search->before, before)->name, def_of(&search->after, after)->name);
}

static bool anything(const struct search *search, const struct candidate *before,
		     const struct candidate *after)
{
	(void)search, (void)before, (void)after;
	return true;
}

typedef bool similar_fn(const struct search *search, const struct candidate *before,
			const struct candidate *after);

static bool alike(const struct search *search, const struct candidate *before,
		  const struct candidate *after, similar_fn *similar)
{
	const struct sut_def *old = def_of(&search->before, before);
	const struct sut_def *new = def_of(&search->after, after);

	if (!before->function && old->local && new->local &&
	    !sut_section_same_kind(&search->before.object->sections[old->section],
				   &search->after.object->sections[new->section]))
		return false;
	return similar(search, before, after);
}

/* The definitions of one normal name and kind, on both sides. */
struct group {
	struct candidate *before, *after;
	size_t before_count, after_count;
};

/* Matches what is similar to exactly one on the other side, in both directions. */
static void match_unique(struct search *search, const struct group *group, similar_fn *similar)
{
	for (size_t i = 0; i < group->before_count; i++) {
		struct candidate *before = &group->before[i], *found = NULL;
		size_t forward = 0, backward = 0;

		if (before->matched)
			continue;
		for (size_t j = 0; j < group->after_count; j++) {
			if (group->after[j].matched ||
			    !alike(search, before, &group->after[j], similar))
				continue;
			found = &group->after[j];
			forward++;
		}
		if (forward != 1)
			continue;
		for (size_t k = 0; k < group->before_count; k++) {
			if (!group->before[k].matched &&
			    alike(search, &group->before[k], found, similar))
				backward++;
		}
		if (backward == 1)
			match(search, before, found, false);
	}
}

/* Matches the first with the first that is similar. */
static void match_in_order(struct search *search, const struct group *group, similar_fn *similar,
			   bool doubtful)
{
	for (size_t i = 0; i < group->before_count; i++) {
		for (size_t j = 0; j < group->after_count && !group->before[i].matched; j++) {
			if (!group->after[j].matched &&
			    alike(search, &group->before[i], &group->after[j], similar))
				match(search, &group->before[i], &group->after[j], doubtful);
		}
	}
}

static void match_group(struct search *search, const struct group *group)
{
	bool numbered = strchr(group->before->normal, '#') != NULL;

	if (group->before->function) {
		match_in_order(search, group, same_bytes, false);
		match_in_order(search, group, same_name, false);
		match_in_order(search, group, anything, false);
	} else if (!numbered) {
		match_in_order(search, group, same_name, group->before_count > 1);
	} else {
		match_unique(search, group, same_users);
		match_unique(search, group, same_users_and_bytes);
		match_unique(search, group, common_user);
		match_in_order(search, group, same_users, true);
		match_in_order(search, group, anything, true);
	}
}

static size_t group_length(const struct candidate *candidates, size_t count)
{
	size_t length = 1;

	while (length < count && candidates[length].function == candidates[0].function &&
	       !strcmp(candidates[length].normal, candidates[0].normal))
		length++;
	return length;
}

static int compare_groups(const struct candidate *before, const struct candidate *after)
{
	int order = strcmp(before->normal, after->normal);

	return order ? order : (int)after->function - (int)before->function;
}

static void fill(uint32_t *array, size_t count)
{
	for (size_t i = 0; i < count; i++)
		array[i] = SUT_NO_DEF;
}

void sut_twins_find(struct sut_arena *arena, const struct sut_object *before,
		    const struct sut_object *after, struct sut_twins *twins)
{
	struct search search = {arena, {.object = before}, {.object = after}, twins};

	twins->after = sut_arena_array(arena, before->def_count, sizeof(*twins->after));
	twins->before = sut_arena_array(arena, after->def_count, sizeof(*twins->before));
	twins->doubtful = sut_arena_array(arena, after->def_count, sizeof(*twins->doubtful));
	fill(twins->after, before->def_count);
	fill(twins->before, after->def_count);
	prepare_side(arena, &search.before);
	prepare_side(arena, &search.after);
	for (size_t i = 0, j = 0; i < before->def_count && j < after->def_count;) {
		struct group group = {.before = &search.before.candidates[i],
				      .after = &search.after.candidates[j]};
		int order = compare_groups(group.before, group.after);

		group.before_count = group_length(group.before, before->def_count - i);
		group.after_count = group_length(group.after, after->def_count - j);
		if (!order)
			match_group(&search, &group);
		i += order <= 0 ? group.before_count : 0;
		j += order >= 0 ? group.after_count : 0;
	}
}
