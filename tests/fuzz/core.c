// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Anything may be asked of the core, in any order, and any step of its host may fail. The input
 * says what: a byte for each choice. The rules of src/core/sample-check.c must hold after every
 * operation, and at the end all must go away without a trace.
 */
#include "core/sample.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *data;
	size_t size;
};

static struct sut_sample sample;

/* A choice among `count` things; the first one when the input is at its end. */
static unsigned int choose(struct input *in, unsigned int count)
{
	if (!in->size)
		return 0;
	in->size--;
	return *in->data++ % count;
}

static void make_object(struct input *in, struct sut_sample_patch *patch, size_t object)
{
	/* Those that make a patch invalid are rare. */
	static const char names[] = "fffffgggggddddaasx";
	static const char *const functions[] = {
		['f'] = "f", ['g'] = "g", ['d'] = "d", ['a'] = "a", ['s'] = "s", ['x'] = "x"};

	if (choose(in, 2))
		sut_sample_callbacks(patch, object, 0);
	for (unsigned int n = choose(in, 3); n; n--)
		sut_sample_callbacks(patch, object, 1 + choose(in, SUT_SAMPLE_IDS));
	for (unsigned int n = choose(in, 3); n; n--)
		sut_sample_type(patch, object, 1 + choose(in, SUT_SAMPLE_IDS));
	for (unsigned int n = choose(in, SUT_SAMPLE_FUNCS + 1); n; n--) {
		char name = names[choose(in, sizeof(names) - 1)];

		sut_sample_func(patch, object, functions[(unsigned char)name],
				name == 'd' ? 1 + choose(in, 2) : choose(in, 2));
	}
}

static struct sut_sample_patch *make_patch(struct input *in, size_t index)
{
	struct sut_sample_patch *patch = sut_sample_patch(&sample, index);
	unsigned int kind = choose(in, 8);

	patch->klp.replace = kind == 1 || kind == 2;
	patch->klp.replace_set = kind > 5 ? kind - 5 : 0;
	patch->klp.split = choose(in, 2);
	for (unsigned int n = choose(in, SUT_SAMPLE_OBJECTS + 1); n; n--) {
		size_t object = choose(in, SUT_SAMPLE_OBJECTS);

		if (sut_sample_object(patch, object))
			make_object(in, patch, object);
	}
	for (unsigned int n = choose(in, 8); n > 5; n--) {
		struct klp_state *state =
			sut_sample_state(patch, 1 + choose(in, SUT_SAMPLE_IDS), choose(in, 2));

		state->block_disable = choose(in, 2);
	}
	return patch;
}

static struct sut_sample_patch *choose_patch(struct input *in)
{
	size_t index = choose(in, SUT_SAMPLE_PATCHES);
	struct sut_sample_patch *patch = &sample.patches[index];

	/* The module of a forced one is there for good; another one may have its name. */
	if (!patch->load || (patch->klp.forced && !patch->klp.core))
		make_patch(in, index);
	return patch;
}

static struct sut_sample_task *choose_task(struct input *in)
{
	struct sut_sample_task *task = &sample.tasks[choose(in, SUT_SAMPLE_TASKS)];

	return task->alive ? task : sut_sample_task(&sample, NULL);
}

static void replace_structures(struct input *in)
{
	size_t index = choose(in, SUT_SAMPLE_PATCHES);

	if (!sample.patches[index].klp.core)
		make_patch(in, index);
}

static void enable(struct input *in)
{
	struct sut_sample_patch *patch = choose_patch(in);
	unsigned int caller = choose(in, 2 * SUT_SAMPLE_TASKS);

	if (caller < SUT_SAMPLE_TASKS && sample.tasks[caller].alive)
		sample.core.caller = &sample.tasks[caller].core;
	sample.fail_at = choose(in, 3) ? 0 : choose(in, 48);
	sut_sample_enable(&sample, patch);
	sample.core.caller = NULL;
}

static void set_enabled(struct input *in)
{
	struct sut_sample_patch *patch = choose_patch(in);

	sample.fail_at = choose(in, 8) == 1;
	sut_sample_set_enabled(&sample, patch, choose(in, 2));
}

static void force(struct input *in)
{
	sut_sample_force(&sample, choose_patch(in));
}

static void attempt(struct input *in)
{
	sample.may_end = choose(in, 2);
	for (unsigned int n = choose(in, 8) ? 1 : 16; n; n--)
		sut_sample_attempt(&sample);
}

/* Nobody is in an object that goes. */
static void leave_object(struct sut_sample_task *task, size_t object)
{
	size_t kept = 0;

	for (size_t i = 0; i < task->count; i++) {
		struct sut_sample_frame frame = task->frames[i];

		if (sut_sample_place(frame.address - !frame.pc).object != object)
			task->frames[kept++] = frame;
	}
	task->count = kept;
}

