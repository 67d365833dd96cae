// SPDX-License-Identifier: GPL-2.0-only
/* As direct.c, with references that are cleared when the module goes. */
#include "convert.h"
#include <suture/reload.h>

extern int max_loop;
extern ssize_t loop_attr_do_show_offset(struct device *dev, struct device_attribute *attr,
					char *buf);

static ssize_t show(struct device *dev, struct device_attribute *attr, char *buf)
{
	ssize_t size = loop_attr_do_show_offset(dev, attr, buf);

	return size + sprintf(buf + size, "reload %d\n", max_loop);
}

static struct klp_func funcs[] = {{.old_name = "loop_attr_do_show_autoclear", .new_func = show},
				  {}};
CONVERT_MODULE({.name = "loop", .funcs = funcs, .callbacks = {.post_unpatch = sut_clear_relocs}});
