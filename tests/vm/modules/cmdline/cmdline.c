// SPDX-License-Identifier: GPL-2.0-only
/*
 * The smallest livepatch: /proc/cmdline says something else. It uses nothing of ours, so that the
 * test with it fails when the machine does and not when we do.
 */
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/seq_file.h>

static int patched_cmdline_proc_show(struct seq_file *m, void *v)
{
	seq_puts(m, "patched\n");
	return 0;
}

static struct klp_func funcs[] = {
	{
		.old_name = "cmdline_proc_show",
		.new_func = patched_cmdline_proc_show,
	},
	{},
};

static struct klp_object objs[] = {{.funcs = funcs}, {}};

static struct klp_patch patch = {
	.mod = THIS_MODULE,
	.objs = objs,
	.replace = true,
};

static int __init cmdline_init(void)
{
	return klp_enable_patch(&patch);
}

static void __exit cmdline_exit(void)
{
}

module_init(cmdline_init);
module_exit(cmdline_exit);
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
