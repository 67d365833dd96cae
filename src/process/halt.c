// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Interrupting a sleeping thread shows in some system calls, so one that sleeps is only looked at:
 * when it wakes, the scheduler's counters tell, and what was read is void. New threads come only
 * from threads that run; so when everybody on a list that was read last is stopped or asleep, there
 * are no others.
 *
 * vfork's child runs in the memory of a parent that sleeps all the time: then nothing can be said.
 */
#include "process/halt.h"
#include "process/trace.h"
#include "base/io.h"

#include <errno.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROUNDS_MAX = 16, LATE_TRIES = 200, LATE_PAUSE_US = 50 };

static enum sut_rc not_now(struct sut_halt *halt, pid_t tid, const char *why, struct sut_diag *diag)
{
	halt->blamed = tid;
	halt->blame = why;
	sut_fail(diag, SUT_RETRY, "pause", "process %d (%s): thread %d %s",
		 halt->runtime->target->pid, halt->runtime->target->name, tid, why);
	sut_remedy(diag, "Try again; with --max-pause a longer stop can be allowed.");
	return SUT_RETRY;
}

uint64_t sut_halt_left(const struct sut_halt *halt)
{
	uint64_t passed = halt->since_ns ? sut_now_ns() - halt->since_ns : 0;

	return passed < halt->max_ns ? halt->max_ns - passed : 0;
}

/* By what the program would notice of it. */
static bool may_interrupt(struct sut_halt *halt, pid_t tid, const struct sut_thread_state *state)
{
	enum sut_disturb class = sut_disturb_class(halt->runtime->target, state);
	struct sut_watch *watch = &halt->runtime->watch;

	switch (class) {
	case SUT_DISTURB_RUNNING:
		return true;
	case SUT_DISTURB_NOTHING:
		return halt->depth != SUT_HALT_LOOK;
	case SUT_DISTURB_RESTART:
		return halt->depth == SUT_HALT_ALL;
	case SUT_DISTURB_TIMEOUT:
		return halt->depth == SUT_HALT_ALL && sut_watch_look(watch, tid, state, true);
	case SUT_DISTURB_UNKNOWN:
	case SUT_DISTURB_RESULT:
		break;
	}
	return false;
}

static enum sut_rc interrupt(struct sut_halt *halt, struct sut_halt_thread *t,
			     struct sut_diag *diag)
{
	if (!sut_trace_seize(t->tid))
		return errno == ESRCH ? SUT_OK : not_now(halt, t->tid, "cannot be traced", diag);
	if (!halt->since_ns)
		halt->since_ns = sut_now_ns();
	t->asked = ptrace(PTRACE_INTERRUPT, t->tid, 0, 0) == 0;
	sut_watch_stopped(&halt->runtime->watch, t->tid);
	halt->count++;
	return SUT_OK;
}

/* A thread on the list; one that is gone, or is no thread of the program's, is not kept. */
static enum sut_rc take(struct sut_halt *halt, pid_t tid, struct sut_diag *diag)
{
	struct sut_halt_thread *t = &halt->threads[halt->count];

	*t = (struct sut_halt_thread){.tid = tid};
	sut_thread_state(halt->runtime->target, tid, &t->state);
	if (t->state.activity == SUT_THREAD_GONE ||
	    sut_thread_is_helper(halt->runtime->target, tid))
		return SUT_OK;
	if (sut_thread_lends_memory(&t->state))
		return not_now(halt, tid, "makes a process that still runs in its memory", diag);
	if (may_interrupt(halt, tid, &t->state))
		return interrupt(halt, t, diag);
	if (halt->depth == SUT_HALT_ALL || t->state.activity != SUT_THREAD_ASLEEP)
		return not_now(halt, tid,
			       t->state.activity == SUT_THREAD_ASLEEP
				       ? "sleeps in a system call that must not be interrupted"
				       : "is held outside a system call",
			       diag);
	t->sp = t->state.sp;
	t->pc = t->state.pc;
	halt->count++;
	return SUT_OK;
}

static bool is_taken(const struct sut_halt *halt, pid_t tid)
{
	for (size_t i = 0; i < halt->count; i++)
		if (halt->threads[i].tid == tid)
			return true;
	return false;
}

/* true: it is stopped, or gone. */
static bool has_stopped(struct sut_halt_thread *t)
{
	pid_t got = sut_trace_wait(t->tid, &t->status);

	if (got == 0)
		return false;
	t->asked = false;
	t->stopped = got == t->tid && WIFSTOPPED(t->status);
	t->gone = !t->stopped;
	if (t->stopped && !sut_trace_registers(t->tid, &t->registers))
		t->registers = (struct user_regs_struct){0};
	t->sp = t->registers.rsp;
	t->pc = t->registers.rip;
	return true;
}

