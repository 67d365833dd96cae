// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The kernel's way of switching: an attempt looks at every task that has not switched, from
 * outside, and takes over those whose stack holds nothing of the version that is left. A task at a
 * point where it cannot be inside any patched function takes itself over.
 */
#include "core/private.h"

enum { ATTEMPTS_PER_SIGNAL = 15 };

#define for_each_task(task, core)                                                                  \
	for (struct sut_task *task = (core)->tasks; task; task = task->next)

static void set_all(struct sut_core *core, int patch_state)
{
	for_each_task(task, core) {
		task->patch_state = patch_state;
		task->pending = false;
		task->reason = SUT_BLOCK_NONE;
		task->func = NULL;
	}
}

static void begin(struct sut_core *core)
{
	set_all(core, core->target == SUT_PATCHED ? SUT_UNPATCHED : SUT_PATCHED);
}

static void start(struct sut_core *core)
{
	core->attempts = 0;
	for_each_task(task, core) {
		task->pending = task->patch_state != core->target;
		task->reason = SUT_BLOCK_NONE;
		task->func = NULL;
	}
}

/* Nobody may switch to the old target while some are told of the new one. */
static void reverse(struct sut_core *core)
{
	for_each_task(task, core)
		task->pending = false;
	core->host->synchronize(core);
	start(core);
}

static void finish(struct sut_core *core)
{
	set_all(core, SUT_UNDEFINED);
}

static void take_over(struct sut_core *core, struct sut_task *task)
{
	task->patch_state = core->target;
	task->pending = false;
	task->reason = SUT_BLOCK_NONE;
	task->func = NULL;
}

static void force(struct sut_core *core)
{
	for_each_task(task, core)
		if (task->patch_state != core->target)
			take_over(core, task);
}

struct frame_check {
	const struct sut_core *core;
	const struct klp_func *func;
};

static bool check_frame(void *arg, uintptr_t address, bool pc)
{
	struct frame_check *check = arg;

	check->func = sut_core_forbidden(check->core, address, pc);
	return !check->func;
}

static void blame(struct sut_core *core, struct sut_task *task, enum sut_block_reason reason,
		  const struct klp_func *func)
{
	if (task->reason != reason || task->func != func)
		task->since = core->attempts;
	task->reason = reason;
	task->func = func;
}

static void try_task(struct sut_core *core, struct sut_task *task)
{
	struct frame_check check = {.core = core};
	enum sut_walk walk = core->task_host->walk(core, task, check_frame, &check);

	if (check.func)
		blame(core, task, SUT_BLOCK_FRAME, check.func);
	else if (walk == SUT_WALK_RUNNING)
		blame(core, task, SUT_BLOCK_RUNNING, NULL);
	else if (walk == SUT_WALK_UNRELIABLE)
		blame(core, task, SUT_BLOCK_UNRELIABLE, NULL);
	else
		take_over(core, task);
}

static bool attempt(struct sut_core *core)
{
	bool done = true;

	for_each_task(task, core) {
		if (task->patch_state != core->target)
			try_task(core, task);
		done &= task->patch_state == core->target;
	}
	if (done)
		return true;
	if (core->attempts && core->attempts % ATTEMPTS_PER_SIGNAL == 0)
		for_each_task(task, core)
			if (task->pending)
				core->task_host->signal(core, task);
	core->attempts++;
	return false;
}

const struct sut_core_switch sut_core_tasks = {
	.begin = begin,
	.start = start,
	.reverse = reverse,
	.attempt = attempt,
	.force = force,
	.finish = finish,
};

void sut_core_task_new(struct sut_core *core, struct sut_task *task, const struct sut_task *parent)
{
	struct sut_task **end = &core->tasks;

	while (*end)
		end = &(*end)->next;
	*end = task;
	task->next = NULL;
	task->patch_state = parent ? parent->patch_state : core->target;
	task->pending = parent && parent->pending;
	task->reason = SUT_BLOCK_NONE;
	task->func = NULL;
}

void sut_core_task_exit(struct sut_core *core, struct sut_task *task)
{
	struct sut_task **at = &core->tasks;

	while (*at != task)
		at = &(*at)->next;
	*at = task->next;
}

void sut_core_task_safe_point(struct sut_core *core, struct sut_task *task)
{
	if (task->pending)
		take_over(core, task);
}
