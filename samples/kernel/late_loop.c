// SPDX-License-Identifier: GPL-2.0-only
/*
 * The part of late.c for loop. It comes and goes with loop, so its code may refer to what is
 * private there: `suture convert --present loop` binds it at once.
 */
#include <linux/device.h>
#include <linux/module.h>
#include <suture/livepatch.h>

extern int max_loop;

static ssize_t late_show_autoclear(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sprintf(buf, "late, one of %d\n", max_loop);
}

static struct klp_func funcs[] = {
	{.old_name = "loop_attr_do_show_autoclear", .new_func = late_show_autoclear},
	{},
};
static struct klp_object objs[] = {{.name = "loop", .funcs = funcs}, {}};
static struct klp_patch part = {.objs = objs};

module_livepatch_part(part);
