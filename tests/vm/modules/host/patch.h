/* SPDX-License-Identifier: GPL-2.0-only */
/* A livepatch of host_target: FUNCS, a list of FUNC(old, new), and if wanted OBJECT, REPLACE and
 * PRE_PATCH. */
#include <linux/livepatch.h>
#include <linux/module.h>

#define FUNC(old, new)                                                                             \
	{                                                                                          \
		.old_name = #old, .new_func = new                                                  \
	}

#ifndef OBJECT
#define OBJECT "host_target"
#endif
#ifndef REPLACE
#define REPLACE false
#endif
#ifndef PRE_PATCH
#define PRE_PATCH NULL
#endif

static struct klp_func funcs[] = {FUNCS, {}};

static struct klp_object objs[] = {
	{.name = OBJECT, .funcs = funcs, .callbacks = {.pre_patch = PRE_PATCH}},
	{},
};

static struct klp_patch patch = {.mod = THIS_MODULE, .objs = objs, .replace = REPLACE};

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
