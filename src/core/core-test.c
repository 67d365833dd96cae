// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The core where scenarios do not reach: other ways of switching, hosts that leave operations out,
 * relocations, events, the control directory as a list.
 */
#include "base/tap.h"
#include "core/sample.h"

#include <linux/errno.h>
#include <stdio.h>
#include <string.h>

enum { MAIN, M, N };

static struct sut_sample sample;

/* Replaces main.f and m.f, with callbacks. */
static struct sut_sample_patch *plain_patch(size_t index)
{
	struct sut_sample_patch *patch = sut_sample_patch(&sample, index);

	for (size_t object = MAIN; object <= M; object++) {
		sut_sample_object(patch, object);
		sut_sample_callbacks(patch, object, 0);
		sut_sample_func(patch, object, "f", 0);
	}
	return patch;
}

static void finish(void)
{
	sut_sample_clear(&sample);
	CHECK_STRING(sample.broken, NULL);
}

static const struct sut_sample_patch *runs(size_t object, int patch_state)
{
	const void *old = (const void *)sut_sample_address(0, object, 0);
	const struct klp_func *func = sut_core_select(&sample.core, old, patch_state);

	return func ? (const struct sut_sample_patch *)func->object->patch : NULL;
}

static void a_switch_of_its_own_ends_when_it_says_so(void)
{
	struct sut_sample_patch *patch;

	sut_sample_init(&sample, true);
	patch = plain_patch(0);
	CHECK_EQUAL(sut_sample_enable(&sample, patch), 0);
	CHECK(!sut_sample_attempt(&sample));
	CHECK_STRING(sample.log, "");
	sample.may_end = true;
	CHECK(sut_sample_attempt(&sample));
	CHECK_STRING(sample.log, "A.main.post_patch A:patching complete");
	CHECK(sut_sample_attempt(&sample));
	finish();
}

static void a_switch_of_its_own_is_reversed_both_ways(void)
{
	struct sut_sample_patch *patch;

	sut_sample_init(&sample, true);
	patch = plain_patch(0);
	CHECK_EQUAL(sut_sample_enable(&sample, patch), 0);
	for (int i = 0; i < 3; i++) {
		CHECK_EQUAL(sut_sample_set_enabled(&sample, patch, false), 0);
		CHECK_EQUAL(sample.core.target, SUT_UNPATCHED);
		CHECK_EQUAL(sut_sample_set_enabled(&sample, patch, false), -EINVAL);
		CHECK_EQUAL(sut_sample_set_enabled(&sample, patch, true), 0);
		CHECK_EQUAL(sample.core.target, SUT_PATCHED);
		CHECK_STRING(sample.log, "");
	}
	CHECK_EQUAL(sut_sample_set_enabled(&sample, patch, false), 0);
	CHECK(runs(MAIN, SUT_PATCHED) == patch && !runs(MAIN, SUT_UNPATCHED));
	sample.may_end = true;
	CHECK(sut_sample_attempt(&sample));
	CHECK_STRING(sample.log, "A.main.post_unpatch A:unpatching complete A:left");
	finish();
}

static void a_reversed_disable_of_a_switch_of_its_own(void)
{
	struct sut_sample_patch *patch;

	sut_sample_init(&sample, true);
	patch = plain_patch(0);
	sut_sample_enable(&sample, patch);
	sut_sample_force(&sample, patch);
	CHECK_EQUAL(sut_sample_set_enabled(&sample, patch, false), 0);
	CHECK_STRING(sample.log, "A.main.pre_unpatch");
	CHECK_EQUAL(sut_sample_set_enabled(&sample, patch, true), 0);
	sample.may_end = true;
	CHECK(sut_sample_attempt(&sample));
	CHECK_STRING(sample.log, "A.main.post_patch A:patching complete");
	finish();
}

static void a_reversed_replace_of_a_switch_of_its_own(void)
{
	struct sut_sample_patch *old, *new;

	sut_sample_init(&sample, true);
	old = plain_patch(0);
	sut_sample_enable(&sample, old);
	sut_sample_force(&sample, old);
	new = sut_sample_patch(&sample, 1);
	new->klp.replace = true;
	CHECK_EQUAL(sut_sample_enable(&sample, new), 0);
	CHECK(runs(MAIN, SUT_UNPATCHED) == old && !runs(MAIN, SUT_PATCHED));
	CHECK_EQUAL(sut_sample_set_enabled(&sample, new, false), 0);
	/* m comes for the old patch and for the nop of the new one, and stays. */
	CHECK_EQUAL(sut_sample_coming(&sample, M), 0);
	CHECK_STRING(sample.log, "A.m.pre_patch");
	sample.may_end = true;
	CHECK(sut_sample_attempt(&sample));
	CHECK_STRING(sample.log, "A.m.post_patch B:unpatching complete B:left");
	CHECK(runs(MAIN, SUT_UNDEFINED) == old && runs(M, SUT_UNDEFINED) == old);
	finish();
}

