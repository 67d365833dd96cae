// SPDX-License-Identifier: GPL-2.0-only
/*
 * A patch that is what its parameters say, so that the scenarios of the simulator can be played
 * without a compiler. Copies of the .ko get other names by replacing the number in it.
 *
 *   replace
 *   objects=vmlinux:f,c,1,2,t5;scenario_target00:g,1
 *       a letter is a function, c are plain callbacks, a number a set, t and a number a type
 *   states=ID.VERSION,...
 *   fail=OBJECT#ID:ERROR;...  what that pre_patch returns; without #ID that of the plain callbacks
 *
 * What is called is told on the kernel's log as "scenario: OBJECT#ID pre_patch".
 */
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <suture/livepatch.h>

enum { OBJECTS = 4, ITEMS = 6, SLOTS = 24 };

static bool replace;
module_param(replace, bool, 0);
static char *objects = "";
module_param(objects, charp, 0);
static char *states = "";
module_param(states, charp, 0);
static char *fail = "";
module_param(fail, charp, 0644);

/* Each set of callbacks needs functions of its own to know which it is. */
static struct slot {
	const char *object;
	unsigned long id;
} slots[SLOTS];

static void tell(unsigned int slot, const char *what)
{
	const struct slot *s = &slots[slot];

	if (s->id)
		pr_info("scenario: %s %s#%lu %s\n", THIS_MODULE->name, s->object, s->id, what);
	else
		pr_info("scenario: %s %s %s\n", THIS_MODULE->name, s->object, what);
}

static int result(const struct slot *s)
{
	char name[80];
	const char *found;
	int rc = 0;

	if (s->id)
		snprintf(name, sizeof(name), "%s#%lu:", s->object, s->id);
	else
		snprintf(name, sizeof(name), "%s:", s->object);
	found = strstr(fail, name);
	if (found && sscanf(found + strlen(name), "%d", &rc) == 1)
		pr_info("scenario: = %d\n", rc);
	return rc;
}

#define SLOT(n)                                                                                    \
	static int pre_patch_##n(struct klp_object *obj)                                           \
	{                                                                                          \
		tell(n, "pre_patch");                                                              \
		return result(&slots[n]);                                                          \
	}                                                                                          \
	static void post_patch_##n(struct klp_object *obj)                                         \
	{                                                                                          \
		tell(n, "post_patch");                                                             \
	}                                                                                          \
	static void pre_unpatch_##n(struct klp_object *obj)                                        \
	{                                                                                          \
		tell(n, "pre_unpatch");                                                            \
	}                                                                                          \
	static void post_unpatch_##n(struct klp_object *obj)                                       \
	{                                                                                          \
		tell(n, "post_unpatch");                                                           \
	}
#define OF(n)                                                                                      \
	{                                                                                          \
		pre_patch_##n, post_patch_##n, pre_unpatch_##n, post_unpatch_##n                   \
	}
/* clang-format does not come to an end with this one. */
/* clang-format off */
#define EACH(M) \
	M(0) M(1) M(2) M(3) M(4) M(5) M(6) M(7) M(8) M(9) M(10) M(11) \
	M(12) M(13) M(14) M(15) M(16) M(17) M(18) M(19) M(20) M(21) M(22) M(23)
/* clang-format on */
EACH(SLOT)
#define OF_COMMA(n) OF(n),
static const struct klp_callbacks callbacks_of[SLOTS] = {EACH(OF_COMMA)};

static void forget(void *obj, void *data)
{
	pr_info("scenario: %s dtor %s %lu\n", THIS_MODULE->name, *(const char **)obj,
		*(unsigned long *)data);
}

static int show(struct seq_file *m, void *v)
{
	seq_puts(m, THIS_MODULE->name);
	return 0;
}

static int answer(void)
{
	return 2;
}

static struct klp_func funcs[OBJECTS][ITEMS + 1];
static struct klp_callback_set sets[OBJECTS][ITEMS + 1];
static struct klp_shadow_type types[OBJECTS][ITEMS], *type_lists[OBJECTS][ITEMS + 1];
static struct klp_object objs[OBJECTS + 1];
static struct klp_state state_list[ITEMS + 1];
static struct klp_patch patch = {.objs = objs, .states = state_list};

static void add_func(struct klp_func *func, char letter, bool main)
{
	static const char *const in_main[] = {"cmdline_proc_show", "version_proc_show",
					      "loadavg_proc_show"};
	static const char *const in_target[] = {"target_f", "target_g", "target_h"};

	while (func->old_name)
		func++;
	func->old_name = (main ? in_main : in_target)[letter - 'f'];
	func->new_func = main ? (void *)show : (void *)answer;
}

static int parse_object(unsigned int i, char *text)
{
	static unsigned int used;
	unsigned int set_count = 0, type_count = 0;
	unsigned long id;
	char *name = strsep(&text, ":"), *item;
	bool main = !strcmp(name, "vmlinux");

	objs[i].name = main ? NULL : name;
	objs[i].funcs = funcs[i];
	objs[i].sets = sets[i];
	objs[i].shadow_types = type_lists[i];
	while ((item = strsep(&text, ","))) {
		slots[used].object = name;
		if (*item >= 'f' && *item <= 'h') {
			add_func(funcs[i], *item, main);
		} else if (*item == 'c') {
			objs[i].callbacks = callbacks_of[used++];
		} else if (*item == 't' && !kstrtoul(item + 1, 10, &id)) {
			types[i][type_count] = (struct klp_shadow_type){.id = id, .dtor = forget};
			type_lists[i][type_count] = &types[i][type_count];
			type_count++;
		} else if (!kstrtoul(item, 10, &id)) {
			slots[used].id = id;
			sets[i][set_count++] =
				(struct klp_callback_set){.id = id,
							  .callbacks = callbacks_of[used]};
			used++;
		} else {
			return -EINVAL;
		}
	}
	return 0;
}

static int parse_states(char *text)
{
	unsigned int i = 0;
	char *item;

	while (*text && (item = strsep(&text, ",")) && i < ITEMS) {
		if (sscanf(item, "%lu.%u", &state_list[i].id, &state_list[i].version) != 2)
			return -EINVAL;
		i++;
		if (!text)
			break;
	}
	return 0;
}

static int __init scenario_init(void)
{
	char *item;
	unsigned int i = 0;
	int rc = parse_states(states);

	while (!rc && *objects && i < OBJECTS && (item = strsep(&objects, ";"))) {
		rc = parse_object(i++, item);
		if (!objects)
			break;
	}
	if (rc)
		return rc;
	patch.mod = THIS_MODULE;
	patch.replace = replace;
	return klp_enable_patch(&patch);
}

static void __exit scenario_exit(void)
{
}

module_init(scenario_init);
module_exit(scenario_exit);
MODULE_INFO(livepatch, "Y");
MODULE_LICENSE("GPL");
