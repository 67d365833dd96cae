// SPDX-License-Identifier: GPL-2.0-only
/*
 * Late objects: modules whose part of a patch is a livepatch module of its own.
 *
 * One that comes is held in the module notifier, after the kernel has patched it with what it had
 * and before its parameters and its init, until its part is there; on any failure it is refused.
 * One that is there when a patch is enabled has its part loaded first and put into the same
 * klp_patch, so that there is one transition.
 *
 * Everything waits with a deadline, for modprobe can wait for the very object: when the part
 * depends on it as modules do, or when somebody registers a module notifier meanwhile, which keeps
 * all other modules out until this notifier returns.
 */
#define pr_fmt(fmt) "suture: " fmt
#include <linux/jiffies.h>
#include <linux/moduleparam.h>
#include <linux/slab.h>
#include "registry.h"

static unsigned int late_timeout = 10;
module_param(late_timeout, uint, 0644);
MODULE_PARM_DESC(late_timeout, "seconds that the load of a module waits for its part");

static unsigned long deadline(void)
{
	return jiffies + late_timeout * HZ;
}

static int ask(struct sut_request *request, unsigned long until)
{
	int rc, status;

	rc = sut_wait_reaped(request->late->part, until);
	if (rc) {
		pr_err("%s: an older %s is still there\n", request->late->object,
		       request->late->part);
		return rc;
	}
	list_add_tail(&request->node, &sut_requests);
	mutex_unlock(&sut_registry.lock);
	status = sut_modprobe("--", request->late->part, until);
	mutex_lock(&sut_registry.lock);
	list_del(&request->node);
	request->over = true;
	if (request->answered && !request->rc)
		return 0;
	if (status == -ETIMEDOUT)
		pr_err("%s: part %s did not load within %u s\n", request->late->object,
		       request->late->part, late_timeout);
	else
		pr_err("%s: part %s did not load (modprobe %d, enable %d)\n", request->late->object,
		       request->late->part, status, request->rc);
	if (status == -ETIMEDOUT || request->rc == -EBUSY || request->rc == -ETIMEDOUT)
		return -ETIMEDOUT;
	/* Not the part's own error: insmod would explain it as one of the object. */
	return -ENOPKG;
}

/* Lock held, given up meanwhile. */
static int get_part(struct sut_entry *whole, const struct sut_late *late, struct module *instance,
		    bool compose, unsigned long until)
{
	struct sut_late_result *result = &whole->results[late - whole->patch->late];
	struct sut_request *request = kzalloc(sizeof(*request), GFP_KERNEL);
	unsigned long start = jiffies;

	if (!request)
		return -ENOMEM;
	kref_init(&request->kref);
	request->whole = whole;
	request->late = late;
	request->instance = instance;
	request->compose = compose;
	result->rc = ask(request, until);
	result->ms = jiffies_to_msecs(jiffies - start);
	result->tried = true;
	sut_request_put(request);
	return result->rc;
}

static bool is_there(const struct sut_entry *whole, const struct sut_late *late,
		     const struct module *instance)
{
	const struct sut_entry *part = sut_find_part(late->part);

	return part && part->whole == whole && part->instance == instance;
}

static const struct sut_late *find_wanted(const struct module *object, struct sut_entry **whole)
{
	const struct sut_late *late;
	struct sut_entry *e;

	sut_for_each_entry(e) {
		if (!sut_in_force(e))
			continue;
		sut_for_each_late(late, e->patch)
			if (!strcmp(late->object, object->name) && !is_there(e, late, object)) {
				*whole = e;
				return late;
			}
	}
	return NULL;
}

static bool is_quiet(const void *unused)
{
	struct sut_entry *e;

	sut_for_each_entry(e)
		if (sut_in_force(e) && e->phase != SUT_LIVE)
			return false;
	return true;
}

int sut_late_coming(struct module *object)
{
	const struct sut_late *late;
	unsigned long until = deadline();
	struct sut_entry *whole;
	struct module *mod;
	int rc = 0;

	mutex_lock(&sut_registry.lock);
	/* A patch in transition may be about to go, and a part would be busy until then. */
	while (!rc && find_wanted(object, &whole)) {
		if (!sut_wait(is_quiet, NULL, until)) {
			pr_err("%s: a transition is open\n", object->name);
			rc = -ETIMEDOUT;
			break;
		}
		late = find_wanted(object, &whole);
		if (!late)
			break;
		mod = whole->patch->mod;
		if (!try_module_get(mod))
			break;
		rc = get_part(whole, late, object, false, until);
		module_put(mod);
	}
	mutex_unlock(&sut_registry.lock);
	return rc;
}

void sut_late_going(struct module *object)
{
	unsigned long until = deadline();
	struct sut_entry *e;
	bool again = true;

	mutex_lock(&sut_registry.lock);
	while (again) {
		again = false;
		sut_for_each_entry(e) {
			if (e->instance != object || e->phase == SUT_COMPOSED)
				continue;
			e->instance = NULL;
			sut_retire(e);
			if (sut_wait_reaped(sut_entry_name(e), until))
				pr_warn("%s goes before its part\n", object->name);
			again = true;
			break;
		}
	}
	mutex_unlock(&sut_registry.lock);
}

/* The module of that name with a reference, if it is loaded and not going. */
static struct module *get_module(const char *name)
{
	struct kobject *kobj = kset_find_obj(THIS_MODULE->mkobj.kobj.kset, name);
	struct module *mod;

	if (!kobj)
		return NULL;
	mod = container_of(kobj, struct module_kobject, kobj)->mod;
	if (mod && !try_module_get(mod))
		mod = NULL;
	kobject_put(kobj);
	return mod;
}

/* With the lock, which is given up meanwhile. */
static int compose(struct sut_entry *e)
{
	unsigned long until = deadline();
	const struct sut_late *late;
	struct sut_entry **parts;
	unsigned int n = 0, most = 0;
	struct module *object;
	int rc = 0;

	sut_for_each_late(late, e->patch)
		most++;
	e->results = kcalloc(most + 1, sizeof(*e->results), GFP_KERNEL);
	parts = kcalloc(most + 1, sizeof(*parts), GFP_KERNEL);
	if (!e->results || !parts)
		rc = -ENOMEM;
	sut_for_each_late(late, e->patch) {
		object = rc ? NULL : get_module(late->object);
		if (!object)
			continue;
		rc = get_part(e, late, object, true, until);
		if (rc)
			module_put(object);
		else
			parts[n++] = sut_find_part(late->part);
	}
	if (!rc)
		rc = sut_bind(e, parts, n);
	kfree(parts);
	return rc;
}

int sut_late_compose(struct sut_entry *e)
{
	int rc;

	mutex_lock(&sut_registry.lock);
	rc = compose(e);
	mutex_unlock(&sut_registry.lock);
	return rc;
}

/* A patch that was enabled stays until its parts are gone. One that was not is freed at once. */
void sut_late_compose_done(struct sut_entry *e, bool enabled)
{
	struct sut_entry *part;

	mutex_lock(&sut_registry.lock);
	sut_for_each_entry(part) {
		if (part->whole != e || !part->holds_instance)
			continue;
		part->holds_instance = false;
		module_put(part->instance);
		if (enabled)
			__module_get(e->patch->mod);
		else
			part->whole = NULL;
	}
	mutex_unlock(&sut_registry.lock);
}
