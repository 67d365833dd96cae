// SPDX-License-Identifier: GPL-2.0-only
/* The second version of total1: one function more, which is given back when total1 returns. */
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/seq_file.h>

static int total_version_proc_show(struct seq_file *m, void *v)
{
	seq_puts(m, "version of total2\n");
	return 0;
}

static int total_cmdline_proc_show(struct seq_file *m, void *v)
{
	seq_puts(m, "command line of total2\n");
	return 0;
}

static struct klp_func funcs[] = {
	{.old_name = "version_proc_show", .new_func = total_version_proc_show},
	{.old_name = "cmdline_proc_show", .new_func = total_cmdline_proc_show},
	{},
};
static struct klp_object objs[] = {{.funcs = funcs}, {}};
static struct klp_patch patch = {.mod = THIS_MODULE, .objs = objs, .replace = true};

static int __init total_init(void)
{
	return klp_enable_patch(&patch);
}

static void __exit total_exit(void)
{
}

module_init(total_init);
module_exit(total_exit);
MODULE_INFO(livepatch, "Y");
MODULE_LICENSE("GPL");
