// SPDX-License-Identifier: GPL-2.0-only
/* What a part must not do: depend on its object as modules do. */
#include <linux/module.h>

int late_object_exported(void);

static int __init part_init(void)
{
	return late_object_exported();
}

module_init(part_init);
MODULE_LICENSE("GPL");
