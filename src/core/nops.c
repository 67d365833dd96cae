// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Atomic replace. The new patch gets an entry for every function that only the replaced ones have:
 * a nop, whose new code is the original. So one transition takes all functions over, and when it
 * is complete nothing of the old patches and no nop is needed any more.
 *
 * The nops of a patch are one block of memory: objects first, then functions.
 */
#include "core/private.h"

bool sut_replaces(const struct klp_patch *patch, const struct klp_patch *old)
{
	if (patch->replace_set)
		return old->replace_set == patch->replace_set;
	return patch->replace;
}

bool sut_is_replaced(const struct sut_core *core, const struct sut_core_patch *p)
{
	if (!core->transition || !sut_replaces(core->transition, p->patch))
		return false;
	while ((p = p->next)) /* only what came before it */
		if (p->patch == core->transition)
			return true;
	return false;
}

/* No more than these are needed; those that the patch has itself are not counted off. */
static void count(const struct sut_core *core, const struct sut_core_patch *p, size_t *objects,
		  size_t *funcs)
{
	*objects = 0;
	*funcs = 0;
	sut_for_each_patch(old, core) {
		if (!sut_replaces(p->patch, old->patch))
			continue;
		sut_for_each_object(obj, old) {
			++*objects;
			sut_for_each_func(func, obj)
				++*funcs;
		}
	}
}

static void add_object(struct sut_core_patch *p, const struct klp_object *old,
		       struct klp_object **free_object, struct klp_func **free_func)
{
	struct klp_object *obj = sut_find_object(p, old->name);
	struct klp_func *first = NULL, **end = obj ? &obj->first : NULL;
	struct sut_sorted names = sut_sorted(&first, SUT_BY_NAME);

	for (; obj && *end; end = &(*end)->next)
		sut_sorted_add(&names, *end);
	sut_for_each_func(func, old) {
		struct klp_func *nop;

		if (sut_sorted_has(&names, func))
			continue;
		if (!obj) {
			obj = (*free_object)++;
			obj->name = old->name;
			obj->dynamic = true;
			sut_link_object(p, obj);
			end = &obj->first;
		}
		nop = (*free_func)++;
		nop->old_name = func->old_name;
		nop->old_sympos = func->old_sympos;
		nop->nop = true;
		sut_link_func(obj, &end, nop);
		sut_sorted_add(&names, nop);
	}
}

int sut_nops_add(struct sut_core *core, struct sut_core_patch *p)
{
	struct klp_object *free_object;
	struct klp_func *free_func;
	size_t objects, funcs;

	count(core, p, &objects, &funcs);
	if (!funcs)
		return 0;
	p->nops_size = objects * sizeof(*free_object) + funcs * sizeof(*free_func);
	p->nops = core->host->alloc(core, p->nops_size);
	if (!p->nops)
		return -ENOMEM;
	free_object = p->nops;
	free_func = (struct klp_func *)(free_object + objects);
	sut_for_each_patch(old, core)
		if (sut_replaces(p->patch, old->patch))
			sut_for_each_object(obj, old)
				add_object(p, obj, &free_object, &free_func);
	return 0;
}

static void discard_funcs(struct sut_core *core, struct klp_object *obj)
{
	struct sut_sorted stacks = sut_sorted(&core->stacks, SUT_BY_ADDRESS);

	for (struct klp_func **at = &obj->first, *func; (func = *at);) {
		if (!func->nop) {
			at = &func->next;
			continue;
		}
		sut_pop_func(core, &stacks, func);
		*at = func->next;
	}
}

void sut_nops_discard(struct sut_core *core, struct sut_core_patch *p)
{
	struct klp_object **at = &p->first;

	if (!p->nops)
		return;
	while (*at) {
		discard_funcs(core, *at);
		if ((*at)->dynamic)
			*at = (*at)->next;
		else
			at = &(*at)->next;
	}
	core->host->synchronize(core);
	core->host->free(core, p->nops, p->nops_size);
	p->nops = NULL;
}
