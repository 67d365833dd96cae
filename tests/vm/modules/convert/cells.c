// SPDX-License-Identifier: GPL-2.0-only
/* The same through variables of the patch's own, which are zero again when the module has gone. */
#include "convert.h"

extern int max_loop;
extern ssize_t loop_attr_do_show_offset(struct device *dev, struct device_attribute *attr,
					char *buf);

static struct {
	int *max_loop;
	typeof(&loop_attr_do_show_offset) show_offset;
} cells = {&max_loop, loop_attr_do_show_offset};

static ssize_t show(struct device *dev, struct device_attribute *attr, char *buf)
{
	ssize_t size = cells.show_offset(dev, attr, buf);

	return size + sprintf(buf + size, "cells %d\n", *cells.max_loop);
}

static void clear(struct klp_object *obj)
{
	memset(&cells, 0, sizeof(cells));
}

static struct klp_func funcs[] = {{.old_name = "loop_attr_do_show_autoclear", .new_func = show},
				  {}};
CONVERT_MODULE({.name = "loop", .funcs = funcs, .callbacks = {.post_unpatch = clear}});
