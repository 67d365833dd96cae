// SPDX-License-Identifier: GPL-2.0-only
/*
 * A patch's way through the kernel's livepatch, seen from the callbacks of its objects.
 *
 * The kernel calls them object by object, in the order of the array, and the marker's last:
 *
 *   enable     pre_patch, functions pushed, next object ... marker: nothing can fail any more
 *   disable    pre_unpatch of each object ... marker
 *   complete   post_patch of each loaded object, or post_unpatch of each ... marker
 *   object     comes: pre_patch, post_patch unless the transition is open; goes: the other two
 *
 * It calls nothing of a patch that is replaced. That is done here: what only the old patches have
 * is left when the marker of the new one is reached, and taken down before the new one's first
 * post_patch; so the order is that of docs/semantics.md, E1.4 and E1.5.
 */
#include <linux/slab.h>
#include "registry.h"

static struct sut_entry *entry_of(const struct klp_object *klp_obj)
{
	struct sut_entry *e;

	sut_for_each_entry(e)
		if (e->klp_objs && klp_obj >= e->klp_objs && klp_obj <= sut_marker(e))
			return e;
	return NULL;
}

/* NULL: the marker, or the empty object that stands for a late one. */
static struct sut_object *object_of(const struct sut_entry *e, const struct klp_object *klp_obj)
{
	unsigned long i = klp_obj - e->klp_objs;

	return i < e->count ? e->objs[i] : NULL;
}

/* Is all of the patch in place? Not before its marker was reached, nor when its end has begun. */
static bool is_whole(const struct sut_entry *e)
{
	return sut_marker(e)->patched;
}

static void begin(struct sut_entry *e)
{
	sut_notice_foreign();
	list_move_tail(&e->node, &sut_registry.entries);
	e->phase = SUT_APPLYING;
	if (e->patch->replace)
		sut_registry.replacing = e;
}

static void for_replaced(void (*act)(struct sut_entry *e, struct sut_object *obj))
{
	struct sut_object *obj;
	struct sut_entry *e;
	unsigned int i;

	sut_for_each_entry(e) {
		if (!sut_is_replaced(e))
			continue;
		sut_for_each_object(obj, e, i) {
			if (obj->loaded)
				act(e, obj);
		}
	}
}

static void leave(struct sut_entry *e, struct sut_object *obj)
{
	sut_pre_unpatch(e, obj, NULL);
}

static void end(struct sut_entry *e, struct sut_object *obj)
{
	sut_post_unpatch(e, obj, NULL);
}

void sut_leave_replaced(void)
{
	for_replaced(leave);
}

void sut_take_down_replaced(void)
{
	struct sut_entry *e;

	for_replaced(end);
	for_replaced(sut_drop_types);
	sut_for_each_entry(e)
		if (sut_is_replaced(e))
			sut_entry_gone(e);
}

/* The replace failed or was turned round. */
static void restore_replaced(struct sut_entry *by)
{
	if (sut_registry.replacing != by)
		return;
	for_replaced(sut_post_patch_again);
	sut_registry.replacing = NULL;
}

/* What was ON because it was completed early (part.c) is left first. */
static void take_down(struct sut_entry *e, struct sut_object *obj)
{
	sut_pre_unpatch(e, obj, e);
	sut_post_unpatch(e, obj, e);
	sut_drop_types(e, obj);
	sut_forget_states(obj);
	obj->loaded = false;
}

static int enter(struct sut_entry *e, struct sut_object *obj, struct klp_object *klp_obj)
{
	int rc;

	if (e->disarmed)
		return 0;
	rc = sut_part_may_enter(e);
	if (rc)
		return rc;
	obj->mod = klp_obj->mod;
	rc = sut_enter(e, obj);
	if (rc && is_whole(e))
		take_down(e, obj);
	else if (rc)
		e->failed = obj;
	return rc;
}

/*
 * An enable fails. What succeeded in the object that failed is taken back in its turn, after the
 * objects before it, for which the kernel calls post_unpatch; not so for this one.
 */
