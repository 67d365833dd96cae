// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The cumulative livepatch behind livepatch-parcel.c, likewise written as for the kernel: replaces
 * it, takes its count over, and gives every parcel a shadow variable, also old ones.
 */
#include "kernel-words.h"

#include "core/livepatch.h"

struct parcel {
	int number;
};

#define SV_SENT_AT  1
#define STATE_COUNT 1

static struct klp_patch patch;

static struct parcel *livepatch_parcel_send(int number)
{
	struct klp_state *state = klp_get_state(&patch, STATE_COUNT);
	struct parcel *parcel = kzalloc(sizeof(*parcel), GFP_KERNEL);

	if (!parcel)
		return NULL;
	parcel->number = number;
	++*(int *)state->data;
	return parcel;
}

static int livepatch_parcel_show(struct parcel *parcel, char *buf)
{
	struct klp_state *state = klp_get_state(&patch, STATE_COUNT);
	unsigned long *sent_at = klp_shadow_get_or_alloc(parcel, SV_SENT_AT, sizeof(*sent_at),
							 GFP_KERNEL, NULL, NULL);

	return sysfs_emit(buf, "%d sent at %lu, one of %d\n", parcel->number,
			  sent_at ? *sent_at : 0, *(int *)state->data);
}

static void livepatch_parcel_arrive(struct parcel *parcel)
{
	klp_shadow_free(parcel, SV_SENT_AT, NULL);
	kfree(parcel);
}

static int count_pre_patch(struct klp_object *obj)
{
	struct klp_state *state = klp_get_state(&patch, STATE_COUNT);

	(void)obj;
	if (klp_get_prev_state(STATE_COUNT)) {
		pr_info("%s: the count is there already\n", THIS_MODULE->name);
		return 0;
	}
	state->data = kzalloc(sizeof(int), GFP_KERNEL);
	return state->data ? 0 : -ENOMEM;
}

static void count_post_patch(struct klp_object *obj)
{
	struct klp_state *state = klp_get_state(&patch, STATE_COUNT);
	struct klp_state *prev = klp_get_prev_state(STATE_COUNT);

	(void)obj;
	if (!prev)
		return;
	pr_info("%s: takes over a count of %d\n", THIS_MODULE->name, *(int *)prev->data);
	state->data = prev->data;
	prev->data = NULL;
}

static void count_post_unpatch(struct klp_object *obj)
{
	struct klp_state *state = klp_get_state(&patch, STATE_COUNT);

	(void)obj;
	klp_shadow_free_all(SV_SENT_AT, NULL);
	kfree(state->data);
	state->data = NULL;
}

static struct klp_func parcel_funcs[] = {
	{
		.old_name = "parcel_send",
		.new_func = livepatch_parcel_send,
	},
	{
		.old_name = "parcel_arrive",
		.new_func = livepatch_parcel_arrive,
	},
	{
		.old_name = "parcel_show",
		.new_func = livepatch_parcel_show,
		.old_sympos = 2,
	},
	{},
};

static struct klp_func no_funcs[] = {
	{},
};

static struct klp_object objs[] = {
	{
		.funcs = no_funcs,
		.callbacks =
			{
				.pre_patch = count_pre_patch,
				.post_patch = count_post_patch,
				.post_unpatch = count_post_unpatch,
			},
	},
	{
		.name = "parcel",
		.funcs = parcel_funcs,
	},
	{},
};

static struct klp_state states[] = {
	{
		.id = STATE_COUNT,
		.version = 2,
	},
	{},
};

static struct klp_patch patch = {
	.mod = THIS_MODULE,
	.objs = objs,
	.states = states,
	.replace = true,
};

static int __init livepatch_parcel_next_init(void)
{
	return klp_enable_patch(&patch);
}

static void __exit livepatch_parcel_next_exit(void)
{
}

module_init(livepatch_parcel_next_init);
module_exit(livepatch_parcel_next_exit);
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