static void what_cannot_be_prepared_calls_back_for_an_enable_only(void)
{
	struct sut_sample_patch *patch;

	sut_sample_init(&sample, true);
	patch = plain_patch(0);
	sample.fail_at = 6; /* memory, relocation, symbol, pre_patch, hook, prepare */
	CHECK_EQUAL(sut_sample_enable(&sample, patch), -ETXTBSY);
	CHECK_STRING(sample.log, "A.main.pre_patch A.main.post_unpatch A:left");
	sut_sample_enable(&sample, patch);
	sut_sample_force(&sample, patch);
	sample.fail_at = 1;
	CHECK_EQUAL(sut_sample_set_enabled(&sample, patch, false), -ETXTBSY);
	CHECK_STRING(sample.log, "");
	CHECK_EQUAL(sut_sample_set_enabled(&sample, patch, false), 0);
	finish();
}

static void a_host_may_leave_out_what_is_optional(void)
{
	struct sut_core_host bare;
	struct sut_sample_patch *old, *new;

	sut_sample_init(&sample, false);
	bare = sut_sample_host;
	bare.get_part = NULL;
	bare.put_part = NULL;
	bare.relocate = NULL;
	bare.unrelocate = NULL;
	bare.event = NULL;
	sut_core_init(&sample.core, &bare, &sut_core_tasks);
	sample.core.task_host = &sut_sample_task_host;
	sample.core.unreliable = true;
	old = plain_patch(0);
	old->klp.split = true;
	CHECK_EQUAL(sut_core_enable(&sample.core, &old->klp), 0);
	CHECK_EQUAL(sut_core_coming(&sample.core, "m"), 0);
	new = plain_patch(1);
	new->klp.replace = true;
	CHECK_EQUAL(sut_core_enable(&sample.core, &new->klp), 0);
	CHECK(!old->klp.core && new->klp.enabled);
	CHECK(!sut_core_get_prev_state(&sample.core, 1));
	sut_core_going(&sample.core, "m");
	CHECK_EQUAL(sut_core_set_enabled(&sample.core, &new->klp, false), 0);
	CHECK(!sample.core.patches && !sample.core.stacks);
	CHECK_EQUAL(sample.blocks, 0);
}

/* A host that does not know how long new code is. */
static int resolve_without_size(struct sut_core *core, struct klp_func *func)
{
	int rc = sut_sample_host.resolve(core, func);

	func->new_size = 0;
	return rc;
}

static void new_code_of_unknown_size_is_refused(void)
{
	struct sut_core_host host = sut_sample_host;

	sut_sample_init(&sample, false);
	host.resolve = resolve_without_size;
	sample.core.host = &host;
	CHECK_EQUAL(sut_sample_enable(&sample, plain_patch(0)), -ENOENT);
	CHECK_STRING(sample.log, "A:left");
	finish();
}

static void a_patch_that_has_left_is_not_enabled_again(void)
{
	struct sut_sample_patch *patch;

	sut_sample_init(&sample, false);
	patch = plain_patch(0);
	sut_sample_enable(&sample, patch);
	CHECK_EQUAL(sut_sample_set_enabled(&sample, patch, false), 0);
	CHECK_EQUAL(sut_sample_set_enabled(&sample, patch, false), -EINVAL);
	CHECK_EQUAL(sut_sample_set_enabled(&sample, patch, true), -EINVAL);
	finish();
}

static void relocations_come_and_go_with_the_object(void)
{
	struct sut_sample_patch *patch;

	sut_sample_init(&sample, false);
	patch = plain_patch(0);
	sut_sample_enable(&sample, patch);
	CHECK(patch->relocated[MAIN] && !patch->relocated[M]);
	for (int i = 0; i < 2; i++) {
		CHECK_EQUAL(sut_sample_coming(&sample, M), 0);
		CHECK(patch->relocated[M]);
		sut_sample_going(&sample, M);
		CHECK(!patch->relocated[M]);
	}
	finish();
}

