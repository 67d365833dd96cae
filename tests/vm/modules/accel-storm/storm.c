// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls storm_first() all the time: in kernel threads, in a timer, and in who reads "call" of
 * debugfs' folder storm. "seen" has how many calls there were, and in how many of them the two
 * functions were of different versions: none, unless a transition was forced.
 */
#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/seq_file.h>
#include <linux/timer.h>
#include "storm.h"

#define VERSION 0

static atomic_t calls, mixed;

void storm_seen(int first, int second)
{
	atomic_inc(&calls);
	if (first != second)
		atomic_inc(&mixed);
}
EXPORT_SYMBOL_GPL(storm_seen);

void storm_wait(void)
{
	u32 chance = get_random_u32() % 8;

	if (in_task() && chance < 3)
		usleep_range(100, 3000);
	else if (chance < 6)
		udelay(chance * 10);
}
EXPORT_SYMBOL_GPL(storm_wait);

void storm_first(void);
FIRST(storm_first)
SECOND(storm_second)
EXPORT_SYMBOL_GPL(storm_second);

static int thread(void *unused)
{
	while (!kthread_should_stop()) {
		storm_first();
		usleep_range(100, 2000);
	}
	return 0;
}

static struct timer_list timer;

static void tick(struct timer_list *unused)
{
	storm_first();
	mod_timer(&timer, jiffies + 1);
}

static int call_show(struct seq_file *file, void *unused)
{
	for (int i = 0; i < 20; i++)
		storm_first();
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(call);

static int seen_show(struct seq_file *file, void *unused)
{
	seq_printf(file, "%d calls, %d mixed\n", atomic_read(&calls), atomic_read(&mixed));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(seen);

static struct task_struct *threads[4];
static struct dentry *folder;

static void storm_exit(void)
{
	del_timer_sync(&timer);
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		if (!IS_ERR_OR_NULL(threads[i]))
			kthread_stop(threads[i]);
	debugfs_remove(folder);
}

static int __init storm_init(void)
{
	folder = debugfs_create_dir("storm", NULL);
	debugfs_create_file("call", 0400, folder, NULL, &call_fops);
	debugfs_create_file("seen", 0400, folder, NULL, &seen_fops);
	timer_setup(&timer, tick, 0);
	mod_timer(&timer, jiffies + 1);
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++) {
		threads[i] = kthread_run(thread, NULL, "storm%zu", i);
		if (IS_ERR(threads[i])) {
			storm_exit();
			return PTR_ERR(threads[i]);
		}
	}
	return 0;
}

module_init(storm_init);
module_exit(storm_exit);
MODULE_LICENSE("GPL");
