/* SPDX-License-Identifier: GPL-2.0-only */
/* A part for the object OBJECT, whose new functions say VERSION. */
#include <linux/delay.h>
#include <linux/module.h>
#include <suture/livepatch.h>

static int fail;
module_param(fail, int, 0);
static int hang;
module_param(hang, int, 0);

/* Leaves what it cannot reach alone, and says that it was here. */
static int new_set(const char *value, const struct kernel_param *kp)
{
	return param_set_int("100", kp);
}

static int new_answer(void)
{
	barrier();
	return VERSION;
}

static struct klp_func funcs[] = {
	{.old_name = "object_set", .new_func = new_set},
	{.old_name = "object_answer", .new_func = new_answer},
	{},
};

static int entered(struct klp_object *obj)
{
	pr_info("late: %s of %s pre_patch\n", obj->name, obj->patch->mod->name);
	return 0;
}

static void left(struct klp_object *obj)
{
	pr_info("late: %s of %s post_unpatch\n", obj->name, obj->patch->mod->name);
}

static struct klp_callback_set sets[] = {
	{.id = 1, .callbacks = {.pre_patch = entered, .post_unpatch = left}},
	{},
};

static struct klp_object objs[] = {{.name = OBJECT, .funcs = funcs, .sets = sets}, {}};
static struct klp_patch part = {.objs = objs};

static int __init part_init(void)
{
	msleep(1000 * hang);
	part.mod = THIS_MODULE;
	return fail ?: sut_enable_part(&part);
}

static void __exit part_exit(void)
{
}

module_init(part_init);
module_exit(part_exit);
MODULE_INFO(livepatch, "Y");
MODULE_LICENSE("GPL");
