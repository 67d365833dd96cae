// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the patches of this folder patch, with everything that can hold up a transition. Files in
 * /proc/host_target:
 *
 *   value  reading runs host_value(), which is 1; writing wakes the sleepers
 *   sleep  reading sleeps in host_sleep(), and signals end that
 *   hard   reading sleeps in host_sleep_hard(), and signals do not
 *
 * The kernel thread "host_thread" spends its life in host_thread_main(). While the parameter spin
 * is set, "host_spinner" runs and never sleeps, in nothing that is patched.
 */
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

static DECLARE_WAIT_QUEUE_HEAD(queue);
static unsigned int woken;
static struct task_struct *thread, *spinner;
static bool spin;
module_param(spin, bool, 0644);

static noinline int host_value(void)
{
	barrier();
	return 1;
}

static noinline int host_sleep(void)
{
	unsigned int now = woken;

	return wait_event_interruptible(queue, woken != now);
}

static noinline int host_sleep_hard(void)
{
	unsigned int now = woken;

	wait_event(queue, woken != now);
	return 0;
}

/* Cannot be patched. */
static noinline notrace int host_quiet(void)
{
	barrier();
	return 0;
}

static noinline int host_thread_main(void *unused)
{
	while (!kthread_should_stop())
		schedule_timeout_interruptible(1000 * HZ);
	return 0;
}

static int host_spinner_main(void *unused)
{
	while (!kthread_should_stop()) {
		if (READ_ONCE(spin))
			cond_resched();
		else
			schedule_timeout_interruptible(HZ / 20);
	}
	return 0;
}

static ssize_t value_read(struct file *file, char __user *to, size_t size, loff_t *offset)
{
	char text[16];
	int length = scnprintf(text, sizeof(text), "%d\n", host_value() + host_quiet());

	return simple_read_from_buffer(to, size, offset, text, length);
}

static ssize_t value_write(struct file *file, const char __user *from, size_t size, loff_t *offset)
{
	woken++;
	wake_up_all(&queue);
	return size;
}

static ssize_t sleep_read(struct file *file, char __user *to, size_t size, loff_t *offset)
{
	return host_sleep();
}

static ssize_t hard_read(struct file *file, char __user *to, size_t size, loff_t *offset)
{
	return host_sleep_hard();
}

static const struct proc_ops value_ops = {.proc_read = value_read, .proc_write = value_write};
static const struct proc_ops sleep_ops = {.proc_read = sleep_read};
static const struct proc_ops hard_ops = {.proc_read = hard_read};

static int __init host_target_init(void)
{
	struct proc_dir_entry *dir = proc_mkdir("host_target", NULL);

	if (!dir || !proc_create("value", 0600, dir, &value_ops) ||
	    !proc_create("sleep", 0400, dir, &sleep_ops) ||
	    !proc_create("hard", 0400, dir, &hard_ops)) {
		remove_proc_subtree("host_target", NULL);
		return -ENOMEM;
	}
	thread = kthread_run(host_thread_main, NULL, "host_thread");
	if (IS_ERR(thread)) {
		remove_proc_subtree("host_target", NULL);
		return PTR_ERR(thread);
	}
	spinner = kthread_run(host_spinner_main, NULL, "host_spinner");
	if (IS_ERR(spinner)) {
		kthread_stop(thread);
		remove_proc_subtree("host_target", NULL);
		return PTR_ERR(spinner);
	}
	return 0;
}

static void __exit host_target_exit(void)
{
	kthread_stop(spinner);
	kthread_stop(thread);
	remove_proc_subtree("host_target", NULL);
}

module_init(host_target_init);
module_exit(host_target_exit);
MODULE_LICENSE("GPL");
