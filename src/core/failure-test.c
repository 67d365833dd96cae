// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An operation that fails leaves no trace. Each test does one operation again and again, and lets
 * another step of the host fail each time, from the first to the last; then it succeeds.
 */
#include "base/tap.h"
#include "core/sample.h"

#include <linux/errno.h>

enum { MAIN, M, N };

static struct sut_sample sample;

/* Two objects with everything that can be undone, and one that may come later. */
static struct sut_sample_patch *rich_patch(size_t index)
{
	struct sut_sample_patch *patch = sut_sample_patch(&sample, index);

	patch->klp.split = true;
	for (size_t object = MAIN; object <= N; object++) {
		sut_sample_object(patch, object);
		sut_sample_callbacks(patch, object, 0);
		sut_sample_callbacks(patch, object, 1);
		sut_sample_callbacks(patch, object, 2 + index % 2);
		sut_sample_type(patch, object, 1);
		sut_sample_type(patch, object, 2 + index % 2);
		sut_sample_func(patch, object, "f", 0);
		sut_sample_func(patch, object, index % 2 ? "g" : "d", 1);
	}
	return patch;
}

static void begin(void)
{
	sut_sample_init(&sample, false);
	sample.loaded[M] = true;
}

static void end(void)
{
	sut_sample_clear(&sample);
	CHECK_STRING(sample.broken, NULL);
}

/* How often it failed before it succeeded. */
static unsigned int enable_until_it_succeeds(struct sut_sample_patch *patch)
{
	for (unsigned int n = 1;; n++) {
		sample.fail_at = n;
		if (!sut_sample_enable(&sample, patch) || sample.broken)
			return n - 1;
	}
}

static unsigned int load_until_it_succeeds(size_t object)
{
	for (unsigned int n = 1;; n++) {
		sample.fail_at = n;
		if (!sut_sample_coming(&sample, object) || sample.broken)
			return n - 1;
	}
}

/* Somebody sleeps in main.f, so that a transition which concerns it does not end. */
static void sleep_in_f(void)
{
	sut_sample_call(&sample, sut_sample_task(&sample, NULL), MAIN, 0);
}

static void a_first_enable(void)
{
	begin();
	/* Memory, relocations of main, then of m with its part, four symbols, four hooks, six
	 * pre_patch, prepare. */
	CHECK_EQUAL(enable_until_it_succeeds(rich_patch(0)), 1 + 2 + 1 + 4 + 4 + 6 + 1);
	end();
}

static void an_enable_beside_others(void)
{
	begin();
	sut_sample_enable(&sample, rich_patch(0));
	/* f and set 1 are there already: two hooks and two pre_patch less. */
	CHECK_EQUAL(enable_until_it_succeeds(rich_patch(1)), 1 + 2 + 1 + 4 + 2 + 4 + 1);
	end();
}

static void a_replace(void)
{
	struct sut_sample_patch *patch;

	begin();
	sut_sample_enable(&sample, rich_patch(0));
	sut_sample_enable(&sample, rich_patch(1));
	patch = sut_sample_patch(&sample, 2);
	patch->klp.replace = true;
	sut_sample_object(patch, MAIN);
	sut_sample_callbacks(patch, MAIN, 0);
	sut_sample_func(patch, MAIN, "a", 0);
	/* Two blocks of memory; main.f as "a", the alias "f" again, d and g; all of m as nops. */
	CHECK_EQUAL(enable_until_it_succeeds(patch), 2 + 1 + 4 + 3 + 1 + 1);
	CHECK(sample.core.patches->patch == &patch->klp && !sample.core.patches->next);
	end();
}

static void a_replace_of_one_set(void)
{
	struct sut_sample_patch *old, *patch;

	begin();
	old = rich_patch(0);
	old->klp.replace_set = 7;
	sut_sample_enable(&sample, old);
	patch = sut_sample_patch(&sample, 1);
	patch->klp.replace_set = 7;
	sut_sample_object(patch, N);
	sut_sample_func(patch, N, "g", 0);
	CHECK_EQUAL(enable_until_it_succeeds(patch), 2 + 4 + 1);
	CHECK(!old->klp.core);
	end();
}

