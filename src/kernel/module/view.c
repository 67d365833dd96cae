// SPDX-License-Identifier: GPL-2.0-only
/*
 * The registry for readers: a folder for each patch and part in /sys/kernel/suture
 * (docs/formats/kernel-registry.md). One line for each thing, words separated by a blank.
 */
#include <linux/slab.h>
#include <linux/sysfs.h>
#include "registry.h"

struct kobject *sut_kobj;

struct view {
	struct attribute attr;
	int (*show)(struct sut_entry *e, char *page);
};

static const char *object_name(const struct sut_object *obj)
{
	return obj->name ?: "vmlinux";
}

static int show_phase(struct sut_entry *e, char *page)
{
	static const char *const names[] = {
		[SUT_NEW] = "new",         [SUT_APPLYING] = "applying",
		[SUT_LIVE] = "live",       [SUT_DISABLING] = "disabling",
		[SUT_UNDOING] = "undoing", [SUT_COMPOSED] = "composed",
		[SUT_GONE] = "gone",
	};

	return sysfs_emit(page, "%s\n", names[e->phase]);
}

static int show_sets(struct sut_entry *e, char *page)
{
	static const char *const names[] = {"off", "pre", "on"};
	struct sut_callback_set *set;
	struct sut_object *obj;
	unsigned int i;
	int n = 0;

	sut_for_each_object(obj, e, i)
		sut_for_each_set(set, obj)
			n += sysfs_emit_at(page, n, "%s %lu %s\n", object_name(obj), set->id,
					   names[set->callbacks.state]);
	return n;
}

static int show_types(struct sut_entry *e, char *page)
{
	struct sut_shadow_type **type;
	struct sut_object *obj;
	unsigned int i;
	int n = 0;

	sut_for_each_object(obj, e, i)
		sut_for_each_type(type, obj)
			n += sysfs_emit_at(page, n, "%s %lu %u\n", object_name(obj), (*type)->id,
					   sut_type_count((*type)->id));
	return n;
}

static int show_states(struct sut_entry *e, char *page)
{
	const struct sut_state *state;
	int n = 0;

	sut_for_each_state(state, e->patch)
		n += sysfs_emit_at(page, n, "%lu %u%s\n", state->id, state->version,
				   state->block_disable ? " block_disable" : "");
	return n;
}

static int show_late(struct sut_entry *e, char *page)
{
	const struct sut_late_result *result = e->results;
	const struct sut_late *late;
	int n = 0;

	if (!result)
		return 0;
	sut_for_each_late(late, e->patch) {
		n += sysfs_emit_at(page, n, "%s %s", late->object, late->part);
		if (result->tried)
			n += sysfs_emit_at(page, n, " %d %u\n", result->rc, result->ms);
		else
			n += sysfs_emit_at(page, n, " -\n");
		result++;
	}
	return n;
}

static int show_whole(struct sut_entry *e, char *page)
{
	return e->whole ? sysfs_emit(page, "%s\n", sut_entry_name(e->whole)) : 0;
}

#define VIEW(what)                                                                                 \
	static struct view view_##what = {                                                         \
		.attr = {.name = #what, .mode = 0444},                                             \
		.show = show_##what,                                                               \
	}
VIEW(phase);
VIEW(sets);
VIEW(types);
VIEW(states);
VIEW(late);
VIEW(whole);

static struct attribute *sut_entry_attrs[] = {
	&view_phase.attr,
	&view_sets.attr,
	&view_types.attr,
	&view_states.attr,
	&view_late.attr,
	&view_whole.attr,
	NULL,
};
ATTRIBUTE_GROUPS(sut_entry);

static ssize_t show(struct kobject *kobj, struct attribute *attr, char *page)
{
	struct sut_entry *e = container_of(kobj, struct sut_entry, kobj);
	ssize_t n;

	mutex_lock(&sut_registry.lock);
	n = container_of(attr, struct view, attr)->show(e, page);
	mutex_unlock(&sut_registry.lock);
	return n;
}

static const struct sysfs_ops view_ops = {.show = show};

static void release(struct kobject *kobj)
{
	struct sut_entry *e = container_of(kobj, struct sut_entry, kobj);

	sut_unbind(e);
	kfree(e);
}

struct kobj_type sut_entry_type = {
	.release = release,
	.sysfs_ops = &view_ops,
	.default_groups = sut_entry_groups,
};
