// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which callbacks run (docs/semantics.md, A8 and E1).
 *
 * Plain callbacks belong to one object of one patch. A set with an id belongs to (object name, id)
 * of the whole system: its state is kept in each patch that holds it, always the same in all of
 * them. Entering and leaving then read alike for both; who runs is decided by the state and, on the
 * way out, by whether somebody else still holds it.
 */
#include "registry.h"

enum event { PRE_PATCH, POST_PATCH, PRE_UNPATCH, POST_UNPATCH };

static struct sut_callback_set *find_set(const struct sut_object *obj, unsigned long id)
{
	struct sut_callback_set *set;

	sut_for_each_set(set, obj)
		if (set->id == id)
			return set;
	return NULL;
}

/* The set of e that is the same as this one of obj, if e holds it. */
static struct sut_callback_set *held(const struct sut_entry *e, const struct sut_object *obj,
				     unsigned long id)
{
	const struct sut_object *same = sut_in_force(e) ? sut_find_object(e, obj->name) : NULL;

	return same && same->loaded ? find_set(same, id) : NULL;
}

static void set_state(struct sut_object *obj, struct sut_callback_set *set,
		      enum sut_callback_state state)
{
	struct sut_callback_set *same;
	struct sut_entry *e;

	if (!set) {
		obj->callbacks.state = state;
		return;
	}
	set->callbacks.state = state;
	sut_for_each_entry(e) {
		same = held(e, obj, set->id);
		if (same)
			same->callbacks.state = state;
	}
}

static int call(const struct sut_callbacks *callbacks, struct sut_object *obj, enum event event)
{
	switch (event) {
	case PRE_PATCH:
		return callbacks->pre_patch ? callbacks->pre_patch(obj) : 0;
	case POST_PATCH:
		if (callbacks->post_patch)
			callbacks->post_patch(obj);
		break;
	case PRE_UNPATCH:
		if (callbacks->pre_unpatch)
			callbacks->pre_unpatch(obj);
		break;
	case POST_UNPATCH:
		if (callbacks->post_unpatch)
			callbacks->post_unpatch(obj);
		break;
	}
	return 0;
}

/* The one table of enum sut_callback_state. set is NULL for the plain callbacks. */
static int run(struct sut_object *obj, struct sut_callback_set *set, enum event event)
{
	static const enum sut_callback_state from[] = {SUT_OFF, SUT_PRE, SUT_ON, SUT_PRE};
	static const enum sut_callback_state to[] = {SUT_PRE, SUT_ON, SUT_PRE, SUT_OFF};
	const struct sut_callbacks *callbacks = set ? &set->callbacks : &obj->callbacks;
	int rc;

	if (callbacks->state != from[event])
		return 0;
	rc = call(callbacks, obj, event);
	/* A positive value would let the kernel call the load of the patch a success. */
	if (rc)
		return rc < 0 ? rc : -EINVAL;
	set_state(obj, set, to[event]);
	return 0;
}

/* As it is with those who hold it already. */
static void adopt_state(const struct sut_object *obj, struct sut_callback_set *set)
{
	const struct sut_callback_set *same;
	struct sut_entry *e;

	set->callbacks.state = SUT_OFF;
	sut_for_each_entry(e) {
		same = held(e, obj, set->id);
		if (same && same != set) {
			set->callbacks.state = same->callbacks.state;
			return;
		}
	}
}

int sut_enter(struct sut_entry *e, struct sut_object *obj)
{
	struct sut_callback_set *set;
	int rc;

	obj->loaded = true;
	obj->counted = obj->shadow_types;
	sut_for_each_set(set, obj)
		adopt_state(obj, set);
	rc = run(obj, NULL, PRE_PATCH);
	sut_for_each_set(set, obj)
		if (!rc)
			rc = run(obj, set, PRE_PATCH);
	return rc;
}

void sut_post_patch(struct sut_object *obj)
{
	struct sut_callback_set *set;

	run(obj, NULL, POST_PATCH);
	sut_for_each_set(set, obj)
		run(obj, set, POST_PATCH);
}

static bool is_leaving(const struct sut_entry *e, const struct sut_entry *leaving)
{
	return leaving ? e == leaving : sut_is_replaced(e);
}

/* Does somebody stay who holds the set, or does a newer one leave, who then runs it? */
static bool is_others(const struct sut_entry *mine, const struct sut_object *obj, unsigned long id,
		      const struct sut_entry *leaving)
{
	bool newer = false;
	struct sut_entry *e;

	sut_for_each_entry(e) {
		if (e == mine)
			newer = true;
		else if (held(e, obj, id) && (newer || !is_leaving(e, leaving)))
			return true;
	}
	return false;
}

static void run_leaving(struct sut_entry *e, struct sut_object *obj,
			const struct sut_entry *leaving, enum event event)
{
	struct sut_callback_set *set;

	/* A replaced patch's plain callbacks are its own affair: nothing of them runs while ON. */
	if (leaving || event == POST_UNPATCH)
		run(obj, NULL, event);
	sut_for_each_set(set, obj)
		if (!is_others(e, obj, set->id, leaving))
			run(obj, set, event);
}

void sut_pre_unpatch(struct sut_entry *e, struct sut_object *obj, const struct sut_entry *leaving)
{
	run_leaving(e, obj, leaving, PRE_UNPATCH);
}

void sut_post_unpatch(struct sut_entry *e, struct sut_object *obj, const struct sut_entry *leaving)
{
	run_leaving(e, obj, leaving, POST_UNPATCH);
}

/* A replace was turned round: what a replaced patch had left begins again. */
void sut_post_patch_again(struct sut_entry *mine, struct sut_object *obj)
{
	struct sut_callback_set *set;
	struct sut_entry *e;
	bool newer;

	run(obj, NULL, POST_PATCH);
	sut_for_each_set(set, obj) {
		newer = false;
		e = mine;
		list_for_each_entry_continue(e, &sut_registry.entries, node) newer |=
			sut_is_replaced(e) && held(e, obj, set->id);
		if (!newer)
			run(obj, set, POST_PATCH);
	}
}

void sut_forget_states(struct sut_object *obj)
{
	struct sut_callback_set *set;

	obj->callbacks.state = SUT_OFF;
	sut_for_each_set(set, obj)
		set->callbacks.state = SUT_OFF;
}