static void take_down_failed(struct sut_entry *e)
{
	struct sut_object *obj;
	unsigned int i;

	sut_for_each_object(obj, e, i) {
		if (obj->loaded && obj != e->failed)
			return;
	}
	if (e->failed)
		take_down(e, e->failed);
	e->failed = NULL;
}

static int pre_patch(struct klp_object *klp_obj)
{
	struct sut_object *obj;
	struct sut_entry *e;
	int rc = 0;

	mutex_lock(&sut_registry.lock);
	e = entry_of(klp_obj);
	obj = object_of(e, klp_obj);
	if (e->phase == SUT_NEW)
		begin(e);
	if (obj)
		rc = enter(e, obj, klp_obj);
	else if (klp_obj == sut_marker(e))
		sut_leave_replaced();
	else if (!is_whole(e)) /* a late object was loaded after its part was not asked for */
		rc = -EAGAIN;
	if (rc && !is_whole(e)) {
		restore_replaced(e);
		e->phase = SUT_UNDOING;
		take_down_failed(e);
	}
	mutex_unlock(&sut_registry.lock);
	return rc;
}

static void post_patch(struct klp_object *klp_obj)
{
	struct sut_object *obj;
	struct sut_entry *e;

	mutex_lock(&sut_registry.lock);
	e = entry_of(klp_obj);
	obj = object_of(e, klp_obj);
	if (e->phase != SUT_LIVE) {
		if (sut_registry.replacing == e) {
			sut_take_down_replaced();
			sut_registry.replacing = NULL;
		}
		e->phase = SUT_LIVE;
		sut_changed();
	}
	/* One that is being replaced is neither on nor off until that ends. */
	if (obj && obj->loaded && !sut_is_replaced(e))
		sut_post_patch(obj);
	mutex_unlock(&sut_registry.lock);
}

static void pre_unpatch(struct klp_object *klp_obj)
{
	struct sut_object *obj;
	struct sut_entry *e;

	mutex_lock(&sut_registry.lock);
	e = entry_of(klp_obj);
	obj = object_of(e, klp_obj);
	if (klp_obj == sut_marker(e))
		e->phase = SUT_DISABLING;
	else if (obj && obj->loaded)
		sut_pre_unpatch(e, obj, e);
	mutex_unlock(&sut_registry.lock);
}

static void post_unpatch(struct klp_object *klp_obj)
{
	struct sut_object *obj;
	struct sut_entry *e;

	mutex_lock(&sut_registry.lock);
	e = entry_of(klp_obj);
	obj = object_of(e, klp_obj);
	if (!is_whole(e) && e->phase != SUT_UNDOING) {
		restore_replaced(e);
		e->phase = SUT_UNDOING;
	}
	if (obj && obj->loaded)
		take_down(e, obj);
	take_down_failed(e);
	if (obj && is_whole(e))
		sut_part_object_gone(e, obj, klp_obj);
	if (klp_obj == sut_marker(e))
		sut_entry_gone(e);
	mutex_unlock(&sut_registry.lock);
}

const struct klp_callbacks sut_klp_callbacks = {
	.pre_patch = pre_patch,
	.post_patch = post_patch,
	.pre_unpatch = pre_unpatch,
	.post_unpatch = post_unpatch,
};

int sut_entry_enable(struct sut_entry *e)
{
	mutex_lock(&sut_registry.lock);
	sut_bind_fresh(e);
	mutex_unlock(&sut_registry.lock);
	return klp_enable_patch(&e->klp);
}

int sut_enable_patch(struct sut_patch *patch)
{
	struct sut_entry *e = sut_entry_add(patch);
	int rc;

	if (IS_ERR(e))
		return PTR_ERR(e);
	rc = sut_late_compose(e);
	if (!rc)
		rc = sut_entry_enable(e);
	if (rc) {
		mutex_lock(&sut_registry.lock);
		sut_entry_gone(e);
		mutex_unlock(&sut_registry.lock);
	}
	sut_late_compose_done(e, !rc);
	if (rc)
		sut_entry_remove(e);
	return rc;
}
EXPORT_SYMBOL_GPL(sut_enable_patch);