static void a_disable(void)
{
	struct sut_sample_patch *patch;

	begin();
	patch = rich_patch(0);
	sut_sample_enable(&sample, patch);
	sample.fail_at = 1;
	CHECK_EQUAL(sut_sample_set_enabled(&sample, patch, false), -ETXTBSY);
	CHECK_STRING(sample.log, "");
	CHECK(patch->klp.enabled);
	end();
}

static void a_load(void)
{
	begin();
	sut_sample_enable(&sample, rich_patch(0));
	sut_sample_enable(&sample, rich_patch(1));
	/* Of both: part, relocations, two symbols, callbacks (set 1 once), hooks (f once). */
	CHECK_EQUAL(load_until_it_succeeds(N), 2 + 2 + 4 + 5 + 3);
	end();
}

static void a_load_while_its_patch_comes(void)
{
	begin();
	sleep_in_f();
	sut_sample_enable(&sample, rich_patch(0));
	CHECK(sample.core.transition);
	CHECK_EQUAL(load_until_it_succeeds(N), 1 + 1 + 2 + 3 + 2);
	end();
}

static void a_load_while_its_patch_goes(void)
{
	struct sut_sample_patch *patch;

	begin();
	patch = rich_patch(0);
	sut_sample_enable(&sample, patch);
	sleep_in_f();
	sut_sample_set_enabled(&sample, patch, false);
	CHECK(sample.core.transition);
	CHECK_EQUAL(load_until_it_succeeds(N), 1 + 1 + 2 + 3 + 2);
	end();
}

static void a_load_while_its_patches_are_replaced(void)
{
	struct sut_sample_patch *patch;

	begin();
	sut_sample_enable(&sample, rich_patch(0));
	sut_sample_enable(&sample, rich_patch(1));
	sleep_in_f();
	patch = sut_sample_patch(&sample, 2);
	patch->klp.replace = true;
	sut_sample_enable(&sample, patch);
	CHECK(sample.core.transition);
	/* As a load without it, and its three nops are looked up. */
	CHECK_EQUAL(load_until_it_succeeds(N), 2 + 2 + 4 + 5 + 3 + 3);
	CHECK_EQUAL(sut_sample_set_enabled(&sample, patch, false), 0);
	end();
}

static void an_enable_while_a_transition_runs(void)
{
	struct sut_sample_patch *late;

	begin();
	sleep_in_f();
	sut_sample_enable(&sample, rich_patch(0));
	late = rich_patch(1);
	late->klp.replace = true;
	CHECK_EQUAL(sut_sample_enable(&sample, late), -EBUSY);
	CHECK_STRING(sample.log, "B:left");
	end();
}

static void what_a_failed_enable_had_set_up_is_taken_down(void)
{
	struct sut_sample_patch *patch;

	begin();
	patch = sut_sample_patch(&sample, 0);
	sut_sample_object(patch, MAIN);
	sut_sample_callbacks(patch, MAIN, 0);
	sut_sample_callbacks(patch, MAIN, 2);
	sample.fail_at = 5; /* memory, relocations, two callbacks, prepare */
	CHECK_EQUAL(sut_sample_enable(&sample, patch), -ETXTBSY);
	CHECK_STRING(sample.log, "A.main.pre_patch A.main#2.pre_patch A.main.post_unpatch "
				 "A.main#2.post_unpatch A:left");
	end();
}

static const struct sut_tap_test tests[] = {
	{"a first enable", a_first_enable},
	{"an enable beside others", an_enable_beside_others},
	{"a replace", a_replace},
	{"a replace of one set", a_replace_of_one_set},
	{"a disable", a_disable},
	{"a load", a_load},
	{"a load while its patch comes", a_load_while_its_patch_comes},
	{"a load while its patch goes", a_load_while_its_patch_goes},
	{"a load while its patches are replaced", a_load_while_its_patches_are_replaced},
	{"an enable while a transition runs", an_enable_while_a_transition_runs},
	{"what a failed enable had set up is taken down",
	 what_a_failed_enable_had_set_up_is_taken_down},
};

SUT_TAP_MAIN(tests)
