// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Livepatches written for the kernel, on the core. This is the kernel: a main object, a driver
 * that comes and goes, insmod, and calls that go through the entry handler.
 */
#include "base/tap.h"
#include "core/core.h"
#include "core/shadow-sample.h"
#include "kernel-words.h"

#include <stdlib.h>
#include <string.h>

extern const struct kernel_module livepatch_parcel_module;
extern const struct kernel_module livepatch_parcel_next_module;

static struct {
	struct sut_core core;
	struct sut_shadow_sample shadow;
	bool driver; /* is loaded */
	size_t blocks;
	bool memory; /* is there any */
	char log[1024];
} kernel;

unsigned long jiffies;

void *kzalloc(size_t size, gfp_t flags)
{
	void *block = kernel.memory ? calloc(1, size) : NULL;

	(void)flags;
	kernel.blocks += block != NULL;
	return block;
}

void kfree(const void *block)
{
	kernel.blocks -= block != NULL;
	free((void *)block);
}

int pr_info(const char *fmt, ...)
{
	size_t used = strlen(kernel.log);
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(kernel.log + used, sizeof(kernel.log) - used, fmt, ap);
	va_end(ap);
	return n;
}

int sysfs_emit(char *buf, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsprintf(buf, fmt, ap);
	va_end(ap);
	return n;
}

/* --- the kernel's own functions, and the driver's ----------------------------------------------
 */

struct parcel {
	int number;
};

static int version_show(char *buf)
{
	return sysfs_emit(buf, "6.1\n");
}

static struct parcel *parcel_send(int number)
{
	struct parcel *parcel = kzalloc(sizeof(*parcel), GFP_KERNEL);

	if (parcel)
		parcel->number = number;
	return parcel;
}

static void parcel_arrive(struct parcel *parcel)
{
	kfree(parcel);
}

static int van_show(void *van, char *buf)
{
	(void)van;
	return sysfs_emit(buf, "van\n");
}

static int parcel_show(struct parcel *parcel, char *buf)
{
	return sysfs_emit(buf, "%d\n", parcel->number);
}

static const struct symbol {
	const char *object;
	const char *name;
	void *address;
} symbols[] = {
	{NULL, "version_show", version_show},       {"parcel", "parcel_send", parcel_send},
	{"parcel", "parcel_arrive", parcel_arrive}, {"parcel", "parcel_show", van_show},
	{"parcel", "parcel_show", parcel_show},
};

/* The entry handler. */
static void *entry(void *function)
{
	const struct klp_func *func = sut_core_select(&kernel.core, function, SUT_UNDEFINED);

	return func ? func->new_func : function;
}

#define CALL(function) ((__typeof__(&(function)))entry(function))

static const char *show(const struct parcel *parcel)
{
	static char text[128];

	CALL(parcel_show)((struct parcel *)parcel, text);
	return text;
}

static const char *version(void)
{
	static char text[128];

	CALL(version_show)(text);
	return text;
}

/* --- the host ------------------------------------------------------------------------------------
 */

static void *alloc(struct sut_core *core, size_t size)
{
	(void)core;
	return kzalloc(size, GFP_KERNEL);
}

static void release(struct sut_core *core, void *block, size_t size)
{
	(void)core;
	(void)size;
	kfree(block);
}

static bool loaded(struct sut_core *core, const char *name)
{
	(void)core;
	return kernel.driver && strcmp(name, "parcel") == 0;
}

static int resolve(struct sut_core *core, struct klp_func *func)
{
	unsigned long wanted = func->old_sympos ? func->old_sympos : 1, found = 0;

	(void)core;
	for (size_t i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++) {
		if (!sut_tap_same(symbols[i].object, func->object->name) ||
		    strcmp(symbols[i].name, func->old_name) != 0 || ++found != wanted)
			continue;
		func->old_func = symbols[i].address;
		if (func->nop)
			func->new_func = func->old_func;
		func->old_size = func->new_size = 1; /* nobody sleeps in any of them */
		return 0;
	}
	return -EINVAL;
}

static int hook(struct sut_core *core, void *old_func)
{
	(void)core;
	(void)old_func;
	return 0;
}

static void unhook(struct sut_core *core, void *old_func)
{
	(void)core;
	(void)old_func;
}

