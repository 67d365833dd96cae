// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Functions in an order: a patch may have ten thousand, and a thread of the target stands still
 * while they are looked through. The arrays that a host makes are in the order of positions and
 * addresses, so a search mostly ends where the last one did; where they are not, it costs a walk.
 */
#include "core/private.h"

int sut_compare_funcs(enum sut_order order, const struct klp_func *a, const struct klp_func *b)
{
	bool names = order == SUT_BY_NAME;
	unsigned long left = names ? sut_position(a) : (uintptr_t)a->old_func;
	unsigned long right = names ? sut_position(b) : (uintptr_t)b->old_func;

	if (left != right)
		return left < right ? -1 : 1;
	return names ? sut_compare(a->old_name, b->old_name) : 0;
}

struct sut_sorted sut_sorted(struct klp_func **first, enum sut_order order)
{
	return (struct sut_sorted){first, first, order};
}

/* Does the function, or an equal one, come before the place where the last search ended? */
static bool is_behind(const struct sut_sorted *list, const struct klp_func *func)
{
	const char *link = (const char *)list->at;
	const struct klp_func *before =
		(const struct klp_func *)(link - offsetof(struct klp_func, next_stack));

	return list->at != list->first && sut_compare_funcs(list->order, before, func) >= 0;
}

struct klp_func **sut_sorted_find(struct sut_sorted *list, const struct klp_func *func)
{
	if (is_behind(list, func))
		list->at = list->first;
	while (*list->at && sut_compare_funcs(list->order, *list->at, func) < 0)
		list->at = &(*list->at)->next_stack;
	return list->at;
}

bool sut_sorted_has(struct sut_sorted *list, const struct klp_func *func)
{
	const struct klp_func *found = *sut_sorted_find(list, func);

	return found && !sut_compare_funcs(list->order, found, func);
}

bool sut_sorted_add(struct sut_sorted *list, struct klp_func *func)
{
	if (sut_sorted_has(list, func))
		return false;
	func->next_stack = *list->at;
	*list->at = func;
	return true;
}
