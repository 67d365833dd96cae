// SPDX-License-Identifier: GPL-2.0-only
/*
 * Callbacks and shadow types for both targets: `suture create --with` compiles this file for a
 * process, and kbuild for the kernel. A counter of all uses lives as long as any version of the
 * patch, the counters of single users are collected when the last version is gone.
 */
#include <suture/livepatch.h>

#ifndef __KERNEL__
#include <errno.h>
#define GFP_KERNEL 0
#endif

enum { ALL_USES = 1, USES = 2, COUNTING_SET = 1 };

/* What has no object of its own hangs on a number. */
#define PROGRAM ((void *)1)

static int begin(struct klp_object *obj)
{
	return klp_shadow_get_or_alloc(PROGRAM, ALL_USES, sizeof(long), GFP_KERNEL, NULL, NULL)
		       ? 0
		       : -ENOMEM;
}

static void end(struct klp_object *obj)
{
	klp_shadow_free(PROGRAM, ALL_USES, NULL);
}

static struct klp_callback_set sets[] = {
	{.id = COUNTING_SET, .callbacks = {.pre_patch = begin, .post_unpatch = end}},
	{},
};
static struct klp_shadow_type uses = {.id = USES};
static struct klp_shadow_type *types[] = {&uses, NULL};

struct klp_object suture_objects[] = {
	{.sets = sets, .shadow_types = types},
	{},
};