static int call(struct sut_core *core, struct klp_object *obj, struct klp_callback_set *set,
		enum sut_callback which)
{
	const struct klp_callbacks *callbacks = set ? &set->callbacks : &obj->callbacks;

	(void)core;
	if (which == SUT_PRE_PATCH)
		return callbacks->pre_patch(obj);
	if (which == SUT_POST_PATCH)
		callbacks->post_patch(obj);
	else if (which == SUT_PRE_UNPATCH)
		callbacks->pre_unpatch(obj);
	else
		callbacks->post_unpatch(obj);
	return 0;
}

static void collect(struct sut_core *core, struct klp_object *obj,
		    const struct klp_shadow_type *type)
{
	(void)core;
	(void)obj;
	klp_shadow_free_all(type->id, type->dtor);
}

static void synchronize(struct sut_core *core)
{
	(void)core;
}

static const struct sut_core_host host = {
	.alloc = alloc,
	.free = release,
	.loaded = loaded,
	.resolve = resolve,
	.hook = hook,
	.unhook = unhook,
	.call = call,
	.collect = collect,
	.synchronize = synchronize,
};

/* --- what livepatches call -----------------------------------------------------------------------
 */

int klp_enable_patch(struct klp_patch *patch)
{
	return sut_core_enable(&kernel.core, patch);
}

void *klp_shadow_get(void *obj, unsigned long id)
{
	return sut_shadow_get(&kernel.shadow.store, obj, id);
}

void *klp_shadow_alloc(void *obj, unsigned long id, size_t size, gfp_t flags,
		       klp_shadow_ctor_t ctor, void *ctor_data)
{
	(void)flags;
	return sut_shadow_alloc(&kernel.shadow.store, obj, id, size, ctor, ctor_data);
}

void *klp_shadow_get_or_alloc(void *obj, unsigned long id, size_t size, gfp_t flags,
			      klp_shadow_ctor_t ctor, void *ctor_data)
{
	(void)flags;
	return sut_shadow_get_or_alloc(&kernel.shadow.store, obj, id, size, ctor, ctor_data);
}

void klp_shadow_free(void *obj, unsigned long id, klp_shadow_dtor_t dtor)
{
	sut_shadow_free(&kernel.shadow.store, obj, id, dtor);
}

void klp_shadow_free_all(unsigned long id, klp_shadow_dtor_t dtor)
{
	sut_shadow_free_all(&kernel.shadow.store, id, dtor);
}

struct klp_state *klp_get_state(struct klp_patch *patch, unsigned long id)
{
	return sut_core_get_state(patch, id);
}

struct klp_state *klp_get_prev_state(unsigned long id)
{
	return sut_core_get_prev_state(&kernel.core, id);
}

/* --- the tests -----------------------------------------------------------------------------------
 */

static int insmod(const struct kernel_module *module)
{
	module->mod->livepatch = strcmp(module->livepatch, "Y") == 0;
	kernel.log[0] = '\0';
	return (*module->init)();
}

static void rmmod(const struct kernel_module *module)
{
	CHECK_EQUAL(module->mod->refs, 0);
	(*module->exit)();
}

static int load_driver(void)
{
	int rc = sut_core_coming(&kernel.core, "parcel");

	kernel.driver = !rc;
	return rc;
}

static int disable(const char *patch)
{
	kernel.log[0] = '\0';
	return sut_control_write(&kernel.core, patch, "enabled", "0");
}

static void begin(bool driver)
{
	memset(&kernel, 0, sizeof(kernel));
	kernel.memory = true;
	kernel.driver = driver;
	jiffies = 100;
	sut_core_init(&kernel.core, &host, &sut_core_tasks);
	sut_shadow_sample_init(&kernel.shadow, 0);
}

static void end(void)
{
	CHECK(!kernel.core.patches && !kernel.core.stacks);
	CHECK_EQUAL(kernel.shadow.store.count, 0);
	CHECK_EQUAL(kernel.blocks, 0);
	CHECK_STRING(version(), "6.1\n");
	sut_shadow_sample_deinit(&kernel.shadow);
}

