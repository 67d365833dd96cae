// SPDX-License-Identifier: GPL-2.0-only
/* suture-accel.ko: what starts and stops the accelerators, and says what they are. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt
#include <linux/module.h>
#include <linux/sysfs.h>
#include "accel.h"

static struct accel {
	struct accel_feature feature;
	void (*start)(struct accel_feature *f);
	void (*stop)(void);
} accels[] = {
	{{.name = "poke"}, accel_poke_start, accel_poke_stop},
	{{.name = "anchors"}, accel_anchors_start, accel_anchors_stop},
	{{.name = "names"}, accel_names_start, accel_names_stop},
};

static char *off = "";
module_param(off, charp, 0);
MODULE_PARM_DESC(off, "what stays off, of poke,anchors,names");

/* The file of an accelerator has its name. */
static ssize_t accel_show(struct module_attribute *attr, struct module_kobject *kobj, char *buffer)
{
	for (size_t i = 0; i < ARRAY_SIZE(accels); i++) {
		const struct accel_feature *f = &accels[i].feature;

		if (strcmp(f->name, attr->attr.name))
			continue;
		return f->on ? sysfs_emit(buffer, "on\n")
			     : sysfs_emit(buffer, "off: %s\n", f->reason);
	}
	return -ENOENT;
}

/* How many functions have an anchor now. */
static ssize_t anchored_show(struct module_attribute *attr, struct module_kobject *kobj,
			     char *buffer)
{
	return sysfs_emit(buffer, "%u\n", accel_anchors_count());
}

static struct module_attribute poke_file = __ATTR(poke, 0444, accel_show, NULL);
static struct module_attribute anchors_file = __ATTR(anchors, 0444, accel_show, NULL);
static struct module_attribute names_file = __ATTR(names, 0444, accel_show, NULL);
static struct module_attribute anchored_file = __ATTR_RO(anchored);
static const struct attribute *files[] = {
	&poke_file.attr, &anchors_file.attr, &names_file.attr, &anchored_file.attr, NULL,
};

/* Whether NAME is in LIST, which has commas. */
static bool is_in(const char *list, const char *name)
{
	size_t length = strlen(name);

	for (; *list; list += strcspn(list, ","), list += *list == ',')
		if (strcspn(list, ",") == length && !strncmp(list, name, length))
			return true;
	return false;
}

static int __init accel_init(void)
{
	int ret = accel_kernel_init() ?: sysfs_create_files(&THIS_MODULE->mkobj.kobj, files);

	if (ret)
		return ret;
	for (size_t i = 0; i < ARRAY_SIZE(accels); i++) {
		struct accel_feature *f = &accels[i].feature;

		if (is_in(off, f->name))
			accel_off(f, "as asked");
		else
			accels[i].start(f);
	}
	return 0;
}

static void __exit accel_exit(void)
{
	for (size_t i = ARRAY_SIZE(accels); i-- > 0;)
		if (accels[i].feature.on)
			accels[i].stop();
	sysfs_remove_files(&THIS_MODULE->mkobj.kobj, files);
}

module_init(accel_init);
module_exit(accel_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Faster livepatching: retries in time, one ftrace_ops for all functions");
