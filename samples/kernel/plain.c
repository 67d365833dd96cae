// SPDX-License-Identifier: GPL-2.0-only
/* One function of the kernel is replaced: /proc/version says that it was. */
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/utsname.h>

static int plain_version_proc_show(struct seq_file *m, void *v)
{
	seq_printf(m, "%s %s, patched while it runs\n", utsname()->sysname, utsname()->release);
	return 0;
}

static struct klp_func funcs[] = {
	{.old_name = "version_proc_show", .new_func = plain_version_proc_show},
	{},
};

/* An object without a name is the kernel itself. */
static struct klp_object objs[] = {{.funcs = funcs}, {}};
static struct klp_patch patch = {.mod = THIS_MODULE, .objs = objs};

static int __init plain_init(void)
{
	return klp_enable_patch(&patch);
}

static void __exit plain_exit(void)
{
}

module_init(plain_init);
module_exit(plain_exit);
MODULE_INFO(livepatch, "Y");
MODULE_LICENSE("GPL");
