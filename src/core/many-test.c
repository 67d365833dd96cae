// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Patches of many functions, in all orders: what is found by an order must be found without it.
 * Function n of the program has the position n + 1, whatever its name.
 */
#include "base/tap.h"
#include "core/core.h"

#include <linux/errno.h>
#include <stdlib.h>

enum { COUNT = 2000, PATCHES = 3, SIZE = 16 };

static struct {
	struct sut_core core;
	struct sut_core_host host;
	struct sut_core_switch switching;
	bool hooked[COUNT];
	struct module modules[PATCHES];
	struct klp_patch patches[PATCHES];
	struct klp_object objects[PATCHES][2];
	struct klp_func funcs[PATCHES][COUNT + 2];
} world;

static char text[COUNT][SIZE];

static void *take(struct sut_core *core, size_t size)
{
	(void)core;
	return calloc(1, size);
}

static void give(struct sut_core *core, void *block, size_t size)
{
	(void)core;
	(void)size;
	free(block);
}

static int resolve(struct sut_core *core, struct klp_func *func)
{
	(void)core;
	func->old_func = text[func->old_sympos - 1];
	func->old_size = func->new_size = SIZE;
	return 0;
}

static size_t index_of(const void *old_func)
{
	return (size_t)((const char *)old_func - text[0]) / SIZE;
}

static int hook(struct sut_core *core, void *old_func)
{
	(void)core;
	CHECK(!world.hooked[index_of(old_func)]);
	world.hooked[index_of(old_func)] = true;
	return 0;
}

static void unhook(struct sut_core *core, void *old_func)
{
	(void)core;
	CHECK(world.hooked[index_of(old_func)]);
	world.hooked[index_of(old_func)] = false;
}

static void nothing(struct sut_core *core)
{
	(void)core;
}

static bool at_once(struct sut_core *core)
{
	(void)core;
	return true;
}

static void begin(void)
{
	world = (typeof(world)){
		.host = {.alloc = take,
			 .free = give,
			 .resolve = resolve,
			 .hook = hook,
			 .unhook = unhook,
			 .synchronize = nothing},
		.switching = {.begin = nothing,
			      .start = nothing,
			      .reverse = nothing,
			      .attempt = at_once,
			      .force = nothing,
			      .finish = nothing},
	};
	sut_core_init(&world.core, &world.host, &world.switching);
}

enum order { UP, DOWN, MIXED, ORDERS };

/* The n-th in that order. */
static size_t nth(enum order order, size_t n)
{
	return order == UP ? n : order == DOWN ? COUNT - 1 - n : n * 7 % COUNT;
}

/* A patch of every step-th function. */
static struct klp_patch *make(int which, enum order order, size_t step)
{
	struct klp_patch *patch = &world.patches[which];
	struct klp_func *func = world.funcs[which];

	for (size_t n = 0; n < COUNT; n++)
		if (nth(order, n) % step == 0)
			*func++ = (struct klp_func){.old_name = "f",
						    .new_func = patch,
						    .old_sympos = nth(order, n) + 1};
	*func = (struct klp_func){0};
	world.modules[which] = (struct module){.name = &"a\0b\0c"[2 * which], .livepatch = true};
	world.objects[which][0] = (struct klp_object){.funcs = world.funcs[which]};
	*patch = (struct klp_patch){.mod = &world.modules[which], .objs = world.objects[which]};
	return patch;
}

/* Exactly every step-th runs that patch's code; step 0: none is patched. */
static bool runs(const struct klp_patch *patch, size_t step)
{
	for (size_t n = 0; n < COUNT; n++) {
		const struct klp_func *func = sut_core_select(&world.core, text[n], SUT_UNDEFINED);
		bool patched = step && n % step == 0;

		if (world.hooked[n] != patched ||
		    (func ? func->new_func : NULL) != (patched ? patch : NULL))
			return false;
	}
	return true;
}

