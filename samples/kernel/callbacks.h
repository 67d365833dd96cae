/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Callbacks with an id: a panic shall restart the machine after a while as long as any version of
 * this livepatch is there. Both versions bring the set with id 1, so neither of its callbacks runs
 * when one takes the place of the other, in whichever order. What they found lies in a shadow
 * variable: the version that changed it is perhaps gone when it has to be changed back.
 */
#include <linux/errno.h>
#include <linux/module.h>
#include <linux/panic.h>
#include <linux/seq_file.h>
#include <suture/livepatch.h>

enum { RESTART_SET = 1, FOUND = 1, RESTART_SECONDS = 30 };

/* Shadow variables hang on an address that is never followed. */
static int begin(struct klp_object *obj)
{
	int *found =
		klp_shadow_alloc(&panic_timeout, FOUND, sizeof(*found), GFP_KERNEL, NULL, NULL);

	if (!found)
		return -ENOMEM;
	*found = panic_timeout;
	pr_info("restart_set: pre_patch\n");
	return 0;
}

static void change(struct klp_object *obj)
{
	panic_timeout = RESTART_SECONDS;
}

static void change_back(struct klp_object *obj)
{
	panic_timeout = *(int *)klp_shadow_get(&panic_timeout, FOUND);
}

static void end(struct klp_object *obj)
{
	klp_shadow_free(&panic_timeout, FOUND, NULL);
	pr_info("restart_set: post_unpatch\n");
}

static struct klp_callback_set sets[] = {
	{
		.id = RESTART_SET,
		.callbacks = {begin, change, change_back, end},
	},
	{},
};

static int callbacks_version_proc_show(struct seq_file *m, void *v)
{
	seq_puts(m, KBUILD_MODNAME "\n");
	return 0;
}

static struct klp_func funcs[] = {
	{.old_name = "version_proc_show", .new_func = callbacks_version_proc_show},
	{},
};
static struct klp_object objs[] = {{.funcs = funcs, .sets = sets}, {}};
static struct klp_patch patch = {.objs = objs, .replace = true};

module_livepatch(patch);