static void unloading_what_no_patch_knows_is_no_event(void)
{
	sut_sample_init(&sample, false);
	sut_sample_enable(&sample, plain_patch(0));
	sut_sample_coming(&sample, N);
	sut_sample_going(&sample, N);
	sut_sample_going(&sample, M); /* known, but never there */
	CHECK_STRING(sample.log, "");
	finish();
}

static void events_are_told_in_their_order(void)
{
	struct sut_sample_patch *old, *new;

	sut_sample_init(&sample, false);
	sample.core.unreliable = true;
	old = plain_patch(0);
	sut_sample_enable(&sample, old);
	CHECK_STRING(sample.log, "A:unreliable A.main.pre_patch A.main.post_patch "
				 "A:patching complete");
	new = plain_patch(1);
	new->klp.replace = true;
	sut_sample_enable(&sample, new);
	CHECK_STRING(sample.log, "B:unreliable B.main.pre_patch B.main.post_patch "
				 "B:patching complete A:left");
	sut_sample_set_enabled(&sample, new, false);
	CHECK_STRING(sample.log, "B.main.pre_unpatch B.main.post_unpatch B:unpatching complete "
				 "B:left");
	sut_sample_begin(&sample);
	CHECK(!sut_core_get_prev_state(&sample.core, 1));
	CHECK_STRING(sample.log, "none:no transition");
	finish();
}

static void a_task_without_parent_starts_in_the_new_version(void)
{
	struct sut_sample_patch *patch;
	struct sut_sample_task *sleeper, *task;

	sut_sample_init(&sample, false);
	sleeper = sut_sample_task(&sample, NULL);
	CHECK_EQUAL(sleeper->core.patch_state, SUT_UNDEFINED);
	sut_sample_call(&sample, sleeper, MAIN, 0);
	patch = plain_patch(0);
	sut_sample_enable(&sample, patch);
	task = sut_sample_task(&sample, NULL);
	CHECK_EQUAL(task->core.patch_state, SUT_PATCHED);
	sut_sample_set_enabled(&sample, patch, false);
	CHECK(task->core.pending);
	sut_sample_exit(&sample, task);
	task = sut_sample_task(&sample, NULL);
	CHECK_EQUAL(task->core.patch_state, SUT_UNPATCHED);
	CHECK(!task->core.pending);
	CHECK(sut_sample_attempt(&sample));
	finish();
}

static void a_reason_remembers_since_when(void)
{
	struct sut_sample_patch *patch;
	struct sut_sample_task *task;

	sut_sample_init(&sample, false);
	patch = plain_patch(0);
	task = sut_sample_task(&sample, NULL);
	task->held = true;
	sut_sample_call(&sample, task, MAIN, 0);
	sut_sample_enable(&sample, patch);
	sut_sample_attempt(&sample);
	CHECK_EQUAL(task->core.reason, SUT_BLOCK_RUNNING);
	CHECK_EQUAL(task->core.since, 0);
	task->held = false;
	sut_sample_attempt(&sample);
	sut_sample_attempt(&sample);
	CHECK_EQUAL(task->core.reason, SUT_BLOCK_FRAME);
	CHECK(task->core.func == patch->funcs[MAIN]);
	CHECK_EQUAL(task->core.since, 2);
	task->count = 0;
	task->unreliable = true;
	while (task->signals < 2)
		sut_sample_attempt(&sample);
	CHECK_EQUAL(task->core.reason, SUT_BLOCK_UNRELIABLE);
	CHECK_EQUAL(task->core.since, 4);
	CHECK_EQUAL(sample.core.attempts, 31);
	sut_sample_set_enabled(&sample, patch, false);
	CHECK_EQUAL(sample.core.attempts, 0);
	finish();
}

static void nothing_is_forbidden_outside_a_transition(void)
{
	uintptr_t address = sut_sample_address(0, MAIN, 0);
	struct sut_sample_task *task;

	sut_sample_init(&sample, false);
	task = sut_sample_task(&sample, NULL);
	sut_sample_push(task, address, true);
	CHECK(!sut_core_forbidden(&sample.core, address, true));
	sut_sample_enable(&sample, plain_patch(0));
	CHECK(sut_core_forbidden(&sample.core, address, true));
	CHECK(!sut_core_forbidden(&sample.core, address, false)); /* the end of what is before */
	CHECK(sut_core_forbidden(&sample.core, address + SUT_SAMPLE_PIECE, true));
	/* m is not there, and what its code will be may be anybody's. */
	CHECK(!sut_core_forbidden(&sample.core, sut_sample_address(0, M, 0), true));
	task->count = 0;
	CHECK(sut_sample_attempt(&sample));
	CHECK(!sut_core_forbidden(&sample.core, address, true));
	finish();
}