static void load_or_unload(struct input *in)
{
	size_t object = 1 + choose(in, SUT_SAMPLE_OBJECTS - 1);

	sample.fail_at = choose(in, 3) ? 0 : choose(in, 48);
	if (!sample.loaded[object]) {
		sut_sample_coming(&sample, object);
		return;
	}
	for (size_t i = 0; i < SUT_SAMPLE_TASKS; i++)
		leave_object(&sample.tasks[i], object);
	sample.fail_at = 0;
	sut_sample_going(&sample, object);
}

static void fork_task(struct input *in)
{
	const struct sut_sample_task *parent = choose_task(in);
	struct sut_sample_task *child = sut_sample_task(&sample, parent);

	if (child && choose(in, 2))
		for (size_t i = 0; i < parent->count; i++)
			sut_sample_push(child, parent->frames[i].address, parent->frames[i].pc);
}

static void live(struct input *in)
{
	struct sut_sample_task *task = choose_task(in);

	switch (choose(in, 8)) {
	case 0:
		sut_sample_exit(&sample, task);
		break;
	case 1:
		task->count = 0;
		sut_core_task_safe_point(&sample.core, &task->core);
		break;
	case 2:
		task->held = !task->held;
		break;
	case 3:
		task->unreliable = !task->unreliable;
		break;
	case 4:
		task->count -= task->count > 0;
		break;
	default:
		sut_sample_call(&sample, task, choose(in, SUT_SAMPLE_OBJECTS),
				choose(in, SUT_SAMPLE_CODES));
	}
}

/* Any place in any code, its ends included. */
static void sleep_anywhere(struct input *in)
{
	struct sut_sample_task *task = choose_task(in);
	const struct sut_sample_patch *patch = &sample.patches[choose(in, SUT_SAMPLE_PATCHES)];
	uintptr_t address =
		sut_sample_address(choose(in, 2) ? patch->load : 0, choose(in, SUT_SAMPLE_OBJECTS),
				   choose(in, SUT_SAMPLE_CODES));

	address +=
		(choose(in, 2) ? SUT_SAMPLE_PIECE : 0) + choose(in, 3) * SUT_SAMPLE_CODE_SIZE / 2;
	sut_sample_push(task, address, choose(in, 2));
}

static void turn_a_switch(struct input *in)
{
	struct sut_sample_patch *patch = choose_patch(in);

	switch (choose(in, 4)) {
	case 0:
		patch->mod.going = !patch->mod.going;
		break;
	case 1:
		patch->mod.livepatch = !patch->mod.livepatch;
		break;
	case 2:
		sample.core.ready = !sample.core.ready;
		break;
	default:
		sample.core.unreliable = !sample.core.unreliable;
	}
}

static void count_entry(void *arg, const struct sut_control_entry *entry)
{
	*(size_t *)arg += !entry->function == !entry->file;
}

static void use_control_files(struct input *in)
{
	static const char *const names[] = {"enabled",         "force",
					    "replace",         "stack_order",
					    "transition",      "m/patched",
					    "vmlinux/patched", ""};
	static const char *const texts[] = {"1", "0", "on", "OFF", "x", ""};
	const char *patch = sut_patch_name(&choose_patch(in)->klp);
	const char *file = names[choose(in, sizeof(names) / sizeof(names[0]))];
	char value[SUT_CONTROL_VALUE_MAX];
	size_t bad = 0;

	sut_control_read(&sample.core, patch, file, value);
	if (!sut_control_list(&sample.core, patch, count_entry, &bad) && bad)
		sut_sample_break(&sample, "an entry is a file or a function");
	sut_sample_begin(&sample);
	sut_sample_end(&sample,
		       sut_control_write(&sample.core, patch, file,
					 texts[choose(in, sizeof(texts) / sizeof(texts[0]))]));
}

static void clear(struct input *in)
{
	if (choose(in, 4) == 1)
		sut_sample_clear(&sample);
}

static void stop_if_broken(void)
{
	char text[SUT_SAMPLE_TEXT_SIZE];

	if (!sample.broken)
		return;
	sut_sample_print(&sample, text);
	fprintf(stderr, "not true: %s\ncalls: %s\nbefore:\n%safter:\n%s", sample.broken, sample.log,
		sample.before, text);
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const actions[])(struct input * in) = {
		enable,        enable,
		set_enabled,   attempt,
		attempt,       load_or_unload,
		fork_task,     live,
		live,          live,
		force,         sleep_anywhere,
		clear,         replace_structures,
		turn_a_switch, use_control_files,
	};
	struct input in = {data, size};

	sut_sample_init(&sample, choose(&in, 4) == 1);
	while (in.size) {
		actions[choose(&in, sizeof(actions) / sizeof(actions[0]))](&in);
		stop_if_broken();
	}
	sut_sample_clear(&sample);
	stop_if_broken();
	return 0;
}
