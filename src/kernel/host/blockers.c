// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who holds a transition up. The kernel knows, and keeps it to itself: a task that has not switched
 * has another patch_state, and no more is said. So its own rule is gone through again from outside
 * (klp_check_stack_func() in kernel/livepatch/transition.c): on the way to patched, code of the
 * version below blocks, which is the next older patch's or the original; on the way to unpatched,
 * the patch's own. /proc/TID/stack has names and no addresses, and sysfs no names of new functions,
 * so code of a patch is known by its module.
 */
#include "kernel/host/files.h"
#include "kernel/host/tasks.h"
#include "kernel/host/waits.h"
#include "base/guard.h"

#include <string.h>
#include <unistd.h>

static const struct sut_host_func *find_func(const struct sut_host_patch *patch, const char *object,
					     const struct sut_host_func *like)
{
	for (size_t i = 0; i < patch->object_count; i++) {
		const struct sut_host_object *o = &patch->objects[i];

		if (!o->patched || strcmp(o->name, object) != 0)
			continue;
		for (size_t k = 0; k < o->func_count; k++)
			if (strcmp(o->funcs[k].name, like->name) == 0 &&
			    o->funcs[k].sympos == like->sympos)
				return &o->funcs[k];
	}
	return NULL;
}

/* The patch whose version of a function is left when `moving` comes over it; NULL: the original. */
static const struct sut_host_patch *patch_below(const struct sut_host_state *state,
						const char *object,
						const struct sut_host_func *func)
{
	for (const struct sut_host_patch *p = state->moving + 1;
	     p < state->patches + state->patch_count; p++)
		if (p->enabled && find_func(p, object, func))
			return p;
	return NULL;
}

/*
 * Whether a frame is code that is left by patching this function: the original's, or that of the
 * patch `holder` whose module the frame lies in.
 */
static bool is_left(const struct sut_host_state *state, const struct sut_host_object *object,
		    const struct sut_host_func *func, const struct sut_host_frame *frame,
		    const struct sut_host_patch *holder)
{
	const char *module = strcmp(object->name, "vmlinux") == 0 ? "" : object->name;

	if (!holder && (strcmp(frame->module, module) != 0 || strcmp(frame->name, func->name) != 0))
		return false;
	return patch_below(state, object->name, func) == holder;
}

static bool blocks(const struct sut_host_state *state, const struct sut_host_frame *frame,
		   const char **version)
{
	const struct sut_host_patch *moving = state->moving;
	const struct sut_host_patch *holder = sut_host_patch_find(state, frame->module);

	*version = holder ? holder->name : "";
	if (!moving->enabled)
		return holder == moving;
	for (size_t i = 0; i < moving->object_count; i++)
		for (size_t k = 0; moving->objects[i].patched && k < moving->objects[i].func_count;
		     k++)
			if (is_left(state, &moving->objects[i], &moving->objects[i].funcs[k], frame,
				    holder))
				return true;
	return false;
}

static void look_at_stack(const struct sut_host_state *state, struct sut_host_blocker *b)
{
	for (size_t i = 0; i < b->frame_count; i++) {
		struct sut_host_frame *frame = &b->frames[i];
		const char *version;

		frame->blocks = blocks(state, frame, &version);
		if (!frame->blocks)
			continue;
		b->main = b->kthread && i + 1 < b->frame_count &&
			  strcmp(b->frames[i + 1].name, "kthread") == 0;
		if (b->reason == SUT_HOST_ASLEEP)
			continue;
		b->reason = SUT_HOST_ASLEEP;
		b->function = frame->name;
		b->module = frame->module;
		b->version = version;
	}
}

/* A task has been blocking since the transition began, or since it was forked. */
static double since(const struct sut_host *host, const struct sut_host_state *state,
		    const struct sut_host_stat *stat)
{
	double age = (double)host->calls->now(host->context) / 1e9 -
		     (double)stat->start / (double)sysconf(_SC_CLK_TCK);

	return age >= 0 && age < state->transition_s ? age : state->transition_s;
}

/* false: the task is gone. */
static bool look_at(const struct sut_host *host, struct sut_arena *arena,
		    const struct sut_host_state *state, const struct sut_host_task *task,
		    struct sut_host_blocker *b)
{
	char *text = sut_host_text(host, arena, "/proc/%d/stat", task->tid);
	char *stack = sut_host_text(host, arena, "/proc/%d/stack", task->tid);
	char *syscall = sut_host_text(host, arena, "/proc/%d/syscall", task->tid);
	struct sut_host_stat stat;

	if (!text || !sut_host_stat_parse(text, &stat))
		return false;
	*b = (struct sut_host_blocker){
		.tid = task->tid,
		.pid = task->pid,
		.comm = sut_arena_strdup(arena, stat.comm),
		.state = stat.state,
		.cpu = stat.cpu,
		.kthread = stat.flags & SUT_HOST_PF_KTHREAD,
		.reason = stat.state == 'R' ? SUT_HOST_RUNNING : SUT_HOST_UNSEEN,
		.function = "",
		.module = "",
		.version = "",
		.since_s = since(host, state, &stat),
	};
	if (stack)
		b->frames = sut_host_stack_parse(arena, stack, &b->frame_count);
	look_at_stack(state, b);
	b->waits = syscall && !b->kthread ? sut_host_waits(host, arena, task->tid, syscall) : "";
	b->remedy = sut_host_remedy(arena, b, state);
	return true;
}

/* Whether the task went over while it was looked at. */
static bool went_over(const struct sut_host *host, const struct sut_host_state *state, pid_t tid)
{
	return sut_host_number(host, -1, "/proc/%d/patch_state", tid) != !state->moving->enabled;
}

void sut_host_blockers_read(const struct sut_host *host, struct sut_arena *arena,
			    const struct sut_host_state *state, size_t max,
			    struct sut_host_blockers *blockers)
{
	struct sut_host_task *tasks = sut_arena_array(arena, max, sizeof(tasks[0]));
	size_t all, pending;

	*blockers = (struct sut_host_blockers){0};
	if (!state->moving)
		return;
	sut_host_tasks_read(host, arena, !state->moving->enabled, tasks, max, &all, &pending);
	blockers->list = sut_arena_array(arena, max, sizeof(blockers->list[0]));
	for (size_t i = 0; i < pending && i < max; i++)
		if (look_at(host, arena, state, &tasks[i], &blockers->list[blockers->count]) &&
		    !went_over(host, state, tasks[i].tid))
			blockers->count++;
}

void sut_host_sleepers_read(const struct sut_host *host, struct sut_arena *arena,
			    const struct sut_host_state *state, struct sut_host_blockers *blockers)
{
	enum { TASKS_MAX = 1 << 16, REST = -1 /* patch_state where nothing is in transition */ };
	SUT_ARENA struct sut_arena list = {0};
	struct sut_host_task *tasks = sut_arena_array(&list, TASKS_MAX, sizeof(tasks[0]));
	size_t all, count, capacity = 0;

	*blockers = (struct sut_host_blockers){0};
	sut_host_tasks_read(host, &list, REST, tasks, TASKS_MAX, &all, &count);
	for (size_t i = 0; i < count && i < TASKS_MAX; i++) {
		/* Most stacks are of no interest. */
		SUT_ARENA struct sut_arena scratch = {0};
		struct sut_host_blocker b;

		if (look_at(host, &scratch, state, &tasks[i], &b) && b.reason == SUT_HOST_ASLEEP &&
		    look_at(host, arena, state, &tasks[i], &b) && b.reason == SUT_HOST_ASLEEP)
			SUT_PUSH(arena, blockers->list, blockers->count, capacity) = b;
	}
}
