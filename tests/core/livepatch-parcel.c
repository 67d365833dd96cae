// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A livepatch as one writes it for the kernel; only the includes are other ones.
 *
 * Parcels that are under way do not know when they were sent, and there is no room for it in
 * struct parcel: each gets a shadow variable. How many were sent since is counted in a state,
 * so that the livepatch that comes after this one can go on counting.
 */
#include "kernel-words.h"

#include "core/livepatch.h"

/* Of the driver: */
struct parcel {
	int number;
};

#define SV_SENT_AT  1
#define STATE_COUNT 1

static struct klp_patch patch;

static int sent_at_ctor(void *obj, void *shadow_data, void *ctor_data)
{
	unsigned long *sent_at = shadow_data;
	unsigned long *now = ctor_data;

	if (!obj)
		return -EINVAL;
	*sent_at = *now;
	return 0;
}

static void sent_at_dtor(void *obj, void *shadow_data)
{
	struct parcel *parcel = obj;
	unsigned long *sent_at = shadow_data;

	pr_info("%s: parcel %d was sent at %lu\n", THIS_MODULE->name, parcel->number, *sent_at);
}

static struct parcel *livepatch_parcel_send(int number)
{
	struct klp_state *state = klp_get_state(&patch, STATE_COUNT);
	struct parcel *parcel;

	parcel = kzalloc(sizeof(*parcel), GFP_KERNEL);
	if (!parcel)
		return NULL;
	parcel->number = number;

	if (!klp_shadow_alloc(parcel, SV_SENT_AT, sizeof(unsigned long), GFP_KERNEL, sent_at_ctor,
			      &jiffies))
		goto err_shadow;
	++*(int *)state->data;
	return parcel;

err_shadow:
	kfree(parcel);
	return NULL;
}

static void livepatch_parcel_arrive(struct parcel *parcel)
{
	klp_shadow_free(parcel, SV_SENT_AT, sent_at_dtor);
	kfree(parcel);
}

static int livepatch_parcel_show(struct parcel *parcel, char *buf)
{
	unsigned long *sent_at = klp_shadow_get(parcel, SV_SENT_AT);

	/* One that was sent before this livepatch came. */
	if (!sent_at)
		return sysfs_emit(buf, "%d\n", parcel->number);
	return sysfs_emit(buf, "%d sent at %lu\n", parcel->number, *sent_at);
}

static int livepatch_version_show(char *buf)
{
	return sysfs_emit(buf, "%s\n", "this has been live patched");
}

static int count_pre_patch(struct klp_object *obj)
{
	struct klp_state *state = klp_get_state(&patch, STATE_COUNT);

	pr_info("%s: %s of %s\n", THIS_MODULE->name, __func__, obj->name ? obj->name : "vmlinux");
	state->data = kzalloc(sizeof(int), GFP_KERNEL);
	return state->data ? 0 : -ENOMEM;
}

static void count_post_unpatch(struct klp_object *obj)
{
	struct klp_state *state = klp_get_state(&patch, STATE_COUNT);

	pr_info("%s: %s of %s\n", THIS_MODULE->name, __func__, obj->name ? obj->name : "vmlinux");
	kfree(state->data);
	state->data = NULL;
}

static void parcel_post_unpatch(struct klp_object *obj)
{
	(void)obj;
	klp_shadow_free_all(SV_SENT_AT, sent_at_dtor);
}

static struct klp_func vmlinux_funcs[] = {
	{
		.old_name = "version_show",
		.new_func = livepatch_version_show,
	},
	{},
};

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

static struct klp_object objs[] = {
	{
		/* name being NULL means vmlinux */
		.funcs = vmlinux_funcs,
		.callbacks =
			{
				.pre_patch = count_pre_patch,
				.post_unpatch = count_post_unpatch,
			},
	},
	{
		.name = "parcel",
		.funcs = parcel_funcs,
		.callbacks =
			{
				.post_unpatch = parcel_post_unpatch,
			},
	},
	{},
};

static struct klp_state states[] = {
	{
		.id = STATE_COUNT,
		.version = 1,
	},
	{},
};

static struct klp_patch patch = {
	.mod = THIS_MODULE,
	.objs = objs,
	.states = states,
};

static int __init livepatch_parcel_init(void)
{
	return klp_enable_patch(&patch);
}

static void __exit livepatch_parcel_exit(void)
{
}

module_init(livepatch_parcel_init);
module_exit(livepatch_parcel_exit);
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
