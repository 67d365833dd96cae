// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the specification says about who runs what: from the patches as they are declared and from
 * the order in which they were enabled, never from what the core keeps.
 */
#include "sim/explore-core.h"

static bool has(const struct sut_small_patch *patch, enum sut_small_function function)
{
	return patch->functions & 1 << function;
}

bool sut_small_has_object(const struct sut_small_patch *patch, enum sut_small_object object)
{
	for (unsigned int x = 0; x < SUT_SMALL_FUNCTIONS; x++)
		if (has(patch, x) && sut_small_object_of(x) == object)
			return true;
	return patch->plain & 1 << object || patch->sets[object] || patch->types[object];
}

bool sut_small_is_there(const struct sut_small_stage *stage, enum sut_small_object object)
{
	return object == SUT_SMALL_MAIN || stage->hub.book.loaded;
}

/* Its place in the order, or count when it is not in use. */
static unsigned int place(const struct sut_small_book *book, unsigned int patch)
{
	unsigned int i = 0;

	while (i < book->count && book->order[i] != patch)
		i++;
	return i;
}

bool sut_small_is_listed(const struct sut_small_stage *stage, unsigned int patch)
{
	return place(&stage->hub.book, patch) < stage->hub.book.count;
}

bool sut_small_is_replaced(const struct sut_small_stage *stage, unsigned int patch)
{
	const struct sut_small_book *book = &stage->hub.book;
	const struct sut_small_patch *old = &stage->world->patch[patch], *new;

	if (!book->transition || place(book, patch) >= place(book, book->transition - 1))
		return false;
	new = &stage->world->patch[book->transition - 1];
	return new->replace_set ? new->replace_set == old->replace_set : new->replace;
}

/* Is the patch part of the version that tasks of this patch_state are at? */
static bool is_in_version(const struct sut_small_stage *stage, unsigned int patch, int patch_state)
{
	const struct sut_small_book *book = &stage->hub.book;

	if (!book->transition)
		return true;
	if (patch_state == SUT_UNPATCHED)
		return patch + 1 != book->transition;
	return !sut_small_is_replaced(stage, patch);
}

unsigned int sut_small_owner(const struct sut_small_stage *stage, enum sut_small_function function,
			     int patch_state)
{
	const struct sut_small_book *book = &stage->hub.book;

	for (unsigned int i = book->count; i-- > 0;) {
		unsigned int patch = book->order[i];

		if (has(&stage->world->patch[patch], function) &&
		    is_in_version(stage, patch, patch_state))
			return patch + 1;
	}
	return 0;
}

/* The transition's own version of a function: 1 + patch, 0 for the original, -1: it has none. */
static int own_version(const struct sut_small_stage *stage, enum sut_small_function function)
{
	const struct sut_small_book *book = &stage->hub.book;

	if (!book->transition)
		return -1;
	if (has(&stage->world->patch[book->transition - 1], function))
		return book->transition;
	for (unsigned int i = 0; i < book->count; i++)
		if (has(&stage->world->patch[book->order[i]], function) &&
		    sut_small_is_replaced(stage, book->order[i]))
			return 0;
	return -1;
}

static bool is_own(const struct sut_small_stage *stage, struct sut_small_code code)
{
	return own_version(stage, code.function) == code.owner;
}

/* What could have run before the transition's patch came: the original, and older patches. */
static bool is_older(const struct sut_small_stage *stage, struct sut_small_code code)
{
	const struct sut_small_book *book = &stage->hub.book;
	int own = own_version(stage, code.function);

	if (own < 0 || own == code.owner)
		return false;
	return !code.owner || place(book, code.owner - 1) < place(book, book->transition - 1);
}

bool sut_small_is_source(const struct sut_small_stage *stage, struct sut_small_code code)
{
	return stage->hub.book.target == SUT_PATCHED ? is_older(stage, code) : is_own(stage, code);
}

bool sut_small_is_goal(const struct sut_small_stage *stage, struct sut_small_code code)
{
	return stage->hub.book.target == SUT_PATCHED ? is_own(stage, code) : is_older(stage, code);
}

static struct sut_small_code chosen_code(const struct sut_small_stage *stage,
					 const struct sut_small_record *record)
{
	const struct klp_func *func =
		(const void *)((const char *)stage + 8 * (size_t)record->chosen);

	if (record->chosen && func->new_func)
		return sut_small_code_at(stage, func->new_func);
	return (struct sut_small_code){.function = sut_small_callee(record->entering - 1u) & 3};
}

unsigned int sut_small_codes(const struct sut_small_stage *stage,
			     const struct sut_small_record *record,
			     struct sut_small_code codes[SUT_SMALL_DEPTH + 1])
{
	unsigned int count = 0;

	for (; count < record->depth; count++)
		codes[count] = record->frame[count];
	if (record->entering)
		codes[count++] = chosen_code(stage, record);
	return count;
}

bool sut_small_is_inside(const struct sut_small_stage *stage, const struct sut_small_record *record)
{
	struct sut_small_code codes[SUT_SMALL_DEPTH + 1];
	unsigned int count = sut_small_codes(stage, record, codes);

	while (count--)
		if (sut_small_is_source(stage, codes[count]))
			return true;
	return false;
}

uint8_t sut_small_type_users(const struct sut_small_stage *stage)
{
	const struct sut_small_book *book = &stage->hub.book;
	uint8_t users = 0;

	for (unsigned int i = 0; i < book->count; i++)
		for (unsigned int object = 0; object < SUT_SMALL_OBJECTS; object++)
			if (sut_small_is_there(stage, object))
				users |= stage->world->patch[book->order[i]].types[object];
	return users;
}
