// SPDX-License-Identifier: GPL-2.0-only
/*
 * What scenarios do to a kernel beside its patches. Parameters in sysfs:
 *
 *   hold    1: a task has a stack that the kernel cannot read, so no transition ends; 0: it has not
 *   alloc   OBJECT ID: makes that shadow variable unless it is there
 *   clear   frees all shadow variables
 */
#include <linux/kthread.h>
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/objtool.h>
#include <linux/wait.h>

static bool held;
static DECLARE_WAIT_QUEUE_HEAD(released);
static struct task_struct *task;
static const char *keys[26];
static char names[26][2];

/* Code that objtool does not look into has no ORC entries. */
static noinline void unreadable(void)
{
	wait_event(released, !READ_ONCE(held));
	barrier();
}
STACK_FRAME_NON_STANDARD(unreadable);

static int holder(void *unused)
{
	while (!kthread_should_stop()) {
		wait_event_interruptible(released, READ_ONCE(held) || kthread_should_stop());
		unreadable();
	}
	return 0;
}

static int set_hold(const char *value, const struct kernel_param *kp)
{
	bool hold;
	int rc = kstrtobool(value, &hold);

	if (rc)
		return rc;
	WRITE_ONCE(held, hold);
	wake_up_all(&released);
	return 0;
}

static const struct kernel_param_ops hold_ops = {.set = set_hold};
module_param_cb(hold, &hold_ops, NULL, 0200);

static int set_id(void *obj, void *data, void *id)
{
	*(unsigned long *)data = *(unsigned long *)id;
	return 0;
}

static int set_alloc(const char *value, const struct kernel_param *kp)
{
	unsigned long id;
	unsigned int i;
	char key;

	if (sscanf(value, "%c %lu", &key, &id) != 2 || key < 'a' || key > 'z')
		return -EINVAL;
	i = key - 'a';
	names[i][0] = key;
	keys[i] = names[i];
	return klp_shadow_get_or_alloc(&keys[i], id, sizeof(id), GFP_KERNEL, set_id, &id) ? 0
											  : -ENOMEM;
}

static const struct kernel_param_ops alloc_ops = {.set = set_alloc};
module_param_cb(alloc, &alloc_ops, NULL, 0200);

static int set_clear(const char *value, const struct kernel_param *kp)
{
	unsigned long id;

	for (id = 0; id < 10; id++)
		klp_shadow_free_all(id, NULL);
	return 0;
}

static const struct kernel_param_ops clear_ops = {.set = set_clear};
module_param_cb(clear, &clear_ops, NULL, 0200);

static int __init holder_init(void)
{
	task = kthread_run(holder, NULL, "scenario");
	return PTR_ERR_OR_ZERO(task);
}

static void __exit holder_exit(void)
{
	WRITE_ONCE(held, false);
	wake_up_all(&released);
	kthread_stop(task);
}

module_init(holder_init);
module_exit(holder_exit);
MODULE_LICENSE("GPL");
