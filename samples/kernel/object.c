// SPDX-License-Identifier: GPL-2.0-only
/*
 * A function of a module is replaced, whether that is loaded before the livepatch or after it. What
 * it needs of the module lies in variables of the livepatch, which are filled when the module
 * comes; they must be zero before they are filled again, or Linux 6.1 refuses to load the module.
 */
#include <linux/device.h>
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/string.h>

extern int max_loop;
extern ssize_t loop_attr_do_show_offset(struct device *dev, struct device_attribute *attr,
					char *buf);

static struct {
	int *max_loop;
	typeof(&loop_attr_do_show_offset) show_offset;
} loop = {&max_loop, loop_attr_do_show_offset};

static ssize_t object_show_autoclear(struct device *dev, struct device_attribute *attr, char *buf)
{
	ssize_t size = loop.show_offset(dev, attr, buf);

	return size + sprintf(buf + size, "one of %d\n", *loop.max_loop);
}

static void forget_loop(struct klp_object *obj)
{
	memset(&loop, 0, sizeof(loop));
}

static struct klp_func funcs[] = {
	{.old_name = "loop_attr_do_show_autoclear", .new_func = object_show_autoclear},
	{},
};
static struct klp_object objs[] = {
	{.name = "loop", .funcs = funcs, .callbacks = {.post_unpatch = forget_loop}},
	{},
};
static struct klp_patch patch = {.mod = THIS_MODULE, .objs = objs};

static int __init object_init(void)
{
	return klp_enable_patch(&patch);
}

static void __exit object_exit(void)
{
}

module_init(object_init);
module_exit(object_exit);
MODULE_INFO(livepatch, "Y");
MODULE_LICENSE("GPL");
