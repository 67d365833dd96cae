// SPDX-License-Identifier: GPL-2.0-only
/* The patches that suture.ko knows, in the order in which the kernel has them. */
#include <linux/jiffies.h>
#include <linux/slab.h>
#include <linux/wait.h>
#include "registry.h"

struct sut_registry sut_registry = {
	.lock = __MUTEX_INITIALIZER(sut_registry.lock),
	.entries = LIST_HEAD_INIT(sut_registry.entries),
};

static DECLARE_WAIT_QUEUE_HEAD(changes);
static unsigned int change_count;

void sut_changed(void)
{
	WRITE_ONCE(change_count, change_count + 1);
	wake_up_all(&changes);
}

bool sut_wait(bool (*done)(const void *), const void *arg, unsigned long deadline)
{
	unsigned int seen;
	long left;

	while (!done(arg)) {
		left = deadline - jiffies;
		if (left <= 0)
			return false;
		seen = change_count;
		mutex_unlock(&sut_registry.lock);
		wait_event_timeout(changes, READ_ONCE(change_count) != seen, left);
		mutex_lock(&sut_registry.lock);
	}
	return true;
}

bool sut_in_force(const struct sut_entry *e)
{
	switch (e->phase) {
	case SUT_APPLYING:
	case SUT_LIVE:
	case SUT_DISABLING:
	case SUT_UNDOING:
		return true;
	case SUT_NEW:
	case SUT_COMPOSED:
	case SUT_GONE:
		return false;
	}
	return false;
}

/* By one of ours, whose transition is open, or already by somebody else's patch. */
bool sut_is_replaced(const struct sut_entry *e)
{
	const struct sut_entry *by = sut_registry.replacing;

	return e->phase == SUT_LIVE && ((by && by != e) || !e->klp.enabled);
}

struct sut_entry *sut_entry_of_module(const struct module *mod)
{
	struct sut_entry *e;

	sut_for_each_entry(e)
		if (e->patch->mod == mod)
			return e;
	return NULL;
}

struct sut_object *sut_find_object(const struct sut_entry *e, const char *name)
{
	struct sut_object *obj;
	unsigned int i;

	sut_for_each_object(obj, e, i)
		if (sut_same_name(obj->name, name))
			return obj;
	return NULL;
}

void sut_entry_gone(struct sut_entry *e)
{
	struct sut_object *obj;
	struct sut_entry *part;
	unsigned int i;

	sut_for_each_object(obj, e, i) {
		obj->loaded = false;
		sut_forget_states(obj);
	}
	e->phase = SUT_GONE;
	/* By force: its code may still run, and the kernel keeps it. */
	if (e->is_part && !e->klp.forced)
		sut_retire(e);
	sut_for_each_entry(part) {
		if (part->whole != e)
			continue;
		if (part->phase == SUT_COMPOSED && !e->klp.forced)
			sut_part_release(part);
		if (part->phase != SUT_COMPOSED)
			sut_retire(part);
	}
	sut_changed();
}

struct sut_entry *sut_entry_add(struct sut_patch *patch)
{
	struct sut_entry *e;
	int rc;

	if (!patch || !patch->mod || !patch->objs)
		return ERR_PTR(-EINVAL);
	mutex_lock(&sut_registry.lock);
	e = sut_entry_of_module(patch->mod);
	mutex_unlock(&sut_registry.lock);
	if (e)
		return ERR_PTR(-EEXIST);
	e = kzalloc(sizeof(*e), GFP_KERNEL);
	if (!e)
		return ERR_PTR(-ENOMEM);
	e->patch = patch;
	rc = kobject_init_and_add(&e->kobj, &sut_entry_type, sut_kobj, "%s", patch->mod->name);
	if (rc) {
		kobject_put(&e->kobj);
		return ERR_PTR(rc);
	}
	mutex_lock(&sut_registry.lock);
	list_add_tail(&e->node, &sut_registry.entries);
	mutex_unlock(&sut_registry.lock);
	return e;
}

void sut_entry_remove(struct sut_entry *e)
{
	struct module *whole = e->whole ? e->whole->patch->mod : NULL;

	mutex_lock(&sut_registry.lock);
	WARN_ON(sut_in_force(e));
	list_del(&e->node);
	sut_changed();
	mutex_unlock(&sut_registry.lock);
	/* Waits for those who read in its folder. */
	kobject_del(&e->kobj);
	kobject_put(&e->kobj);
	if (whole)
		module_put(whole);
}