static void functions_are_replaced_and_given_back(void)
{
	begin(false);
	CHECK_EQUAL(insmod(&livepatch_parcel_module), 0);
	CHECK_STRING(kernel.log, "livepatch_parcel: count_pre_patch of vmlinux\n");
	CHECK_STRING(version(), "this has been live patched\n");
	CHECK_EQUAL(livepatch_parcel_module.mod->refs, 1);
	CHECK_EQUAL(disable("livepatch_parcel"), 0);
	CHECK_STRING(kernel.log, "livepatch_parcel: count_post_unpatch of vmlinux\n");
	rmmod(&livepatch_parcel_module);
	end();
}

static void shadow_variables_follow_objects_of_a_driver_that_comes_late(void)
{
	struct parcel *parcel;

	begin(false);
	CHECK_EQUAL(insmod(&livepatch_parcel_module), 0);
	CHECK_EQUAL(load_driver(), 0);
	parcel = CALL(parcel_send)(7);
	CHECK_STRING(show(parcel), "7 sent at 100\n");
	CHECK_EQUAL(kernel.shadow.store.count, 1);
	kernel.log[0] = '\0';
	CALL(parcel_arrive)(parcel);
	CHECK_STRING(kernel.log, "livepatch_parcel: parcel 7 was sent at 100\n");
	CHECK_EQUAL(kernel.shadow.store.count, 0);
	CHECK_EQUAL(disable("livepatch_parcel"), 0);
	end();
}

static void what_is_left_is_freed_when_the_patch_goes(void)
{
	struct parcel *old, *new;

	begin(true);
	old = CALL(parcel_send)(1);
	CHECK_EQUAL(insmod(&livepatch_parcel_module), 0);
	CHECK_STRING(show(old), "1\n");
	new = CALL(parcel_send)(2);
	CHECK_STRING(show(new), "2 sent at 100\n");
	CHECK_EQUAL(disable("livepatch_parcel"), 0);
	CHECK_STRING(kernel.log, "livepatch_parcel: count_post_unpatch of vmlinux\n"
				 "livepatch_parcel: parcel 2 was sent at 100\n");
	CHECK_STRING(show(new), "2\n");
	CALL(parcel_arrive)(old);
	CALL(parcel_arrive)(new);
	end();
}

static void the_next_livepatch_takes_over(void)
{
	struct parcel *first, *second;

	begin(true);
	CHECK_EQUAL(insmod(&livepatch_parcel_module), 0);
	first = CALL(parcel_send)(1);
	jiffies = 200;
	CHECK_EQUAL(insmod(&livepatch_parcel_next_module), 0);
	CHECK_STRING(kernel.log, "livepatch_parcel_next: the count is there already\n"
				 "livepatch_parcel_next: takes over a count of 1\n");
	rmmod(&livepatch_parcel_module);
	CHECK_STRING(version(), "6.1\n");
	second = CALL(parcel_send)(2);
	CHECK_STRING(show(first), "1 sent at 100, one of 2\n");
	CHECK_STRING(show(second), "2 sent at 0, one of 2\n");
	CALL(parcel_arrive)(first);
	CALL(parcel_arrive)(second);
	CHECK_EQUAL(insmod(&livepatch_parcel_module), -EINVAL); /* its state is an older one */
	CHECK_EQUAL(disable("livepatch_parcel_next"), 0);
	rmmod(&livepatch_parcel_next_module);
	end();
}

static void a_callback_that_fails_fails_insmod(void)
{
	begin(true);
	kernel.memory = false;
	CHECK_EQUAL(insmod(&livepatch_parcel_module), -ENOMEM);
	CHECK_STRING(version(), "6.1\n");
	rmmod(&livepatch_parcel_module);
	end();
}

static const struct sut_tap_test tests[] = {
	{"functions are replaced and given back", functions_are_replaced_and_given_back},
	{"shadow variables follow objects of a driver that comes late",
	 shadow_variables_follow_objects_of_a_driver_that_comes_late},
	{"what is left is freed when the patch goes", what_is_left_is_freed_when_the_patch_goes},
	{"the next livepatch takes over", the_next_livepatch_takes_over},
	{"a callback that fails fails insmod", a_callback_that_fails_fails_insmod},
};

SUT_TAP_MAIN(tests)
