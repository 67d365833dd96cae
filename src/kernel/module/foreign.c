// SPDX-License-Identifier: GPL-2.0-only
/*
 * Patches of others. One that replaces ours does so without a word: the kernel calls nothing of a
 * replaced patch. It shows in the patch's `enabled`, so that is looked at wherever it matters, and
 * once a second after somebody else's livepatch has come beside one of ours.
 */
#define pr_fmt(fmt) "suture: " fmt
#include <linux/jiffies.h>
#include <linux/workqueue.h>
#include "registry.h"

static void look(struct work_struct *work);
static DECLARE_DEFERRABLE_WORK(looker, look);
static bool seen; /* somebody else's, since something of ours is in force */

void sut_notice_foreign(void)
{
	struct sut_entry *e;
	bool found = false;

	if (sut_registry.replacing)
		return;
	sut_for_each_entry(e) {
		if (!sut_is_replaced(e))
			continue;
		pr_warn("%s was replaced by a patch that suture does not manage\n",
			sut_entry_name(e));
		found = true;
	}
	if (found) {
		sut_leave_replaced();
		sut_take_down_replaced();
	}
}

/* The lock is held. */
static void look_again(void)
{
	struct sut_entry *e;

	sut_for_each_entry(e)
		if (seen && sut_in_force(e)) {
			queue_delayed_work(system_power_efficient_wq, &looker, HZ);
			return;
		}
	seen = false;
}

static void look(struct work_struct *work)
{
	mutex_lock(&sut_registry.lock);
	sut_notice_foreign();
	look_again();
	mutex_unlock(&sut_registry.lock);
}

void sut_foreign_live(struct module *mod)
{
	if (!is_livepatch_module(mod))
		return;
	mutex_lock(&sut_registry.lock);
	if (!sut_entry_of_module(mod)) {
		seen = true;
		look_again();
	}
	mutex_unlock(&sut_registry.lock);
}

void sut_foreign_stop(void)
{
	cancel_delayed_work_sync(&looker);
}
