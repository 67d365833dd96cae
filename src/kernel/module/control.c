// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel has no function that disables or forces a patch, only files of its sysfs folder. This
 * calls what a write to such a file calls, without a path that depends on who is running.
 */
#include <linux/sysfs.h>
#include "registry.h"

int sut_control(struct sut_entry *e, const char *file, const char *text)
{
	const struct kobj_type *type = get_ktype(&e->klp.kobj);
	const struct attribute_group *const *group;
	struct attribute **attr;
	ssize_t n;

	for (group = type->default_groups; group && *group; group++) {
		for (attr = (*group)->attrs; *attr; attr++) {
			if (strcmp((*attr)->name, file))
				continue;
			n = type->sysfs_ops->store(&e->klp.kobj, *attr, text, strlen(text));
			return n < 0 ? n : 0;
		}
	}
	return -EOPNOTSUPP;
}
