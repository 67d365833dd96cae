// SPDX-License-Identifier: GPL-2.0-only
/*
 * modprobe, for no longer than the caller can wait. It runs from a work of its own, which is left
 * alone with it when the time is over: a process that loads a module cannot be stopped for certain.
 */
#include <linux/completion.h>
#include <linux/jiffies.h>
#include <linux/kmod.h>
#include <linux/moduleparam.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include "registry.h"

static char modprobe[64] = "/sbin/modprobe";
module_param_string(modprobe, modprobe, sizeof(modprobe), 0644);
MODULE_PARM_DESC(modprobe, "the program that loads parts");

struct helper {
	struct work_struct work;
	struct completion done;
	refcount_t refs; /* the work's and the caller's */
	char name[MODULE_NAME_LEN];
	const char *option;
	int status;
};

static struct workqueue_struct *queue;

static void put_helper(struct helper *helper)
{
	if (refcount_dec_and_test(&helper->refs))
		kfree(helper);
}

static void run(struct work_struct *work)
{
	static char *envp[] = {"HOME=/", "PATH=/sbin:/bin:/usr/sbin:/usr/bin", NULL};
	struct helper *helper = container_of(work, struct helper, work);
	char *argv[] = {modprobe, "-q", (char *)helper->option, helper->name, NULL};

	helper->status = call_usermodehelper(modprobe, argv, envp, UMH_WAIT_PROC);
	complete(&helper->done);
	put_helper(helper);
	module_put(THIS_MODULE);
}

int sut_modprobe(const char *option, const char *name, unsigned long deadline)
{
	struct helper *helper = kzalloc(sizeof(*helper), GFP_KERNEL);
	long left = deadline - jiffies;
	int status = -ETIMEDOUT;

	if (!helper)
		return -ENOMEM;
	INIT_WORK(&helper->work, run);
	init_completion(&helper->done);
	refcount_set(&helper->refs, 2);
	strscpy(helper->name, name, sizeof(helper->name));
	helper->option = option;
	/* "modprobe -r" takes what its module needed and nobody uses any more: not this one. */
	__module_get(THIS_MODULE);
	queue_work(queue, &helper->work);
	if (left > 0 && wait_for_completion_timeout(&helper->done, left))
		status = helper->status;
	put_helper(helper);
	/* An exit status is in the second byte, as waitpid() has it. */
	return status > 0 ? status >> 8 ?: status : status;
}

int sut_helper_start(void)
{
	queue = alloc_workqueue("suture", WQ_UNBOUND, 0);
	return queue ? 0 : -ENOMEM;
}

void sut_helper_stop(void)
{
	destroy_workqueue(queue);
}
