/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two versions of a livepatch that changes something of the system which cannot be changed back:
 * here it is only said to have. A patch with a lower version of the state, or without it, cannot
 * take its place any more. STATE_VERSION is the includer's.
 */
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/seq_file.h>

enum { STATE_FORMAT = 7 };

static struct klp_patch patch;

static int states_version_proc_show(struct seq_file *m, void *v)
{
	seq_printf(m, "format %d\n", STATE_VERSION);
	return 0;
}

/* What the earlier version of the patch has done need not be done again. */
static int prepare(struct klp_object *obj)
{
	struct klp_state *earlier = klp_get_prev_state(STATE_FORMAT);

	pr_info("format %u becomes %u\n", earlier ? earlier->version : 0,
		klp_get_state(&patch, STATE_FORMAT)->version);
	return 0;
}

static struct klp_func funcs[] = {
	{.old_name = "version_proc_show", .new_func = states_version_proc_show},
	{},
};
static struct klp_object objs[] = {
	{.funcs = funcs, .callbacks = {.pre_patch = prepare}},
	{},
};
static struct klp_state states[] = {{.id = STATE_FORMAT, .version = STATE_VERSION}, {}};
static struct klp_patch patch = {
	.mod = THIS_MODULE,
	.objs = objs,
	.states = states,
	.replace = true,
};

static int __init states_init(void)
{
	return klp_enable_patch(&patch);
}

static void __exit states_exit(void)
{
}

module_init(states_init);
module_exit(states_exit);
MODULE_INFO(livepatch, "Y");
MODULE_LICENSE("GPL");
