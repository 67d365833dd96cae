// SPDX-License-Identifier: GPL-2.0-only
/*
 * The way out for parts whose object is gone, or whose patch is: disabled, and unloaded when the
 * kernel has given up its reference. Other transitions may have to end before. Who needs the
 * part's name again waits for this.
 */
#define pr_fmt(fmt) "suture: " fmt
#include <linux/jiffies.h>
#include <linux/workqueue.h>
#include "registry.h"

enum { STEP_MS = 20, GIVE_UP_MS = 60 * 1000 };

static void reap(struct work_struct *work);
static DECLARE_DELAYED_WORK(reaper, reap);
static bool unloading; /* a module is being unloaded: its name is still taken */

void sut_retire(struct sut_entry *part)
{
	part->retire = true;
	part->retire_until = jiffies + msecs_to_jiffies(GIVE_UP_MS);
	mod_delayed_work(system_unbound_wq, &reaper, 0);
}

/* The lock is given up meanwhile; the reference keeps the part. */
static void disable(struct sut_entry *part)
{
	struct module *mod = part->patch->mod;

	if (!try_module_get(mod))
		return;
	mutex_unlock(&sut_registry.lock);
	sut_control(part, "enabled", "0");
	module_put(mod);
	mutex_lock(&sut_registry.lock);
}

static void unload(struct sut_entry *part)
{
	char name[MODULE_NAME_LEN];

	if (module_refcount(part->patch->mod) > 0)
		return;
	strscpy(name, sut_entry_name(part), sizeof(name));
	unloading = true;
	mutex_unlock(&sut_registry.lock);
	sut_modprobe("-r", name, jiffies + msecs_to_jiffies(GIVE_UP_MS));
	mutex_lock(&sut_registry.lock);
	unloading = false;
	sut_changed();
}

static void step(struct sut_entry *part)
{
	switch (part->phase) {
	case SUT_APPLYING:
	case SUT_LIVE:
		disable(part);
		break;
	case SUT_GONE:
		unload(part);
		break;
	case SUT_NEW:
	case SUT_DISABLING:
	case SUT_UNDOING:
	case SUT_COMPOSED:
		break;
	}
}

/* The n-th of those that retire: the list may change with every step. */
static struct sut_entry *retiring(unsigned int n)
{
	struct sut_entry *e;

	sut_for_each_entry(e)
		if (e->retire && !e->request && !n--)
			return e;
	return NULL;
}

static void reap(struct work_struct *work)
{
	struct sut_entry *part;
	unsigned int n;

	mutex_lock(&sut_registry.lock);
	for (n = 0; (part = retiring(n)); n++) {
		if (time_after(jiffies, part->retire_until)) {
			pr_err("%s cannot be unloaded\n", sut_entry_name(part));
			part->retire = false;
			n--;
			continue;
		}
		step(part);
	}
	if (n)
		mod_delayed_work(system_unbound_wq, &reaper, msecs_to_jiffies(STEP_MS));
	mutex_unlock(&sut_registry.lock);
}

static bool is_reaped(const void *name)
{
	return !unloading && !sut_find_part(name);
}

int sut_wait_reaped(const char *name, unsigned long deadline)
{
	struct sut_entry *part = sut_find_part(name);
	char copy[MODULE_NAME_LEN]; /* the name may be the part's own */

	strscpy(copy, name, sizeof(copy));
	/* Given up before: try again. One that is in use is somebody else's. */
	if (part && !part->retire) {
		if (part->phase != SUT_GONE && !part->disarmed)
			return -EEXIST;
		sut_retire(part);
	}
	return sut_wait(is_reaped, copy, deadline) ? 0 : -EBUSY;
}

void sut_reap_stop(void)
{
	cancel_delayed_work_sync(&reaper);
}
