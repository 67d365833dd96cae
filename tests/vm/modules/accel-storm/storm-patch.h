/* SPDX-License-Identifier: GPL-2.0-only */
/* A livepatch of both functions, to VERSION; it replaces others. */
#include <linux/livepatch.h>
#include <linux/module.h>
#include "storm.h"

static FIRST(new_first) static SECOND(new_second)

	static struct klp_func funcs[] = {
		{.old_name = "storm_first", .new_func = new_first},
		{.old_name = "storm_second", .new_func = new_second},
		{},
};
static struct klp_object objects[] = {{.name = "storm", .funcs = funcs}, {}};
static struct klp_patch patch = {.mod = THIS_MODULE, .objs = objects, .replace = true};

static int __init patch_init(void)
{
	return klp_enable_patch(&patch);
}

static void __exit patch_exit(void)
{
}

module_init(patch_init);
module_exit(patch_exit);
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
