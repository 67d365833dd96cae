// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names: livepatching finds a symbol of the kernel by bisection.
 *
 * For every patched function and every livepatch relocation klp_find_object_symbol() of Linux 6.1
 * expands the names of all the kernel's symbols, some 3 ms each time, with klp_mutex held or while
 * a module loads. The kernel has a sorted index of the names, which later versions use here. So do
 * we, for names that occur once; what is ambiguous, not there or of a module goes the old way,
 * which also has the messages.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt
#include <linux/module.h>
#include "accel.h"

static int (*each_match)(int (*fn)(void *data, unsigned long address), const char *name,
			 void *data);

struct matches {
	unsigned long address;
	unsigned int count;
};

static int add_match(void *data, unsigned long address)
{
	struct matches *m = data;

	m->address = address;
	return ++m->count > 1;
}

static int (*rest_of_find)(const char *object, const char *name, unsigned long position,
			   unsigned long *address);
static int find(const char *object, const char *name, unsigned long position,
		unsigned long *address)
{
	struct matches m = {0};
	int ret = 0;

	if (!object && position <= 1)
		each_match(add_match, name, &m);
	if (m.count == 1)
		*address = m.address;
	else
		ret = rest_of_find(object, name, position, address);
	accel_hook_done();
	return ret;
}

static struct accel_hook hook = {"klp_find_object_symbol", find, &rest_of_find};
static struct accel_hooks hooks = {.hooks = &hook, .count = 1};

/* The index and the walk that it stands for must agree. */
static bool self_test(struct accel_feature *f)
{
	static const char name[] = "klp_enable_patch";
	struct matches m = {0};
	unsigned long address;
	const struct accel_symbol symbols[] = {{name, &address}};

	if (!accel_find_symbols(f, symbols, ARRAY_SIZE(symbols)))
		return false;
	each_match(add_match, name, &m);
	return (m.count == 1 && m.address == address) ||
	       accel_off(f, "the index of symbols does not find %s", name);
}

void accel_names_start(struct accel_feature *f)
{
	const struct accel_symbol symbols[] = {{"kallsyms_on_each_match_symbol", &each_match}};

	f->on = accel_find_symbols(f, symbols, ARRAY_SIZE(symbols)) && self_test(f) &&
		accel_hooks_set(f, &hooks);
}

void accel_names_stop(void)
{
	accel_hooks_clear(&hooks);
}
