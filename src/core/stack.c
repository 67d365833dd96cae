// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * func_stacks: for each hooked address the functions of all patches that replace it, newest first.
 * The hook is there exactly while the stack is not empty. core->stacks has them by address.
 */
#include "core/private.h"

struct klp_func *sut_core_stack(const struct sut_core *core, const void *old_func)
{
	struct klp_func *top = core->stacks;

	while (top && top->old_func != old_func)
		top = top->next_stack;
	return top;
}

static int push(struct sut_core *core, struct sut_sorted *stacks, struct klp_func *func)
{
	bool hooked = sut_sorted_has(stacks, func);
	struct klp_func *top = *stacks->at;

	if (!hooked) {
		int rc = core->host->hook(core, func->old_func);

		if (rc)
			return rc;
	}
	func->below = hooked ? top : NULL;
	func->next_stack = hooked ? top->next_stack : top;
	*stacks->at = func;
	func->patched = true;
	return 0;
}

int sut_push_object(struct sut_core *core, struct klp_object *obj)
{
	struct sut_sorted stacks = sut_sorted(&core->stacks, SUT_BY_ADDRESS);

	obj->patched = true;
	sut_for_each_func(func, obj) {
		int rc = push(core, &stacks, func);

		if (rc)
			return rc;
	}
	return 0;
}

void sut_pop_func(struct sut_core *core, struct sut_sorted *stacks, struct klp_func *func)
{
	struct klp_func **at;

	if (!func->patched)
		return;
	func->patched = false;
	at = sut_sorted_find(stacks, func);
	if (*at == func && !func->below) {
		*at = func->next_stack;
		core->host->unhook(core, func->old_func);
	} else if (*at == func) {
		func->below->next_stack = func->next_stack;
		*at = func->below;
	} else {
		struct klp_func *above = *at;

		while (above->below != func)
			above = above->below;
		above->below = func->below;
	}
}

void sut_pop_object(struct sut_core *core, struct klp_object *obj)
{
	struct sut_sorted stacks = sut_sorted(&core->stacks, SUT_BY_ADDRESS);

	if (!obj->patched)
		return;
	sut_for_each_func(func, obj)
		sut_pop_func(core, &stacks, func);
	obj->patched = false;
	/* Before a callback, or the object's end: nobody is on the way to what it had. */
	core->host->synchronize(core);
}

const struct klp_func *sut_core_select(const struct sut_core *core, const void *old_func,
				       int patch_state)
{
	const struct klp_func *func = sut_core_stack(core, old_func);

	/* Only the newest counts: a lower one in transition changes nothing. */
	if (func && func->transition && patch_state == SUT_UNPATCHED)
		func = func->below;
	return func && !func->nop ? func : NULL;
}

static bool within(const void *start, unsigned long size, const struct klp_range *pieces,
		   unsigned int count, uintptr_t address)
{
	if (address - (uintptr_t)start < size)
		return true;
	for (unsigned int i = 0; i < count; i++)
		if (address >= pieces[i].start && address < pieces[i].end)
			return true;
	return false;
}

static bool in_old(const struct klp_func *func, uintptr_t address)
{
	return within(func->old_func, func->old_size, func->old_pieces, func->old_piece_count,
		      address);
}

static bool in_new(const struct klp_func *func, uintptr_t address)
{
	return !func->nop && within(func->new_func, func->new_size, func->new_pieces,
				    func->new_piece_count, address);
}

/*
 * To PATCHED all that ran before must be left: the original and every older entry; a nop leads to
 * the original, which is then not forbidden. To UNPATCHED the entry's own code, a nop's being the
 * original.
 */
static bool is_left(const struct klp_func *func, int target, uintptr_t address)
{
	if (target == SUT_UNPATCHED)
		return func->nop ? in_old(func, address) : in_new(func, address);
	if (!func->nop && in_old(func, address))
		return true;
	for (const struct klp_func *older = func->below; older; older = older->below)
		if (in_new(older, address))
			return true;
	return false;
}

const struct klp_func *sut_core_forbidden(const struct sut_core *core, uintptr_t address, bool pc)
{
	if (!core->transition)
		return NULL;
	if (!pc)
		address--; /* the call may be the last instruction of its function */
	sut_for_each_object(obj, core->transition->core) {
		if (!obj->patched)
			continue;
		sut_for_each_func(func, obj)
			if (is_left(func, core->target, address))
				return func;
	}
	return NULL;
}
