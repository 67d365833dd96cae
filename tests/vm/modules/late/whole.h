/* SPDX-License-Identifier: GPL-2.0-only */
/* The patch whose parts they are; PART is that of late_object, OTHERS are more. */
#include <linux/module.h>
#include <linux/seq_file.h>
#include <suture/livepatch.h>

static char *part = PART;
module_param(part, charp, 0);

static int new_cmdline(struct seq_file *m, void *v)
{
	seq_printf(m, "%s\n", THIS_MODULE->name);
	return 0;
}

static struct klp_func funcs[] = {
	{.old_name = "cmdline_proc_show", .new_func = new_cmdline},
	{},
};
static struct klp_object objs[] = {{.funcs = funcs}, {}};
static struct sut_late late[] = {{"late_object", PART}, OTHERS{}};
static struct klp_patch patch = {.objs = objs, .replace = true, .late = late};

static int __init whole_init(void)
{
	late[0].part = part;
	patch.mod = THIS_MODULE;
	return klp_enable_patch(&patch);
}

static void __exit whole_exit(void)
{
}

module_init(whole_init);
module_exit(whole_exit);
MODULE_INFO(livepatch, "Y");
MODULE_LICENSE("GPL");
