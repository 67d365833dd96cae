// SPDX-License-Identifier: GPL-2.0-only
/*
 * A hundred functions to be patched, and what is looked at from outside:
 *
 *   versions  how many of the functions answer as version 0, 1, 2, 3
 *   cost      ticks of one call: of the first function, and of all in turn
 *   sleep     reading it sleeps in the first function, until a signal
 */
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include "functions.h"

#define VERSION 0
#define FUNCTION(n)                                                                                \
	noinline int target_##n(bool sleep);                                                       \
	noinline int target_##n(bool sleep)                                                        \
	{                                                                                          \
		return answer(sleep);                                                              \
	}
#define POINTER(n) target_##n,

HUNDRED(FUNCTION, 10)

static int (*const functions[])(bool sleep) = {HUNDRED(POINTER, 10)};

static int versions_show(struct seq_file *file, void *unused)
{
	int of[4] = {0};

	for (size_t i = 0; i < ARRAY_SIZE(functions); i++)
		of[functions[i](false) & 3]++;
	seq_printf(file, "%d %d %d %d\n", of[0], of[1], of[2], of[3]);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(versions);

/* In hundredths; the loop is in it. */
static u64 cost(size_t count)
{
	const int calls = 10000;
	u64 start, end;

	local_irq_disable();
	start = rdtsc_ordered();
	for (size_t i = 0, n = 0; i < calls; i++, n = n + 1 < count ? n + 1 : 0)
		READ_ONCE(functions[n])(false);
	end = rdtsc_ordered();
	local_irq_enable();
	return (end - start) / (calls / 100);
}

static int cost_show(struct seq_file *file, void *unused)
{
	u64 one = cost(1), all = cost(ARRAY_SIZE(functions));

	seq_printf(file, "%llu.%02llu %llu.%02llu\n", one / 100, one % 100, all / 100, all % 100);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(cost);

static int sleep_show(struct seq_file *file, void *unused)
{
	return functions[0](true);
}
DEFINE_SHOW_ATTRIBUTE(sleep);

static struct dentry *folder;

static int __init target_init(void)
{
	folder = debugfs_create_dir("target", NULL);
	debugfs_create_file("versions", 0400, folder, NULL, &versions_fops);
	debugfs_create_file("cost", 0400, folder, NULL, &cost_fops);
	debugfs_create_file("sleep", 0400, folder, NULL, &sleep_fops);
	return 0;
}

static void __exit target_exit(void)
{
	debugfs_remove(folder);
}

module_init(target_init);
module_exit(target_exit);
MODULE_LICENSE("GPL");
