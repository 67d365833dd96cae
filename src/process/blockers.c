// SPDX-License-Identifier: GPL-2.0-or-later
#include "process/blockers.h"
#include "base/guard.h"
#include "base/syscalls.h"
#include "process/memory.h"
#include "process/stacks.h"
#include "process/symbol.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

struct explaining {
	struct sut_arena *arena;
	const struct sut_state *state;
	struct sut_target target;
	struct sut_runtime runtime;
	struct sut_memory memory;
	struct sut_unwind unwind;
};

/* The patch and function whose new code the address is in. */
static bool find_new_code(const struct explaining *e, uint64_t pc, struct sut_stack_frame *frame)
{
	for (size_t i = 0; i < e->state->patch_count; i++) {
		const struct sut_state_patch *patch = &e->state->patches[i];
		const struct sut_memory_patch *memory = sut_memory_find(&e->memory, patch->name);

		for (size_t k = 0; memory && k < memory->record.func_count && k < patch->func_count;
		     k++) {
			const struct sut_rt_func *func = &memory->funcs[k];

			if (pc - func->code >= func->code_size)
				continue;
			frame->function = patch->funcs[k].name;
			frame->offset = pc - func->code;
			frame->patch = patch->name;
			return true;
		}
	}
	return false;
}

static void name_frame(const struct explaining *e, const struct sut_frame *from,
		       struct sut_stack_frame *to)
{
	struct sut_symbol_name name;

	*to = (struct sut_stack_frame){
		.pc = from->pc,
		.object = from->object ? sut_arena_strdup(e->arena, from->object->name) : "",
		.function = "",
		.source = "",
		.patch = "",
	};
	if (find_new_code(e, from->pc, to))
		return;
	name = sut_symbol_find(e->arena, from->object, from->pc);
	to->function = name.function;
	to->offset = name.offset;
	to->source = name.source;
}

static void read_stack(const struct explaining *e, const struct sut_thread_state *thread,
		       struct sut_explained *x)
{
	struct sut_frames frames;
	enum sut_unwind_end end = sut_unwind_asleep(&e->unwind, &e->runtime.layout, x->blocker.tid,
						    thread->pc, thread->sp, &frames);

	if (!sut_thread_slept(&e->target, x->blocker.tid, thread))
		return;
	x->complete = end == SUT_UNWIND_OUTERMOST;
	x->frame_count = frames.count;
	x->frames = sut_arena_array(e->arena, frames.count, sizeof(*x->frames));
	for (size_t i = 0; i < frames.count; i++)
		name_frame(e, &frames.frame[i], &x->frames[i]);
}

static const char *describe_call(const struct explaining *e, pid_t tid,
				 const struct sut_thread_state *thread)
{
	bool has_descriptor;
	const char *name = sut_syscall_name(thread->syscall, &has_descriptor), *first;
	char path[64], link[256];
	ssize_t length;
	long descriptor;

	if (!name)
		return sut_arena_printf(e->arena, "system call %ld", thread->syscall);
	first = strchr(thread->raw, ' ');
	if (!has_descriptor || !first)
		return name;
	descriptor = strtol(first, NULL, 0);
	snprintf(path, sizeof(path), "%d/fd/%ld", (int)tid, descriptor);
	length = readlinkat(e->target.tasks, path, link, sizeof(link) - 1);
	if (length < 0)
		return sut_arena_printf(e->arena, "%s of %ld", name, descriptor);
	link[length] = '\0';
	return sut_arena_printf(e->arena, "%s of %ld (%s)", name, descriptor, link);
}

/* What ends the waiting of a thread that sleeps in this call. */
static const char *what_ends(long syscall)
{
	static const struct {
		long syscall;
		const char *event;
	} events[] = {
		{SYS_futex, "when another thread wakes it"},
		{SYS_nanosleep, "by itself, when its time is over"},
		{SYS_clock_nanosleep, "by itself, when its time is over"},
		{SYS_poll, "with an event on one of its descriptors, or its timeout"},
		{SYS_ppoll, "with an event on one of its descriptors, or its timeout"},
		{SYS_select, "with an event on one of its descriptors, or its timeout"},
		{SYS_pselect6, "with an event on one of its descriptors, or its timeout"},
		{SYS_epoll_wait, "with an event on one of its descriptors, or its timeout"},
		{SYS_epoll_pwait, "with an event on one of its descriptors, or its timeout"},
		{SYS_accept, "with the next connection"},
		{SYS_accept4, "with the next connection"},
		{SYS_wait4, "when a child of it ends"},
		{SYS_waitid, "when a child of it ends"},
		{SYS_pause, "with a signal that the program handles"},
		{SYS_rt_sigsuspend, "with a signal that the program handles"},
		{SYS_rt_sigtimedwait, "with a signal that the program waits for"},
		{SYS_flock, "when whoever holds the lock lets it go"},
	};
	bool has_descriptor;

	for (size_t i = 0; i < SUT_ARRAY_SIZE(events); i++)
		if (events[i].syscall == syscall)
			return events[i].event;
	return sut_syscall_name(syscall, &has_descriptor) && has_descriptor
		       ? "when the other side of that descriptor answers"
		       : "";
}