static void many_functions_come_and_go_in_any_order(void)
{
	for (int order = 0; order < ORDERS * ORDERS; order++) {
		struct klp_patch *below, *above;

		begin();
		below = make(0, (enum order)(order / ORDERS), 3);
		above = make(1, (enum order)(order % ORDERS), 1);
		CHECK_EQUAL(sut_core_enable(&world.core, below), 0);
		CHECK(runs(below, 3));
		CHECK_EQUAL(sut_core_enable(&world.core, above), 0);
		CHECK(runs(above, 1));
		CHECK_EQUAL(sut_core_set_enabled(&world.core, above, false), 0);
		CHECK(runs(below, 3));
		CHECK_EQUAL(sut_core_set_enabled(&world.core, below, false), 0);
		CHECK(runs(NULL, 0) && !world.core.stacks);
	}
}

static void a_function_that_is_there_twice_is_found_in_any_order(void)
{
	for (int order = 0; order < ORDERS; order++) {
		struct klp_func *last = &world.funcs[0][COUNT];

		for (unsigned long position = 1; position <= COUNT; position += 97) {
			begin();
			make(0, (enum order)order, 1);
			*last = (struct klp_func){.old_name = "f",
						  .new_func = last,
						  .old_sympos = position};
			CHECK_EQUAL(sut_core_enable(&world.core, &world.patches[0]), -EEXIST);
			last->old_name = "g";
			CHECK_EQUAL(sut_core_enable(&world.core, &world.patches[0]), -EINVAL);
			CHECK(runs(NULL, 0) && !world.core.patches);
		}
	}
}

static void a_replace_gives_back_the_rest_in_any_order(void)
{
	for (int order = 0; order < ORDERS * ORDERS; order++) {
		struct klp_patch *patch;

		begin();
		CHECK_EQUAL(sut_core_enable(&world.core, make(0, (enum order)(order / ORDERS), 2)),
			    0);
		CHECK_EQUAL(sut_core_enable(&world.core, make(1, (enum order)(order % ORDERS), 3)),
			    0);
		/* Another name of what both have: one of the two nops is not needed. */
		world.funcs[1][0].old_name = "g";
		patch = make(2, (enum order)(order % ORDERS), 5);
		patch->replace = true;
		CHECK_EQUAL(sut_core_enable(&world.core, patch), 0);
		CHECK(runs(patch, 5));
		CHECK(world.core.patches->patch == patch && !world.core.patches->next);
		CHECK_EQUAL(sut_core_set_enabled(&world.core, patch, false), 0);
		CHECK(runs(NULL, 0));
	}
}

static void sets_that_share_a_function_are_found_in_any_order(void)
{
	for (int order = 0; order < ORDERS * ORDERS; order++) {
		struct klp_patch *other;

		begin();
		CHECK_EQUAL(sut_core_enable(&world.core, make(0, (enum order)(order / ORDERS), 2)),
			    0);
		other = make(1, (enum order)(order % ORDERS), COUNT / 2 - 1);
		other->replace_set = 1;
		CHECK_EQUAL(sut_core_enable(&world.core, other), -EINVAL);
		for (struct klp_func *func = other->objs->funcs; func->old_name; func++)
			func->old_sympos |= 1; /* all of them are the other's, too */
		CHECK_EQUAL(sut_core_enable(&world.core, other), -EINVAL);
		for (struct klp_func *func = other->objs->funcs; func->old_name; func++)
			func->old_sympos++;
		CHECK_EQUAL(sut_core_enable(&world.core, other), 0);
		CHECK_EQUAL(sut_core_set_enabled(&world.core, other, false), 0);
		CHECK_EQUAL(sut_core_set_enabled(&world.core, &world.patches[0], false), 0);
	}
}

static const struct sut_tap_test tests[] = {
	{"many functions come and go in any order", many_functions_come_and_go_in_any_order},
	{"a function that is there twice is found in any order",
	 a_function_that_is_there_twice_is_found_in_any_order},
	{"a replace gives back the rest in any order", a_replace_gives_back_the_rest_in_any_order},
	{"sets that share a function are found in any order",
	 sets_that_share_a_function_are_found_in_any_order},
};

SUT_TAP_MAIN(tests)