static enum sut_rc wait_for_stops(struct sut_halt *halt, struct sut_diag *diag)
{
	for (size_t i = 0; i < halt->count; i++)
		for (unsigned int turn = 0; halt->threads[i].asked; turn++) {
			if (has_stopped(&halt->threads[i]))
				break;
			if (!sut_halt_left(halt))
				return not_now(halt, halt->threads[i].tid, "did not stop in time",
					       diag);
			if (turn < 100)
				sched_yield();
			else
				usleep(20);
		}
	return SUT_OK;
}

/* Whoever is new on the list. *fresh: how many. */
static enum sut_rc take_all(struct sut_halt *halt, size_t *fresh, struct sut_diag *diag)
{
	struct sut_thread_list list;
	enum sut_rc rc = sut_thread_list(halt->runtime->target, halt->arena, &list, diag);

	*fresh = 0;
	if (rc == SUT_OK && halt->capacity < list.count + halt->count + 1) {
		size_t more = 2 * (list.count + halt->count) + 64;
		struct sut_halt_thread *threads =
			sut_arena_array(halt->arena, more, sizeof(*threads));

		for (size_t i = 0; i < halt->count; i++)
			threads[i] = halt->threads[i];
		halt->threads = threads;
		halt->capacity = more;
	}
	for (size_t i = 0; i < list.count && rc == SUT_OK; i++) {
		size_t before = halt->count;

		if (is_taken(halt, list.tids[i]))
			continue;
		rc = take(halt, list.tids[i], diag);
		*fresh += halt->count - before;
	}
	return rc;
}

enum sut_rc sut_halt_begin(struct sut_halt *halt, struct sut_diag *diag)
{
	enum sut_rc rc = SUT_OK;
	size_t fresh = 1;

	halt->since_ns = 0;
	halt->count = 0;
	sut_pace_hold(halt->runtime->target->pace, true);
	sut_trace_release_late(halt->runtime->target->tasks);
	for (int round = 0; rc == SUT_OK && fresh; round++) {
		rc = take_all(halt, &fresh, diag);
		if (rc == SUT_OK)
			rc = wait_for_stops(halt, diag);
		if (rc == SUT_OK && fresh && (round == ROUNDS_MAX || !sut_halt_left(halt)))
			rc = not_now(halt, halt->threads[halt->count - 1].tid,
				     "came when the others had stopped, and others before it",
				     diag);
	}
	if (rc != SUT_OK)
		sut_halt_end(halt);
	return rc;
}

static bool is_no_matter(const struct sut_halt *halt, pid_t tid)
{
	struct sut_thread_state state;

	sut_thread_state(halt->runtime->target, tid, &state);
	return state.activity == SUT_THREAD_GONE ||
	       sut_thread_is_helper(halt->runtime->target, tid);
}

bool sut_halt_held(struct sut_halt *halt)
{
	struct sut_diag ignored = {0};
	struct sut_thread_list list;

	if (sut_thread_list(halt->runtime->target, halt->arena, &list, &ignored) != SUT_OK)
		return false;
	for (size_t i = 0; i < list.count; i++)
		if (!is_taken(halt, list.tids[i]) && !is_no_matter(halt, list.tids[i]))
			return false;
	for (size_t i = 0; i < halt->count; i++) {
		const struct sut_halt_thread *t = &halt->threads[i];

		if (!t->stopped && !t->gone &&
		    !sut_thread_slept(halt->runtime->target, t->tid, &t->state))
			return false;
	}
	return true;
}

void sut_halt_end(struct sut_halt *halt)
{
	int tasks = halt->runtime->target->tasks;
	uint64_t passed;

	for (size_t i = 0; i < halt->count; i++) {
		const struct sut_halt_thread *t = &halt->threads[i];

		if (t->stopped)
			sut_trace_end(t->tid, t->status);
		else if (t->asked)
			sut_trace_leave(t->tid);
	}
	/* Mostly they stop in the next moment. */
	for (int i = 0; i < LATE_TRIES && sut_trace_release_late(tasks); i++)
		usleep(LATE_PAUSE_US);
	halt->count = 0;
	sut_pace_hold(halt->runtime->target->pace, false);
	if (!halt->since_ns)
		return;
	passed = sut_now_ns() - halt->since_ns;
	halt->runtime->cost.halts++;
	if (passed > halt->runtime->cost.pause_ns_max)
		halt->runtime->cost.pause_ns_max = passed;
}
