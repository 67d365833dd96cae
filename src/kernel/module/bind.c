// SPDX-License-Identifier: GPL-2.0-only
/*
 * A patch as its author wrote it becomes one that the kernel takes: struct klp_patch with an array
 * of struct klp_object, whose callbacks are suture.ko's.
 */
#include <linux/slab.h>
#include "registry.h"

static unsigned int count_objects(const struct sut_object *objs)
{
	unsigned int n = 0;

	while (objs && !sut_object_is_end(&objs[n]))
		n++;
	return n;
}

static unsigned int count_states(const struct sut_patch *patch)
{
	const struct sut_state *state;
	unsigned int n = 0;

	sut_for_each_state(state, patch)
		n++;
	return n;
}

static bool has_callbacks(const struct sut_object *obj)
{
	struct sut_object without = *obj;

	without.name = NULL;
	without.funcs = NULL;
	return !sut_object_is_end(&without);
}

static int add_object(struct sut_entry *e, struct sut_object *obj, struct sut_patch *owner)
{
	struct sut_object *same = sut_find_object(e, obj->name);

	obj->patch = owner;
	if (!same) {
		e->objs[e->count++] = obj;
		return 0;
	}
	/* The functions are in one of the two, the rest in the other. */
	if (has_callbacks(same) || obj->funcs)
		return -EEXIST;
	same->callbacks = obj->callbacks;
	same->sets = obj->sets;
	same->shadow_types = obj->shadow_types;
	return 0;
}

static int check_ids(const struct sut_object *obj)
{
	struct sut_shadow_type **type, **other_type;
	struct sut_callback_set *set, *other;

	sut_for_each_set(set, obj)
		for (other = obj->sets; other < set; other++)
			if (other->id == set->id)
				return -EINVAL;
	sut_for_each_type(type, obj)
		for (other_type = obj->shadow_types; other_type < type; other_type++)
			if ((*other_type)->id == (*type)->id)
				return -EINVAL;
	return 0;
}

static int add_objects(struct sut_entry *e, struct sut_object *objs)
{
	struct sut_patch *owner = e->whole ? e->whole->patch : e->patch;
	int rc = 0;

	while (!rc && objs && !sut_object_is_end(objs))
		rc = add_object(e, objs++, owner);
	return rc;
}

/* The late objects without a part, for each of which the kernel is given an empty object. */
static int check_late(struct sut_entry *e, bool composed)
{
	const struct sut_late *late;

	sut_for_each_late(late, e->patch) {
		if (!sut_find_object(e, late->object))
			e->late_count++;
		else if (!composed)
			return -EEXIST;
	}
	return 0;
}

static int take_objects(struct sut_entry *e, struct sut_entry **parts, unsigned int part_count)
{
	struct sut_object *obj;
	unsigned int i;
	int rc;

	rc = add_objects(e, e->patch->objs);
	if (!rc)
		rc = add_objects(e, e->patch->additions);
	/* What is split off has its callbacks in the part. */
	if (!rc)
		rc = check_late(e, false);
	for (i = 0; !rc && i < part_count; i++)
		rc = add_object(e, parts[i]->patch->objs, e->patch);
	e->late_count = 0;
	if (!rc)
		rc = check_late(e, true);
	sut_for_each_object(obj, e, i)
		if (!rc)
			rc = check_ids(obj);
	return rc;
}

int sut_bind(struct sut_entry *e, struct sut_entry **parts, unsigned int part_count)
{
	const struct sut_patch *patch = e->patch;
	unsigned int i, most, states = count_states(patch);
	int rc;

	most = count_objects(patch->objs) + count_objects(patch->additions) + part_count;
	e->objs = kcalloc(most + 1, sizeof(*e->objs), GFP_KERNEL);
	e->klp_states = states ? kcalloc(states + 1, sizeof(*e->klp_states), GFP_KERNEL) : NULL;
	if (!e->objs || (states && !e->klp_states))
		return -ENOMEM;
	for (i = 0; i < states; i++)
		e->klp_states[i] = (struct klp_state){
			.id = patch->states[i].id,
			.version = patch->states[i].version,
			.data = patch->states[i].data,
		};
	rc = take_objects(e, parts, part_count);
	if (rc)
		return rc;
	/* The marker, and the end. */
	e->klp_objs = kcalloc(e->count + e->late_count + 2, sizeof(*e->klp_objs), GFP_KERNEL);
	return e->klp_objs ? 0 : -ENOMEM;
}

static void freshen_funcs(struct klp_func *func)
{
	for (; func->old_name || func->new_func || func->old_sympos; func++)
		*func = (struct klp_func){
			.old_name = func->old_name,
			.new_func = func->new_func,
			.old_sympos = func->old_sympos,
		};
}

/* The kernel enables a structure only once: after a failure it must look as if never used. */
void sut_bind_fresh(struct sut_entry *e)
{
	static struct klp_func no_funcs[1];
	struct klp_object *klp_obj = e->klp_objs;
	const struct sut_late *late;
	struct sut_object *obj;
	unsigned int i;

	memset(e->klp_objs, 0, (e->count + e->late_count + 2) * sizeof(*e->klp_objs));
	sut_for_each_object(obj, e, i) {
		if (obj->funcs)
			freshen_funcs(obj->funcs);
		*klp_obj++ = (struct klp_object){
			.name = obj->name,
			.funcs = obj->funcs ?: no_funcs,
			.callbacks = sut_klp_callbacks,
		};
	}
	sut_for_each_late(late, e->patch)
		if (!sut_find_object(e, late->object))
			*klp_obj++ = (struct klp_object){
				.name = late->object,
				.funcs = no_funcs,
				.callbacks = sut_klp_callbacks,
			};
	*klp_obj = (struct klp_object){
		.name = THIS_MODULE->name,
		.funcs = no_funcs,
		.callbacks = sut_klp_callbacks,
	};
	e->klp = (struct klp_patch){
		.mod = e->patch->mod,
		.objs = e->klp_objs,
		.states = e->klp_states,
		.replace = e->patch->replace,
	};
	e->phase = SUT_NEW;
	e->failed = NULL;
}

void sut_unbind(struct sut_entry *e)
{
	kfree(e->objs);
	kfree(e->klp_objs);
	kfree(e->klp_states);
	kfree(e->results);
}