/* A line for each entry, "vmlinux/patched 444" or "m/f,1/". */
static void add_entry(void *arg, const struct sut_control_entry *entry)
{
	char *text = arg, *end = text + strlen(text);

	if (entry->object)
		end += sprintf(end, "%s/", entry->object);
	if (entry->file)
		sprintf(end, "%s %o\n", entry->file, entry->mode);
	else
		sprintf(end, "%s,%lu/\n", entry->function, entry->position);
}

static void the_control_directory_lists_files_objects_and_functions(void)
{
	struct sut_sample_patch *patch;
	char text[512] = "";

	sut_sample_init(&sample, false);
	patch = plain_patch(0);
	patch->klp.name = "fix";
	sut_sample_func(patch, M, "d", 2);
	sut_sample_enable(&sample, patch);
	CHECK_EQUAL(sut_control_list(&sample.core, "A", add_entry, text), -ENOENT);
	CHECK_EQUAL(sut_control_list(&sample.core, "fix", add_entry, text), 0);
	CHECK_STRING(text, "enabled 644\nforce 200\nreplace 444\nstack_order 444\ntransition 444\n"
			   "vmlinux/patched 444\nvmlinux/f,1/\n"
			   "m/patched 444\nm/f,1/\nm/d,2/\n");
	finish();
}

static void numbers_in_control_files_may_have_several_digits(void)
{
	static struct klp_patch patches[12];
	static struct module modules[12];
	static struct klp_object none;
	static char names[12][8];
	struct sut_core_host quiet = sut_sample_host;
	char value[SUT_CONTROL_VALUE_MAX];

	sut_sample_init(&sample, false);
	quiet.event = NULL; /* it expects the sample's patches */
	sample.core.host = &quiet;
	for (int i = 0; i < 12; i++) {
		sprintf(names[i], "p%d", i);
		modules[i] = (struct module){.name = names[i], .livepatch = true};
		patches[i] = (struct klp_patch){.mod = &modules[i], .objs = &none};
		CHECK_EQUAL(sut_core_enable(&sample.core, &patches[i]), 0);
	}
	CHECK_EQUAL(sut_control_read(&sample.core, "p11", "stack_order", value), 0);
	CHECK_STRING(value, "12");
	CHECK_EQUAL(sut_control_read(&sample.core, "p0", "stack_order", value), 0);
	CHECK_STRING(value, "1");
	for (int i = 0; i < 12; i++)
		CHECK_EQUAL(sut_core_set_enabled(&sample.core, &patches[i], false), 0);
}

static const struct sut_tap_test tests[] = {
	{"a switch of its own ends when it says so", a_switch_of_its_own_ends_when_it_says_so},
	{"a switch of its own is reversed both ways", a_switch_of_its_own_is_reversed_both_ways},
	{"a reversed disable of a switch of its own", a_reversed_disable_of_a_switch_of_its_own},
	{"a reversed replace of a switch of its own", a_reversed_replace_of_a_switch_of_its_own},
	{"what cannot be prepared calls back for an enable only",
	 what_cannot_be_prepared_calls_back_for_an_enable_only},
	{"a host may leave out what is optional", a_host_may_leave_out_what_is_optional},
	{"new code of unknown size is refused", new_code_of_unknown_size_is_refused},
	{"a patch that has left is not enabled again", a_patch_that_has_left_is_not_enabled_again},
	{"relocations come and go with the object", relocations_come_and_go_with_the_object},
	{"unloading what no patch knows is no event", unloading_what_no_patch_knows_is_no_event},
	{"events are told in their order", events_are_told_in_their_order},
	{"a task without parent starts in the new version",
	 a_task_without_parent_starts_in_the_new_version},
	{"a reason remembers since when", a_reason_remembers_since_when},
	{"nothing is forbidden outside a transition", nothing_is_forbidden_outside_a_transition},
	{"the control directory lists files, objects and functions",
	 the_control_directory_lists_files_objects_and_functions},
	{"numbers in control files may have several digits",
	 numbers_in_control_files_may_have_several_digits},
};

SUT_TAP_MAIN(tests)