static const char *remedy(const struct explaining *e, const struct sut_explained *x)
{
	const struct sut_blocker *b = &x->blocker;
	const char *function = *b->function ? b->function : "the function", *event;

	if (x->state == 'T')
		return sut_arena_printf(e->arena, "it is stopped; let it go on: kill -CONT %d",
					e->target.pid);
	if (x->state == 't')
		return "a debugger holds it; let it go on there";
	switch (b->look) {
	case SUT_LOOK_RUNNING:
		return "it goes over at its next call of a changed function; the next `suture "
		       "apply` or `revert` looks at it";
	case SUT_LOOK_FOREIGN:
		return "it runs on a stack that is no thread's own; it goes over when it is back "
		       "on "
		       "its own stack";
	case SUT_LOOK_CARVED:
		return "a coroutine's stack lies in a frame of its own stack; it goes over when "
		       "the function with that frame has returned";
	case SUT_LOOK_LENT:
		return "it goes over when the process that it made has executed a program, or "
		       "ended";
	case SUT_LOOK_FAULT:
		return "it goes over when the memory that it waits for is there";
	case SUT_LOOK_FRAME:
	case SUT_LOOK_INSIDE:
		break;
	case SUT_LOOK_SWITCHED:
	case SUT_LOOK_CLEAN:
	case SUT_LOOK_GONE:
		return "it blocks no more";
	}
	event = what_ends(b->syscall);
	return sut_arena_printf(e->arena,
				"it goes over when it has returned from %s%s%s; if it never does, "
				"the transition stays open, and what runs is consistent",
				function, *event ? ": its waiting ends " : "", event);
}

static void explain(const struct explaining *e, const struct sut_blocker *blocker,
		    struct sut_explained *x)
{
	struct sut_thread_state thread;
	char path[64], text[1024];
	const char *end;

	*x = (struct sut_explained){.blocker = *blocker, .state = '?', .waits = ""};
	snprintf(path, sizeof(path), "%d/stat", (int)blocker->tid);
	if (sut_proc_read(e->target.tasks, path, text, sizeof(text)) > 0 &&
	    (end = strrchr(text, ')')) && end[1] == ' ')
		x->state = end[2];
	snprintf(path, sizeof(path), "%d/comm", (int)blocker->tid);
	if (sut_proc_read(e->target.tasks, path, text, sizeof(text)) > 0)
		snprintf(x->comm, sizeof(x->comm), "%.*s", (int)strcspn(text, "\n"), text);
	sut_thread_state(&e->target, blocker->tid, &thread);
	if (thread.activity == SUT_THREAD_ASLEEP || thread.activity == SUT_THREAD_FAULT) {
		if (thread.activity == SUT_THREAD_ASLEEP)
			x->waits = describe_call(e, blocker->tid, &thread);
		read_stack(e, &thread, x);
	}
	x->remedy = remedy(e, x);
}

/* Where stacks are switched, what the threads' own do not show. */
static enum sut_rc explain_word(struct explaining *e, struct sut_explained_word **word,
				struct sut_diag *diag)
{
	const uint64_t transition = e->memory.control.transition;
	struct sut_looker looker;
	struct sut_stacks_view view = {.found = SUT_STACKS_UNSURE};
	struct sut_explained_word *x;
	const struct sut_map *map;
	struct sut_frame frame;
	enum sut_rc rc = SUT_OK;

	if (!transition || e->state->blockers.count)
		return SUT_OK;
	rc = sut_looker_init(&looker, &e->runtime, transition, e->arena, diag);
	if (rc == SUT_OK && (looker.t.per_stack || looker.t.foreign))
		rc = sut_stacks_search(&looker, &view, diag);
	if (rc != SUT_OK || view.found != SUT_STACKS_HELD)
		return rc;
	*word = x = sut_arena_alloc(e->arena, sizeof(*x));
	/* A return address may be the end of the function: it is within its call. */
	frame = (struct sut_frame){.pc = view.word - 1};
	for (size_t i = 0; i < e->unwind.count; i++)
		if (view.word - e->unwind.objects[i].low <
		    e->unwind.objects[i].high - e->unwind.objects[i].low)
			frame.object = &e->unwind.objects[i];
	x->address = view.address;
	name_frame(e, &frame, &x->frame);
	map = sut_target_map(&e->target, view.address);
	x->mapping =
		map && *map->path ? sut_arena_strdup(e->arena, map->path) : "memory without a name";
	x->map_start = map ? map->start : 0;
	x->map_end = map ? map->end : 0;
	x->remedy = sut_arena_printf(
		e->arena,
		"it is on no thread's own stack: a suspended stack that goes over when it is "
		"resumed and has returned from %s, or a word left over there, which is gone when "
		"that memory is used again or given back; until then the transition stays open, "
		"and what runs is consistent",
		*x->frame.function ? x->frame.function : "the function");
	return SUT_OK;
}

enum sut_rc sut_blockers_explain(struct sut_arena *arena, const struct sut_state *state,
				 struct sut_explained **list, struct sut_explained_word **word,
				 struct sut_diag *diag)
{
	struct explaining e = {.arena = arena, .state = state};
	enum sut_rc rc = sut_target_open(state->pid, false, &e.target, diag);

	*word = NULL;
	if (rc == SUT_OK)
		rc = sut_runtime_find(&e.target, &e.runtime, diag);
	if (rc == SUT_OK)
		rc = sut_memory_read(&e.runtime, arena, &e.memory, diag);
	if (rc == SUT_OK) {
		sut_unwind_open(&e.target, &e.unwind);
		*list = sut_arena_array(arena, state->blockers.count, sizeof(**list));
		for (size_t i = 0; i < state->blockers.count; i++)
			explain(&e, &state->blockers.list[i], &(*list)[i]);
		rc = explain_word(&e, word, diag);
		sut_unwind_close(&e.unwind);
	}
	return sut_target_leave(&e.target, rc, diag);
}
