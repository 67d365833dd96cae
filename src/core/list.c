// SPDX-License-Identifier: LGPL-2.1-or-later
/* The patches in use, oldest first, and what belongs to each. */
#include "core/private.h"

const char *sut_patch_name(const struct klp_patch *patch)
{
	return patch->name ? patch->name : patch->mod->name;
}

struct klp_patch *sut_core_find(const struct sut_core *core, const char *name)
{
	sut_for_each_patch(p, core)
		if (sut_same(sut_patch_name(p->patch), name))
			return p->patch;
	return NULL;
}

unsigned long sut_position(const struct klp_func *func)
{
	return func->old_sympos ? func->old_sympos : 1;
}

bool sut_same_func(const struct klp_func *a, const struct klp_func *b)
{
	return a->old_name && b->old_name && !sut_compare_funcs(SUT_BY_NAME, a, b);
}

struct klp_object *sut_find_object(const struct sut_core_patch *p, const char *name)
{
	sut_for_each_object(obj, p)
		if (sut_same(obj->name, name))
			return obj;
	return NULL;
}

void sut_link_object(struct sut_core_patch *p, struct klp_object *obj)
{
	struct klp_object **end = &p->first;

	while (*end)
		end = &(*end)->next;
	*end = obj;
	obj->next = NULL;
	obj->first = NULL;
	obj->patch = p->patch;
}

void sut_link_func(struct klp_object *obj, struct klp_func ***end, struct klp_func *func)
{
	**end = func;
	*end = &func->next;
	func->next = NULL;
	func->object = obj;
}

/* Nothing of an earlier life of the structures may count. */
static void refresh(struct klp_object *obj)
{
	struct klp_func **end = &obj->first;

	obj->dynamic = false;
	obj->loaded = false;
	obj->patched = false;
	obj->counted = NULL;
	obj->part = false;
	obj->callbacks.state = KLP_OFF;
	sut_for_each_set(set, obj)
		set->callbacks.state = KLP_OFF;
	sut_for_each_listed_func(func, obj) {
		sut_link_func(obj, &end, func);
		sut_forget_func(func);
		func->below = NULL;
		func->next_stack = NULL;
		func->nop = false;
		func->patched = false;
		func->transition = false;
	}
}

int sut_patch_join(struct sut_core *core, struct klp_patch *patch)
{
	struct sut_core_patch *p = core->host->alloc(core, sizeof(*p));
	struct sut_core_patch **end = &core->patches;

	if (!p)
		return -ENOMEM;
	p->patch = patch;
	patch->core = p;
	patch->enabled = false;
	patch->forced = false;
	sut_for_each_listed_object(obj, patch) {
		sut_link_object(p, obj);
		refresh(obj);
	}
	if (sut_nops_add(core, p)) {
		patch->core = NULL;
		core->host->free(core, p, sizeof(*p));
		return -ENOMEM;
	}
	while (*end)
		end = &(*end)->next;
	*end = p;
	patch->mod->refs++;
	return 0;
}

void sut_patch_leave(struct sut_core *core, struct sut_core_patch *p)
{
	struct klp_patch *patch = p->patch;
	struct sut_core_patch **at = &core->patches;

	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	/* A task that was forced may still be inside a forced patch's code. */
	if (!patch->forced)
		sut_for_each_object(obj, p)
			sut_put_part(core, obj);
	sut_nops_discard(core, p);
	patch->core = NULL;
	core->host->free(core, p, sizeof(*p));
	if (!patch->forced)
		patch->mod->refs--;
	sut_event(core, SUT_PATCH_LEFT, patch);
}
