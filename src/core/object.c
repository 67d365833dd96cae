// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Objects: binding a patch to one that is there, and objects that come and go while patches are in
 * use. One that comes is patched before anything of it runs, and one that goes after everything of
 * it has run, so neither needs a transition.
 */
#include "core/private.h"

void sut_put_part(struct sut_core *core, struct klp_object *obj)
{
	if (obj->part)
		core->host->put_part(core, obj);
	obj->part = false;
}

static int get_part(struct sut_core *core, struct klp_object *obj)
{
	int rc;

	if (!obj->patch->split || !obj->name || obj->dynamic || !core->host->get_part)
		return 0;
	rc = core->host->get_part(core, obj);
	obj->part = !rc;
	return rc;
}

void sut_forget_func(struct klp_func *func)
{
	func->old_func = NULL;
	func->old_size = 0;
	func->new_size = 0;
	func->old_pieces = NULL;
	func->new_pieces = NULL;
	func->old_piece_count = 0;
	func->new_piece_count = 0;
}

/*
 * The names were compared when the patch was enabled. Under another name, what belongs to another
 * set shows only here.
 */
static bool covers_another_set(struct sut_sorted *stacks, const struct klp_func *func)
{
	unsigned int set = func->object->patch->replace_set;
	const struct klp_func *other = set && sut_sorted_has(stacks, func) ? *stacks->at : NULL;

	while (other && other->object->patch->replace_set == set)
		other = other->below;
	return other != NULL;
}

static int resolve(struct sut_core *core, struct klp_object *obj)
{
	struct klp_func *first = NULL;
	struct sut_sorted stacks = sut_sorted(&core->stacks, SUT_BY_ADDRESS);
	struct sut_sorted own = sut_sorted(&first, SUT_BY_ADDRESS);

	for (struct klp_func **at = &obj->first, *func; (func = *at);) {
		int rc = core->host->resolve(core, func);

		if (rc)
			return rc;
		if (!func->old_size || !func->new_size)
			return -ENOENT;
		if (covers_another_set(&stacks, func))
			return -EINVAL;
		if (sut_sorted_add(&own, func)) {
			at = &func->next;
			continue;
		}
		if (!func->nop)
			return -EINVAL;
		/* Another name of a function that the patch has: nothing to give back. */
		*at = func->next;
	}
	return 0;
}

int sut_object_bind(struct sut_core *core, struct klp_object *obj)
{
	int rc = get_part(core, obj);

	if (!rc && core->host->relocate && !obj->dynamic)
		rc = core->host->relocate(core, obj);
	if (rc)
		return rc;
	obj->loaded = true;
	return resolve(core, obj);
}

void sut_object_unbind(struct sut_core *core, struct klp_object *obj)
{
	if (obj->loaded && core->host->unrelocate && !obj->dynamic)
		core->host->unrelocate(core, obj);
	obj->loaded = false;
	sut_for_each_set(set, obj)
		set->callbacks.state = KLP_OFF;
	sut_for_each_func(func, obj)
		sut_forget_func(func);
}

/* Until a transition ends, its patch and those that it replaces are neither on nor off. */
static bool takes_part(const struct sut_core *core, const struct sut_core_patch *p)
{
	return p->patch == core->transition || sut_is_replaced(core, p);
}

static void leave(struct sut_core *core, struct sut_core_patch *p, struct klp_object *obj)
{
	sut_post_unpatch(core, obj, p);
	sut_drop_types(core, obj);
	sut_object_unbind(core, obj);
	sut_put_part(core, obj);
}

static int come(struct sut_core *core, struct sut_core_patch *p, struct klp_object *obj)
{
	int rc = sut_object_bind(core, obj);

	if (!rc) {
		rc = sut_enter(core, obj);
		if (!rc)
			rc = sut_push_object(core, obj);
	}
	if (rc) {
		sut_pop_object(core, obj);
		leave(core, p, obj);
	} else if (!takes_part(core, p)) {
		sut_post_patch(core, obj);
	}
	return rc;
}

static void go(struct sut_core *core, struct sut_core_patch *p, const char *name)
{
	struct klp_object *obj = sut_find_object(p, name);

	if (!obj || !obj->loaded)
		return;
	sut_pre_unpatch(core, obj, p);
	sut_pop_object(core, obj);
	leave(core, p, obj);
}

int sut_core_coming(struct sut_core *core, const char *name)
{
	sut_for_each_patch(p, core) {
		struct klp_object *obj = sut_find_object(p, name);
		int rc = obj ? come(core, p, obj) : 0;

		if (!rc)
			continue;
		sut_core_going(core, name); /* the patches before this one */
		return rc;
	}
	return 0;
}

void sut_core_going(struct sut_core *core, const char *name)
{
	sut_for_each_patch(p, core)
		go(core, p, name);
}
