// SPDX-License-Identifier: GPL-2.0-only
/* Code that refers directly to a variable and a function of a module that may come later. */
#include "convert.h"

extern int max_loop;
extern ssize_t loop_attr_do_show_offset(struct device *dev, struct device_attribute *attr,
					char *buf);

static ssize_t show(struct device *dev, struct device_attribute *attr, char *buf)
{
	ssize_t size = loop_attr_do_show_offset(dev, attr, buf);

	return size + sprintf(buf + size, "direct %d\n", max_loop);
}

static struct klp_func funcs[] = {{.old_name = "loop_attr_do_show_autoclear", .new_func = show},
				  {}};
CONVERT_MODULE({.name = "loop", .funcs = funcs});
