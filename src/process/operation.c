// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sending operations into a thread of the target: a frame is filled, the thread's registers are
 * changed once, and from there on it does the work and goes back by itself.
 */
#include "process/borrow.h"
#include "process/calls.h"
#include "process/trace.h"
#include "base/io.h"

#include <string.h>

static uint64_t frame_address(const struct sut_runtime *runtime, unsigned int i)
{
	return runtime->control + SUT_RT_CONTROL_SIZE + (uint64_t)i * SUT_RT_FRAME_SIZE;
}

static bool thread_is_gone(const struct sut_runtime *runtime, pid_t tid)
{
	struct sut_thread_state state;

	sut_thread_state(runtime->target, tid, &state);
	return state.activity == SUT_THREAD_GONE;
}

/* An operation that a dead controller left: over, or never begun? */
static bool frame_settled(struct sut_runtime *runtime, uint64_t address, bool may_stop)
{
	uint64_t text_end = runtime->text + runtime->header.size;
	struct sut_rt_frame frame;
	uint64_t state = SUT_RT_FRAME_FREE;

	if (!sut_target_read(runtime->target, address, &frame, sizeof(frame)))
		return true;
	if (frame.state == SUT_RT_FRAME_FREE || frame.state == SUT_RT_FRAME_DONE)
		return true;
	/* In the child of a fork: its thread was another process's. */
	if (frame.state == SUT_RT_FRAME_RUNNING)
		return thread_is_gone(runtime, (pid_t)frame.tid);
	if (!sut_borrow_left(runtime, (pid_t)frame.tid, runtime->text, text_end, may_stop))
		return false;
	/* READY, and its thread sleeps elsewhere: the registers were never changed. */
	return sut_target_write(runtime->target, address, &state, sizeof(state));
}

enum sut_rc sut_runtime_settle(struct sut_runtime *runtime, struct sut_diag *diag)
{
	uint64_t start = sut_now_ns();

	if (!runtime->placed)
		return SUT_OK;
	for (unsigned int i = 0; i < SUT_RT_FRAME_COUNT; i++)
		for (unsigned int turn = 0;
		     !frame_settled(runtime, frame_address(runtime, i), turn > SUT_BORROW_PATIENCE);
		     turn++) {
			if (!sut_borrow_wait(start, SUT_BORROW_WAIT_NS, turn)) {
				sut_fail(diag, SUT_RETRY, "busy",
					 "process %d (%s): an earlier suture's operation has not "
					 "ended in one of its threads",
					 runtime->target->pid, runtime->target->name);
				sut_remedy(diag, "Try again.");
				return SUT_RETRY;
			}
		}
	return SUT_OK;
}

/* May this frame be used, given that `stopped` is, outside of the run-time? */
static bool frame_usable(struct sut_runtime *runtime, uint64_t address,
			 const struct sut_stopped *stopped)
{
	uint64_t text_end = runtime->text + runtime->header.size;
	struct sut_rt_frame frame;

	if (!sut_target_read(runtime->target, address, &frame, sizeof(frame)))
		return false;
	if (frame.state == SUT_RT_FRAME_FREE)
		return true;
	if (frame.state == SUT_RT_FRAME_RUNNING)
		return false;
	if ((pid_t)frame.tid == stopped->tid)
		return true;
	return sut_borrow_left(runtime, (pid_t)frame.tid, runtime->text, text_end, false);
}

/* Which thread may take an operation, and what came of asking. */
struct choice {
	uint64_t frame;          /* the one that it will use, or 0 */
	struct sut_calls *calls; /* not NULL: the thread must be able to call anything */
};

/* A thread on its way out of the run-time is no candidate, and without a frame nobody is. */
static bool accept_thread(struct sut_runtime *runtime, const struct sut_stopped *stopped,
			  void *context)
{
	struct choice *choice = context;

	if (!sut_borrow_outside(runtime->target, stopped->pc, stopped->sp, runtime->text,
				runtime->text + runtime->header.size) ||
	    !sut_borrow_past_stub(runtime, stopped) ||
	    (choice->calls && !sut_calls_safe(runtime, stopped, choice->calls)))
		return false;
	for (unsigned int i = 0; i < SUT_RT_FRAME_COUNT && !choice->frame; i++)
		if (frame_usable(runtime, frame_address(runtime, i), stopped))
			choice->frame = frame_address(runtime, i);
	return choice->frame != 0;
}

static enum sut_rc wait_frame(struct sut_runtime *runtime, const struct sut_stopped *stopped,
			      uint64_t address, uint64_t wait_ns, int64_t *result,
			      struct sut_diag *diag)
{
	unsigned int turn = 0;

