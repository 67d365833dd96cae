/* SPDX-License-Identifier: GPL-2.0-only */
/* A livepatch of the first COUNT functions of target, which then answer VERSION. */
#include <linux/livepatch.h>
#include <linux/module.h>
#include "functions.h"

#define FUNCTION(n)                                                                                \
	static noinline int new_##n(bool sleep)                                                    \
	{                                                                                          \
		return answer(sleep);                                                              \
	}
#define FUNC(n) {.old_name = "target_" #n, .new_func = new_##n},

HUNDRED(FUNCTION, 10)

static int count = 100;
module_param(count, int, 0);
static bool replace;
module_param(replace, bool, 0);

static struct klp_func funcs[] = {HUNDRED(FUNC, 10){}};
static struct klp_object objects[] = {{.name = "target", .funcs = funcs}, {}};
static struct klp_patch patch = {.mod = THIS_MODULE, .objs = objects};

static int __init patch_init(void)
{
	if (count < 1 || count > 100)
		return -EINVAL;
	funcs[count] = (struct klp_func){};
	patch.replace = replace;
	return klp_enable_patch(&patch);
}

static void __exit patch_exit(void)
{
}

module_init(patch_init);
module_exit(patch_exit);
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
