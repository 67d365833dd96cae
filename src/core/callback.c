// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Callbacks and shadow types: what is set up for a patched object and taken down again.
 *
 * Plain callbacks belong to one object of one patch. A set with an id belongs to (object name, id)
 * of the whole system: its state is kept in each patch that holds it, always the same in all of
 * them. Entering and leaving then read alike for both; who runs is decided by the state and, on the
 * way out, by whether somebody else still holds it.
 */
#include "core/private.h"

static struct klp_callback_set *find_set(const struct klp_object *obj, unsigned long id)
{
	sut_for_each_set(set, obj)
		if (set->id == id)
			return set;
	return NULL;
}

/* The set of p that is the same as this one of obj, if p holds it. */
static struct klp_callback_set *held(const struct sut_core_patch *p, const struct klp_object *obj,
				     unsigned long id)
{
	const struct klp_object *same = sut_find_object(p, obj->name);

	return same && same->loaded ? find_set(same, id) : NULL;
}

static void set_state(struct sut_core *core, struct klp_object *obj, struct klp_callback_set *set,
		      enum klp_callback_state state)
{
	if (!set) {
		obj->callbacks.state = state;
		return;
	}
	set->callbacks.state = state;
	sut_for_each_patch(p, core) {
		struct klp_callback_set *same = held(p, obj, set->id);

		if (same)
			same->callbacks.state = state;
	}
}

static bool is_missing(const struct klp_callbacks *callbacks, enum sut_callback which)
{
	switch (which) {
	case SUT_PRE_PATCH:
		return !callbacks->pre_patch;
	case SUT_POST_PATCH:
		return !callbacks->post_patch;
	case SUT_PRE_UNPATCH:
		return !callbacks->pre_unpatch;
	default:
		return !callbacks->post_unpatch;
	}
}

/* The one table of enum klp_callback_state. set is NULL for the plain callbacks. */
static int run(struct sut_core *core, struct klp_object *obj, struct klp_callback_set *set,
	       enum sut_callback which)
{
	static const enum klp_callback_state from[] = {KLP_OFF, KLP_PRE, KLP_ON, KLP_PRE};
	static const enum klp_callback_state to[] = {KLP_PRE, KLP_ON, KLP_PRE, KLP_OFF};
	const struct klp_callbacks *callbacks = set ? &set->callbacks : &obj->callbacks;
	int rc = 0;

	if (callbacks->state != from[which])
		return 0;
	if (!is_missing(callbacks, which))
		rc = core->host->call(core, obj, set, which);
	if (which == SUT_PRE_PATCH && rc)
		return rc < 0 ? rc : -EINVAL;
	set_state(core, obj, set, to[which]);
	return 0;
}

/* As it is with those who hold it already. */
static void adopt_state(const struct sut_core *core, const struct klp_object *obj,
			struct klp_callback_set *set)
{
	sut_for_each_patch(p, core) {
		const struct klp_callback_set *same = held(p, obj, set->id);

		if (same && same != set) {
			set->callbacks.state = same->callbacks.state;
			return;
		}
	}
	set->callbacks.state = KLP_OFF;
}

int sut_enter(struct sut_core *core, struct klp_object *obj)
{
	int rc;

	obj->counted = obj->shadow_types;
	sut_for_each_set(set, obj)
		adopt_state(core, obj, set);
	rc = run(core, obj, NULL, SUT_PRE_PATCH);
	sut_for_each_set(set, obj)
		if (!rc)
			rc = run(core, obj, set, SUT_PRE_PATCH);
	return rc;
}

void sut_post_patch(struct sut_core *core, struct klp_object *obj)
{
	run(core, obj, NULL, SUT_POST_PATCH);
	sut_for_each_set(set, obj)
		run(core, obj, set, SUT_POST_PATCH);
}

static bool is_leaving(const struct sut_core *core, const struct sut_core_patch *p,
		       const struct sut_core_patch *leaving)
{
	return leaving ? p == leaving : sut_is_replaced(core, p);
}

/* Does somebody stay who holds the set, or does a newer one leave, who then runs it? */
static bool is_others(const struct sut_core *core, const struct klp_object *obj, unsigned long id,
		      const struct sut_core_patch *leaving)
{
	bool newer = false;

	sut_for_each_patch(p, core) {
		if (p->patch == obj->patch)
			newer = true;
		else if (held(p, obj, id) && (newer || !is_leaving(core, p, leaving)))
			return true;
	}
	return false;
}

static void run_leaving(struct sut_core *core, struct klp_object *obj,
			const struct sut_core_patch *leaving, enum sut_callback which)
{
	/* A replaced patch's plain callbacks are its own affair: nothing of them runs while ON. */
	if (leaving || which == SUT_POST_UNPATCH)
		run(core, obj, NULL, which);
	sut_for_each_set(set, obj)
		if (!is_others(core, obj, set->id, leaving))
			run(core, obj, set, which);
}

void sut_pre_unpatch(struct sut_core *core, struct klp_object *obj,
		     const struct sut_core_patch *leaving)
{
	run_leaving(core, obj, leaving, SUT_PRE_UNPATCH);
}

void sut_post_unpatch(struct sut_core *core, struct klp_object *obj,
		      const struct sut_core_patch *leaving)
{
	run_leaving(core, obj, leaving, SUT_POST_UNPATCH);
}

void sut_post_patch_again(struct sut_core *core, struct klp_object *obj)
{
	struct sut_core_patch *p = obj->patch->core;

	run(core, obj, NULL, SUT_POST_PATCH);
	sut_for_each_set(set, obj) {
		bool newer = false;

		for (const struct sut_core_patch *q = p->next; q; q = q->next)
			newer |= sut_is_replaced(core, q) && held(q, obj, set->id);
		if (!newer)
			run(core, obj, set, SUT_POST_PATCH);
	}
}

unsigned int sut_core_type_count(const struct sut_core *core, unsigned long id)
{
	unsigned int count = 0;

	sut_for_each_patch(p, core)
		sut_for_each_object(obj, p) {
			for (struct klp_shadow_type **type = obj->counted; type && *type; type++)
				count += (*type)->id == id;
		}
	return count;
}

void sut_drop_types(struct sut_core *core, struct klp_object *obj)
{
	while (obj->counted && *obj->counted) {
		const struct klp_shadow_type *type = *obj->counted++;

		if (!sut_core_type_count(core, type->id))
			core->host->collect(core, obj, type);
	}
	obj->counted = NULL;
}
