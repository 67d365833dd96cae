// SPDX-License-Identifier: GPL-2.0-only
/* Says that it is a livepatch, and does not enable one. */
#include <linux/module.h>

static int __init idle_init(void)
{
	return 0;
}

static void __exit idle_exit(void)
{
}

module_init(idle_init);
module_exit(idle_exit);
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
