// SPDX-License-Identifier: GPL-2.0-only
/*
 * The new function uses a variable that the kernel exports to nobody, and for which no header has a
 * declaration for modules: it is declared here and bound by `suture convert`. /proc/cmdline no
 * longer shows what stands behind "--", which is meant for init.
 */
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/string.h>
#include <suture/symbol.h>

/* The name would be enough here, for there is one of it; this is how more would be told apart. */
extern char *command_line KLP_RELOC_SYMBOL(vmlinux, vmlinux, saved_command_line);

static int private_cmdline_proc_show(struct seq_file *m, void *v)
{
	const char *end = strstr(command_line, " -- ");

	seq_write(m, command_line, end ? end - command_line : strlen(command_line));
	seq_putc(m, '\n');
	return 0;
}

static struct klp_func funcs[] = {
	{.old_name = "cmdline_proc_show", .new_func = private_cmdline_proc_show},
	{},
};
static struct klp_object objs[] = {{.funcs = funcs}, {}};
static struct klp_patch patch = {.mod = THIS_MODULE, .objs = objs};

static int __init private_init(void)
{
	return klp_enable_patch(&patch);
}

static void __exit private_exit(void)
{
}

module_init(private_init);
module_exit(private_exit);
MODULE_INFO(livepatch, "Y");
MODULE_LICENSE("GPL");
