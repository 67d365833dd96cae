// SPDX-License-Identifier: GPL-2.0-only
/*
 * Parts: livepatch modules for one object each, that are loaded when the object is.
 *
 * A part's relocations name one instance of its object, the one that was there when the part was
 * loaded. So it is only taken when it was asked for, and when its object goes its functions are
 * taken off the kernel's list: what is left is an empty patch, which does no harm to the next
 * instance until the reaper has removed it.
 */
#define pr_fmt(fmt) "suture: " fmt
#include <linux/delay.h>
#include <linux/slab.h>
#include "registry.h"

LIST_HEAD(sut_requests);

static void free_request(struct kref *kref)
{
	kfree(container_of(kref, struct sut_request, kref));
}

void sut_request_put(struct sut_request *request)
{
	kref_put(&request->kref, free_request);
}

struct sut_entry *sut_find_part(const char *name)
{
	struct sut_entry *e;

	sut_for_each_entry(e)
		if (e->is_part && !strcmp(sut_entry_name(e), name))
			return e;
	return NULL;
}

int sut_part_may_enter(const struct sut_entry *e)
{
	if (!e->is_part || (e->request && !e->request->over))
		return 0;
	return -EBUSY;
}

static void forget_in(struct sut_entry *whole, const struct sut_object *obj)
{
	unsigned int i;

	for (i = 0; i < whole->count; i++)
		if (whole->objs[i] == obj)
			whole->objs[i] = NULL;
}

void sut_part_release(struct sut_entry *part)
{
	forget_in(part->whole, part->patch->objs);
	part->phase = SUT_GONE;
	module_put(part->patch->mod);
	sut_changed();
}

/*
 * Under klp_mutex, after the kernel has taken the functions off their func_stacks: as
 * __klp_free_funcs() does it.
 */
static void drop_funcs(struct klp_object *klp_obj)
{
	struct klp_func *func, *next;

	list_for_each_entry_safe(func, next, &klp_obj->func_list, node) {
		list_del(&func->node);
		kobject_put(&func->kobj);
	}
}

static struct sut_entry *part_with(struct sut_entry *e, const struct sut_object *obj)
{
	struct sut_entry *part;

	if (e->is_part)
		return e;
	sut_for_each_entry(part)
		if (part->whole == e && part->phase == SUT_COMPOSED && part->patch->objs == obj)
			return part;
	return NULL;
}

void sut_part_object_gone(struct sut_entry *e, struct sut_object *obj, struct klp_object *klp_obj)
{
	struct sut_entry *part = part_with(e, obj);

	if (!part || part->disarmed)
		return;
	drop_funcs(klp_obj);
	part->disarmed = true;
	part->instance = NULL;
	if (part != e)
		sut_part_release(part);
	sut_retire(part);
}

/*
 * Nobody can be inside of an object whose init did not run yet: the transition need not wait for
 * anybody, nor need post_patch.
 */
static void complete_early(struct sut_entry *part)
{
	struct sut_object *obj;
	unsigned int i;
	bool open;

	mutex_lock(&sut_registry.lock);
	open = part->phase == SUT_APPLYING && !part->request->over;
	mutex_unlock(&sut_registry.lock);
	/* -EINVAL: it has ended by itself. */
	if (!open || sut_control(part, "force", "1"))
		return;
	mutex_lock(&sut_registry.lock);
	sut_for_each_object(obj, part, i) {
		if (part->phase == SUT_APPLYING && obj->loaded)
			sut_post_patch(obj);
	}
	mutex_unlock(&sut_registry.lock);
}

/* While any transition is open the kernel answers -EBUSY; whoever asked for the part waits. */
static int enable_part(struct sut_entry *part)
{
	int rc;

	for (;;) {
		rc = sut_entry_enable(part);
		if (rc != -EBUSY || READ_ONCE(part->request->over))
			break;
		msleep(20);
	}
	if (!rc)
		complete_early(part);
	return rc;
}

static struct sut_request *find_request(const struct sut_patch *patch)
{
	const struct sut_object *objs = patch->objs;
	struct sut_request *request;

	list_for_each_entry(request, &sut_requests, node)
		if (!request->answered && !strcmp(request->late->part, patch->mod->name) &&
		    sut_same_name(objs[0].name, request->late->object) &&
		    sut_object_is_end(&objs[1]) && !patch->replace && !patch->states &&
		    !patch->additions && !patch->late)
			return request;
	return NULL;
}

/* Until the request is over, whoever waits keeps the patch, and its object, there. */
static int join(struct sut_entry *part, struct sut_request *request)
{
	if (request->over)
		return -ETIMEDOUT;
	part->is_part = true;
	part->whole = request->whole;
	part->request = request;
	part->instance = request->instance;
	/* In memory that outlives the kernel's object, whatever becomes of the part. */
	part->patch->objs->name = request->late->object;
	if (request->compose) {
		part->phase = SUT_COMPOSED;
		part->holds_instance = true;
		__module_get(part->patch->mod);
		request->rc = 0;
		return 0;
	}
	__module_get(request->whole->patch->mod);
	return sut_bind(part, NULL, 0);
}

static int answer(struct sut_entry *part, struct sut_request *request)
{
	int rc;

	mutex_lock(&sut_registry.lock);
	rc = join(part, request);
	mutex_unlock(&sut_registry.lock);
	return rc || request->compose ? rc : enable_part(part);
}

int sut_enable_part(struct sut_patch *patch)
{
	struct sut_request *request;
	struct sut_entry *part;
	int rc;

	mutex_lock(&sut_registry.lock);
	request = patch->mod && patch->objs ? find_request(patch) : NULL;
	if (request) {
		kref_get(&request->kref);
		request->answered = true;
		request->rc = -ETIMEDOUT;
	}
	mutex_unlock(&sut_registry.lock);
	if (!request) {
		pr_err("%s was not asked for: a part is loaded with its object\n",
		       patch->mod ? patch->mod->name : "?");
		return -EPERM;
	}
	part = sut_entry_add(patch);
	rc = IS_ERR(part) ? PTR_ERR(part) : answer(part, request);
	mutex_lock(&sut_registry.lock);
	request->rc = rc;
	if (!IS_ERR(part)) {
		part->request = NULL;
		if (rc)
			sut_entry_gone(part);
		else if (request->over)
			sut_retire(part);
	}
	mutex_unlock(&sut_registry.lock);
	if (!IS_ERR(part) && rc)
		sut_entry_remove(part);
	sut_request_put(request);
	return rc;
}
EXPORT_SYMBOL_GPL(sut_enable_part);
