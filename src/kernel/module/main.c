// SPDX-License-Identifier: GPL-2.0-only
/*
 * suture.ko: the life of live patches above the kernel's livepatch, and nothing of it below. It
 * uses what the kernel exports, patches nothing itself, and cannot be unloaded while a patch uses
 * it.
 */
#include <linux/init.h>
#include <linux/notifier.h>
#include "registry.h"

/*
 * A module that goes, be it an object or a patch, is still all there, and later notifiers of the
 * kernel have not taken it apart yet: this one is the first.
 */
static int first(struct notifier_block *nb, unsigned long action, void *data)
{
	struct module *mod = data;
	struct sut_entry *e;

	if (action == MODULE_STATE_LIVE)
		sut_foreign_live(mod);
	if (action != MODULE_STATE_GOING)
		return NOTIFY_DONE;
	sut_late_going(mod);
	mutex_lock(&sut_registry.lock);
	/* Last chance: the kernel does not tell a replaced patch that an object goes. */
	sut_notice_foreign();
	e = sut_entry_of_module(mod);
	mutex_unlock(&sut_registry.lock);
	if (e)
		sut_entry_remove(e);
	return NOTIFY_DONE;
}

/* A module that comes is complete only when all others have seen it: this one is the last. */
static int last(struct notifier_block *nb, unsigned long action, void *data)
{
	if (action != MODULE_STATE_COMING)
		return NOTIFY_DONE;
	return notifier_from_errno(sut_late_coming(data));
}

static struct notifier_block first_block = {.notifier_call = first, .priority = INT_MAX};
static struct notifier_block last_block = {.notifier_call = last, .priority = INT_MIN};

static int __init start(void)
{
	int rc = sut_helper_start();

	if (rc)
		return rc;
	sut_kobj = kobject_create_and_add("suture", kernel_kobj);
	if (!sut_kobj) {
		sut_helper_stop();
		return -ENOMEM;
	}
	/* They fail only when they are registered already. */
	register_module_notifier(&first_block);
	register_module_notifier(&last_block);
	return 0;
}

static void __exit stop(void)
{
	unregister_module_notifier(&last_block);
	unregister_module_notifier(&first_block);
	sut_foreign_stop();
	sut_reap_stop();
	sut_helper_stop();
	kobject_put(sut_kobj);
}

module_init(start);
module_exit(stop);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Callbacks with ids, counted shadow types and late parts for live patches");
MODULE_VERSION(SUT_VERSION);