	do {
		struct sut_rt_frame frame;

		if (!sut_target_read(runtime->target, address, &frame,
				     offsetof(struct sut_rt_frame, maps)))
			return sut_target_lost(runtime->target, diag);
		if (frame.state == SUT_RT_FRAME_DONE) {
			sut_borrow_note(runtime, stopped, frame.finished_ns);
			*result = frame.result;
			return SUT_OK;
		}
		sut_trace_release_late(runtime->target->tasks);
	} while (sut_borrow_wait(stopped->since_ns, wait_ns, turn++));
	sut_fail(diag, SUT_RETRY, "thread",
		 "process %d (%s): thread %d has not finished our operation for %.1f s",
		 runtime->target->pid, runtime->target->name, stopped->tid, (double)wait_ns / 1e9);
	sut_remedy(diag,
		   "The machine may be overloaded, the process frozen, or a callback of the patch "
		   "does not return; `suture status pid:%d` shows what became of it.",
		   runtime->target->pid);
	return SUT_RETRY;
}

/* A stopped thread that takes it, and its frame. */
static enum sut_rc find_thread(struct sut_runtime *runtime, struct choice *choice, uint64_t wait_ns,
			       struct sut_stopped *stopped, struct sut_diag *diag)
{
	/* For callbacks: threads leave the C library again and again. */
	enum sut_rc rc = sut_stop_within(runtime, choice->calls ? 0 : runtime->last, accept_thread,
					 choice, wait_ns, stopped, diag);

	return rc == SUT_RETRY && choice->calls ? sut_calls_refuse(choice->calls, diag) : rc;
}

static enum sut_rc send_frame(struct sut_runtime *runtime, const struct sut_stopped *stopped,
			      uint64_t at, struct sut_rt_frame *frame, struct sut_diag *diag)
{
	struct sut_target *target = runtime->target;
	enum sut_rc rc;

	frame->tid = (uint64_t)stopped->tid;
	frame->sigmask = stopped->sigmask;
	frame->iret = sut_borrow_iret(stopped);
	frame->save = at + SUT_RT_FRAME_SIZE - sizeof(struct sut_rt_save);
	if (sut_target_write(target, frame->iret, &stopped->save.rip, SUT_IRET_SIZE) &&
	    sut_target_write(target, frame->save, &stopped->save, sizeof(stopped->save)) &&
	    sut_target_write(target, at, frame, sizeof(*frame)))
		return sut_send(stopped, runtime->text + runtime->header.enter, at, frame->save,
				diag);
	rc = sut_target_lost(target, diag);
	sut_resume(stopped);
	return rc;
}

static enum sut_rc run(struct sut_runtime *runtime, struct choice *choice, uint64_t wait_ns,
		       struct sut_rt_frame *frame, int64_t *result, struct sut_diag *diag)
{
	struct sut_stopped stopped;
	enum sut_rc rc =
		find_thread(runtime, choice, choice->calls ? wait_ns : runtime->patience_ns,
			    &stopped, diag);

	if (rc == SUT_OK)
		rc = send_frame(runtime, &stopped, choice->frame, frame, diag);
	if (rc == SUT_OK)
		rc = wait_frame(runtime, &stopped, choice->frame,
				wait_ns < SUT_BORROW_WAIT_NS ? SUT_BORROW_WAIT_NS : wait_ns, result,
				diag);
	return rc;
}

/* In a thread that can call anything of the program. */
static enum sut_rc run_calls(struct sut_runtime *runtime, uint64_t wait_ns,
			     struct sut_rt_frame *frame, int64_t *result, struct sut_diag *diag)
{
	SUT_CALLS struct sut_calls calls = {0};
	struct choice choice = {.calls = &calls};
	enum sut_rc rc = sut_target_refresh(runtime->target, diag);

	if (rc == SUT_OK)
		rc = sut_calls_init(runtime, &calls, diag);
	if (rc != SUT_OK)
		return rc;
	frame->errno_location = calls.errno_location;
	return run(runtime, &choice, wait_ns, frame, result, diag);
}

enum sut_rc sut_runtime_run(struct sut_runtime *runtime, const struct sut_runtime_op *op,
			    int64_t *result, struct sut_diag *diag)
{
	struct choice choice = {0};
	struct sut_rt_frame frame = {
		.state = SUT_RT_FRAME_READY,
		.op = op->op,
		.argument = op->argument,
		.count = op->map_count,
		.expect = op->expect,
		.calls = op->calls,
		.control = runtime->control,
	};

	if (op->map_count > SUT_RT_FRAME_MAPS)
		return sut_fail(diag, SUT_BUG, NULL, "more maps than a frame holds");
	if (op->map_count)
		memcpy(frame.maps, op->maps, op->map_count * sizeof(frame.maps[0]));
	if (op->calls)
		return run_calls(runtime, op->wait_ns, &frame, result, diag);
	return run(runtime, &choice, SUT_BORROW_WAIT_NS, &frame, result, diag);
}
