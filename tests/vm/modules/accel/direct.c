// SPDX-License-Identifier: GPL-2.0-only
/*
 * Has target_1050 call a function directly at its entry, as BPF programs do, and unlike them cannot
 * share the function with a livepatch: so the kernel refuses to patch it.
 */
#include <linux/ftrace.h>
#include <linux/linkage.h>
#include <linux/module.h>

asm(".pushsection .text\n"
    ".type direct_called, @function\n"
    "direct_called:\n\t" ASM_RET ".size direct_called, . - direct_called\n"
    ".popsection\n");
void direct_called(void);

static struct ftrace_ops ops;

static int __init direct_init(void)
{
	static char name[] = "target_1050";

	return ftrace_set_filter(&ops, name, sizeof(name) - 1, 0)
		       ?: register_ftrace_direct_multi(&ops, (unsigned long)direct_called);
}

static void __exit direct_exit(void)
{
	unregister_ftrace_direct_multi(&ops, (unsigned long)direct_called);
	ftrace_free_filter(&ops);
}

module_init(direct_init);
module_exit(direct_exit);
MODULE_LICENSE("GPL");
