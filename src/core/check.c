// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Is this a patch, and does it fit those in use? Nothing here changes anything. The order of the
 * checks is that of sut_core_enable().
 */
#include "core/private.h"

int sut_check_shape(const struct sut_core *core, const struct klp_patch *patch)
{
	if (!patch || !patch->mod || !patch->objs)
		return -EINVAL;
	sut_for_each_listed_object(obj, patch)
		if (!obj->funcs)
			return -EINVAL;
	if (!patch->mod->livepatch)
		return -EINVAL;
	return core->ready ? 0 : -ENODEV;
}

static bool shares_set(const struct klp_object *a, const struct klp_object *b)
{
	sut_for_each_set(x, a)
		sut_for_each_set(y, b)
			if (x->id == y->id)
				return true;
	return false;
}

static bool is_in_order(const struct klp_object *obj)
{
	const struct klp_func *last = NULL;

	sut_for_each_listed_func(func, obj) {
		if (last && sut_compare_funcs(SUT_BY_NAME, last, func) > 0)
			return false;
		last = func;
	}
	return true;
}

/* Arrays in order are gone through once, side by side. */
static bool shares_func(const struct klp_object *a, const struct klp_object *b)
{
	bool ordered = is_in_order(a) && is_in_order(b);
	struct klp_object rest = {.funcs = b->funcs};

	sut_for_each_listed_func(x, a)
		sut_for_each_listed_func(y, &rest) {
			if (sut_same_func(x, y))
				return true;
			if (!ordered)
				continue;
			if (sut_compare_funcs(SUT_BY_NAME, x, y) < 0)
				break;
			rest.funcs = y + 1;
		}
	return false;
}

static bool shares_type(const struct klp_object *a, const struct klp_object *b)
{
	sut_for_each_type(x, a)
		sut_for_each_type(y, b)
			if ((*x)->id == (*y)->id)
				return true;
	return false;
}

/* Do two patches have a function, a set of callbacks or a shadow type in common? */
static bool overlap(const struct klp_patch *a, const struct klp_patch *b)
{
	sut_for_each_listed_object(x, a)
		sut_for_each_listed_object(y, b)
			if (shares_type(x, y) ||
			    (sut_same(x->name, y->name) && (shares_func(x, y) || shares_set(x, y))))
				return true;
	return false;
}

/* Would the patch, by what it replaces, give back a function that this newer one has, too? */
static bool gives_back(const struct sut_core *core, const struct klp_patch *patch,
		       const struct klp_patch *newer)
{
	sut_for_each_patch(p, core) {
		if (!sut_replaces(patch, p->patch))
			continue;
		sut_for_each_listed_object(x, p->patch)
			sut_for_each_listed_object(y, newer)
				if (sut_same(x->name, y->name) && shares_func(x, y))
					return true;
	}
	return false;
}

static bool state_fits(const struct klp_patch *patch, const struct klp_patch *old,
		       const struct klp_state *state)
{
	const struct klp_state *own = sut_core_get_state(patch, state->id);

	if (patch->replace_set && old->replace_set != patch->replace_set)
		return !own;
	return own ? own->version >= state->version : !sut_replaces(patch, old);
}

int sut_check_fit(const struct sut_core *core, const struct klp_patch *patch)
{
	sut_for_each_patch(p, core) {
		const struct klp_patch *old = p->patch;

		sut_for_each_state(state, old)
			if (!state_fits(patch, old, state))
				return -EINVAL;
		if (patch->replace_set && old->replace_set != patch->replace_set && old->enabled &&
		    (overlap(patch, old) || gives_back(core, patch, old)))
			return -EINVAL;
	}
	return 0;
}

static int check_func(struct sut_sorted *names, struct klp_func *func)
{
	if (!func->old_name || (!func->new_func && !func->nop) ||
	    sut_length(func->old_name) >= SUT_FUNC_NAME_MAX)
		return -EINVAL;
	return sut_sorted_add(names, func) ? 0 : -EEXIST;
}

static int check_ids(const struct klp_object *obj)
{
	sut_for_each_set(set, obj)
		for (const struct klp_callback_set *other = obj->sets; other != set; other++)
			if (other->id == set->id)
				return -EINVAL;
	sut_for_each_type(type, obj)
		for (struct klp_shadow_type **other = obj->shadow_types; other != type; other++)
			if ((*other)->id == (*type)->id)
				return -EINVAL;
	return 0;
}

int sut_check_object(const struct klp_object *obj)
{
	struct klp_func *first = NULL;
	struct sut_sorted names = sut_sorted(&first, SUT_BY_NAME);

	if (obj->name && sut_length(obj->name) >= SUT_OBJECT_NAME_MAX)
		return -EINVAL;
	if (sut_find_object(obj->patch->core, obj->name) != obj)
		return -EEXIST;
	sut_for_each_func(func, obj) {
		int rc = check_func(&names, func);

		if (rc)
			return rc;
	}
	return check_ids(obj);
}

bool sut_disable_blocked(const struct sut_core *core, const struct klp_patch *patch)
{
	sut_for_each_state(state, patch) {
		bool elsewhere = false;

		if (!state->block_disable)
			continue;
		sut_for_each_patch(p, core)
			elsewhere |= p->patch != patch && p->patch->enabled &&
				     sut_core_get_state(p->patch, state->id);
		if (!elsewhere)
			return true;
	}
	return false;
}
