// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel has two functions called m_show. The first is that of /proc/modules, which shows only
 * names here; the second, of /proc/mounts, stays as it is. Which is which depends on the kernel:
 * `suture verify` says how many there are, and `suture convert` shows their neighbours.
 */
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/seq_file.h>

static int position_m_show(struct seq_file *m, void *p)
{
	const struct module *mod = list_entry(p, struct module, list);

	seq_printf(m, "%s\n", mod->name);
	return 0;
}

static struct klp_func funcs[] = {
	{.old_name = "m_show", .new_func = position_m_show, .old_sympos = 1},
	{},
};
static struct klp_object objs[] = {{.funcs = funcs}, {}};
static struct klp_patch patch = {.mod = THIS_MODULE, .objs = objs};

static int __init position_init(void)
{
	return klp_enable_patch(&patch);
}

static void __exit position_exit(void)
{
}

module_init(position_init);
module_exit(position_exit);
MODULE_INFO(livepatch, "Y");
MODULE_LICENSE("GPL");
