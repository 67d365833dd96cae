// SPDX-License-Identifier: GPL-2.0-only
/*
 * A function of a module is replaced, whether that is loaded before the livepatch or after it, and
 * uses what is private in the module. `suture convert` binds that for each time the module comes;
 * what was written then has to be cleared when it goes, or Linux 6.1 does not load it again.
 */
#include <linux/device.h>
#include <linux/livepatch.h>
#include <linux/module.h>
#include <suture/reload.h>

extern int max_loop;
extern ssize_t loop_attr_do_show_offset(struct device *dev, struct device_attribute *attr,
					char *buf);

static ssize_t object_show_autoclear(struct device *dev, struct device_attribute *attr, char *buf)
{
	ssize_t size = loop_attr_do_show_offset(dev, attr, buf);

	return size + sprintf(buf + size, "one of %d\n", max_loop);
}

static struct klp_func funcs[] = {
	{.old_name = "loop_attr_do_show_autoclear", .new_func = object_show_autoclear},
	{},
};
static struct klp_object objs[] = {
	{.name = "loop", .funcs = funcs, .callbacks = {.post_unpatch = sut_clear_relocs}},
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
