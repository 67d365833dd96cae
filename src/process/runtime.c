// SPDX-License-Identifier: GPL-2.0-or-later
#include "process/runtime.h"
#include "process/enter.h"
#include "base/guard.h"
#include "base/io.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

/* stub.S: the code, and the part that is filled in. */
extern const unsigned char sut_stub[], sut_stub_data[], sut_stub_end[];

struct stub_data {
	struct sut_rt_map maps[2];
	uint64_t iret; /* address of the iretq frame on the thread's stack */
	uint64_t sigmask;
	uint64_t regs[15];
	uint64_t tid; /* of the thread that it was made for */
};

enum {
	STUB_MAX = 1024,
	RED_ZONE = 128,
	IRET_SIZE = 5 * 8,
	OPERATION_WAIT_NS = 2000 * 1000 * 1000,
	STACK_LOOK = 16 * 1024,
	PATIENCE = 20, /* looks at a thread before it is stopped for one */
};

static const uint64_t stub_pending = UINT64_C(0x5354554250454e44);

enum sut_rc sut_runtime_control(const struct sut_runtime *runtime, struct sut_rt_control *control,
				struct sut_diag *diag)
{
	if (!runtime->placed) {
		*control = runtime->initial;
		return SUT_OK;
	}
	if (sut_target_read(runtime->target, runtime->control, control, sizeof(*control)) &&
	    control->magic == SUT_RT_MAGIC && control->version == SUT_RT_VERSION &&
	    control->text == runtime->text)
		return SUT_OK;
	return sut_target_damaged(runtime->target, "the run-time's control block", diag);
}

static enum sut_rc no_room(const struct sut_target *target, const char *what, struct sut_diag *diag)
{
	sut_fail(diag, SUT_UNSUPPORTED, "room", "process %d (%s): %s", target->pid, target->name,
		 what);
	sut_remedy(diag, "Its address space is unusually full; restart it instead.");
	return SUT_UNSUPPORTED;
}

/* Address and first contents of a run-time that is not there yet. */
static enum sut_rc choose_place(struct sut_runtime *runtime, struct sut_diag *diag)
{
	struct sut_target *target = runtime->target;
	const struct sut_object *near = &target->objects[0];
	uint64_t size = SUT_RT_TEXT_SIZE + SUT_RT_DATA_SIZE;
	struct timespec now;

	runtime->text = sut_target_hole(target, near->low, near->high, size);
	if (!runtime->text)
		return no_room(target, "there is no room for the run-time near the program", diag);
	sut_target_reserve(target, runtime->text, runtime->text + size);
	memcpy(&runtime->header, sut_rt_blob, sizeof(runtime->header));
	runtime->control = runtime->header.control = runtime->text + SUT_RT_TEXT_SIZE;
	/* Threads hold marks of an earlier life only by accident; a start from the clock avoids
	 * them. */
	clock_gettime(CLOCK_REALTIME, &now);
	runtime->initial = (struct sut_rt_control){
		.magic = SUT_RT_MAGIC,
		.version = SUT_RT_VERSION,
		.mark_next = ((uint32_t)now.tv_sec << 8 | 0x100) & ~1u,
		.text = runtime->text,
	};
	return SUT_OK;
}

/* Is this map the run-time? */
static bool is_runtime(const struct sut_target *target, const struct sut_map *map,
		       struct sut_rt_header *header, struct sut_rt_control *control)
{
	return map->read && map->exec && !map->write && !map->shared && !map->inode &&
	       map->path[0] == '\0' &&
	       sut_target_read(target, map->start, header, sizeof(*header)) &&
	       header->magic == SUT_RT_MAGIC &&
	       sut_target_read(target, header->control, control, sizeof(*control)) &&
	       control->magic == SUT_RT_MAGIC;
}

bool sut_runtime_present(const struct sut_target *target)
{
	struct sut_rt_header header;
	struct sut_rt_control control;

	for (size_t i = 0; i < target->map_count; i++)
		if (is_runtime(target, &target->maps[i], &header, &control))
			return true;
	return false;
}

enum sut_rc sut_runtime_find(struct sut_target *target, struct sut_runtime *runtime,
			     struct sut_diag *diag)
{
	struct sut_rt_header header;
	struct sut_rt_control control;
	enum sut_rc rc;

	*runtime = (struct sut_runtime){.target = target};
	/* Always anew: after a fork the main thread is another one. */
	rc = sut_thread_layout(target, &runtime->layout, diag);
	for (size_t i = 0; i < target->map_count && rc == SUT_OK && !runtime->placed; i++) {
		if (!is_runtime(target, &target->maps[i], &header, &control))
			continue;
		if (header.version != SUT_RT_VERSION || control.version != SUT_RT_VERSION) {
			sut_fail(diag, SUT_UNSUPPORTED, "version",
				 "process %d (%s): it carries a run-time of format %u, this suture "
				 "knows %u",
				 target->pid, target->name, header.version, SUT_RT_VERSION);
			sut_remedy(diag, "Use the suture that patched it, or restart it.");
			return SUT_UNSUPPORTED;
		}
		runtime->placed = true;
		runtime->text = target->maps[i].start;
		runtime->control = header.control;
		runtime->header = header;
	}
	return rc == SUT_OK && !runtime->placed ? choose_place(runtime, diag) : rc;
}

/* Has this thread left [low, high)? Not with its pc there, nor with an interrupted one on its
 * stack. */
static bool outside(const struct sut_target *target, uint64_t pc, uint64_t sp, uint64_t low,
		    uint64_t high)
{
	const struct sut_map *map = sut_target_map(target, sp);
	uint64_t words[STACK_LOOK / 8];
	uint64_t size = sizeof(words);

	if (pc >= low && pc < high)
		return false;
	if (map && map->end - sp < size)
		size = map->end - sp;
	if (!map || !sut_target_read(target, sp, words, size & ~UINT64_C(7)))
		return false;
	for (uint64_t i = 0; i < size / 8; i++)
		if (words[i] >= low && words[i] < high)
			return false;
	return true;
}

/*
 * The same for a thread that is not stopped: gone, or asleep elsewhere. One that runs all the time
 * is stopped to be looked at if may_stop; in user mode that is invisible.
 */
static bool thread_left(struct sut_runtime *runtime, pid_t tid, uint64_t low, uint64_t high,
			bool may_stop)
{
	const struct sut_target *target = runtime->target;
	struct sut_thread_state state;
	struct sut_stopped stopped;
	bool left;

	sut_thread_state(target, tid, &state);
	if (state.activity == SUT_THREAD_GONE)
		return true;
	if (state.activity == SUT_THREAD_ASLEEP)
		return outside(target, state.pc, state.sp, low, high) &&
		       sut_thread_slept(target, tid, &state);
	if (!may_stop || !sut_stop_running(runtime, tid, &stopped))
		return false;
	runtime->cost.stopped++;
	left = outside(target, stopped.pc, stopped.sp, low, high);
	sut_resume(&stopped);
	return left;
}

static uint64_t slack_start(const struct sut_object *object)
{
	return (object->text_end + 15) & ~UINT64_C(15);
}

/* Zeroed bytes behind an executable segment, in its last page; 0: none. */
static uint64_t find_slack(const struct sut_target *target, size_t size)
{
	for (size_t i = 0; i < target->object_count; i++) {
		uint64_t start = slack_start(&target->objects[i]);
		uint64_t end = (start + SUT_PAGE_SIZE - 1) & ~(uint64_t)(SUT_PAGE_SIZE - 1);
		const struct sut_map *map = sut_target_map(target, start);
		unsigned char bytes[STUB_MAX];
		size_t zeros = 0;

		if (!map || !map->exec || map->write || map->shared || end - start < size ||
		    !sut_target_read(target, start, bytes, size))
			continue;
		while (zeros < size && !bytes[zeros])
			zeros++;
		if (zeros == size)
			return start;
	}
	return 0;
}

static void fill_stub(unsigned char *stub, const struct sut_stopped *stopped, uint64_t text,
		      uint64_t iret)
{
	const struct sut_rt_save *s = &stopped->save;
	struct stub_data data = {
		.maps = {{text, SUT_RT_TEXT_SIZE, PROT_READ | PROT_EXEC},
			 {text + SUT_RT_TEXT_SIZE, SUT_RT_DATA_SIZE, PROT_READ | PROT_WRITE}},
		.iret = iret,
		.sigmask = stopped->sigmask,
		.regs = {s->r15, s->r14, s->r13, s->r12, s->r11, s->r10, s->r9, s->r8, s->rbp,
			 s->rdi, s->rsi, s->rdx, s->rcx, s->rbx, s->rax},
		.tid = (uint64_t)stopped->tid,
	};

	_Static_assert(sizeof(data) == 24 * 8, "as stub.S has it");
	memcpy(stub, sut_stub, (size_t)(sut_stub_end - sut_stub));
	memcpy(stub + (sut_stub_data - sut_stub), &data, sizeof(data));
}

static void pause_while_waiting(unsigned int turn)
{
	nanosleep(&(struct timespec){.tv_nsec = (turn < 20 ? 20 : 100) * 1000}, NULL);
}

/* end_ns: when the thread was on its way back, by its own clock where it has told us. */
static void note_away(struct sut_runtime *runtime, const struct sut_stopped *stopped,
		      uint64_t end_ns)
{
	uint64_t away = end_ns - stopped->since_ns;

	runtime->cost.count++;
	if (away > runtime->cost.away_ns_max)
		runtime->cost.away_ns_max = away;
	runtime->last = stopped->tid;
}

/* Waits until the stub has mapped the run-time's memory. */
static enum sut_rc wait_stub(struct sut_runtime *runtime, const struct sut_stopped *stopped,
			     uint64_t data, uint64_t result, struct sut_diag *diag)
{
	for (unsigned int turn = 0; sut_now_ns() - stopped->since_ns < OPERATION_WAIT_NS; turn++) {
		uint64_t flag = 0, value = stub_pending;

		if (sut_target_read(runtime->target, data, &flag, sizeof(flag)) && flag == 1) {
			note_away(runtime, stopped, sut_now_ns());
			return SUT_OK;
		}
		if (sut_target_read(runtime->target, result, &value, sizeof(value)) &&
		    (int64_t)value < 0 && (int64_t)value > -4096) {
			sut_fail(diag, SUT_REFUSED, "memory",
				 "process %d (%s): it cannot map %u KiB more memory: %s",
				 runtime->target->pid, runtime->target->name,
				 (SUT_RT_TEXT_SIZE + SUT_RT_DATA_SIZE) / 1024,
				 strerror((int)-(int64_t)value));
			sut_remedy(diag, "Raise its limits (RLIMIT_AS, vm.max_map_count), then try "
					 "again.");
			return SUT_REFUSED;
		}
		sut_release_late(runtime->target);
		pause_while_waiting(turn);
	}
	sut_fail(diag, SUT_RETRY, "thread",
		 "process %d (%s): thread %d did not run for two seconds", runtime->target->pid,
		 runtime->target->name, stopped->tid);
	sut_remedy(diag, "The machine may be overloaded, or the process frozen; try again.");
	return SUT_RETRY;
}

void sut_runtime_tidy(struct sut_runtime *runtime, bool may_stop)
{
	unsigned char zeros[STUB_MAX] = {0};
	struct sut_rt_control control;
	struct sut_diag ignored;

	if (sut_runtime_control(runtime, &control, &ignored) != SUT_OK || !control.slack ||
	    control.slack_size > sizeof(zeros) ||
	    !thread_left(runtime, (pid_t)control.slack_tid, control.slack,
			 control.slack + control.slack_size, may_stop) ||
	    !sut_target_write(runtime->target, control.slack, zeros, control.slack_size))
		return;
	control.slack = 0;
	sut_target_write(runtime->target, runtime->control + offsetof(struct sut_rt_control, slack),
			 &control.slack, sizeof(control.slack));
}

/* The memory is mapped and nobody knows of it: fill it, the magic last. */
static enum sut_rc fill(struct sut_runtime *runtime, uint64_t slack, size_t size, pid_t tid,
			struct sut_diag *diag)
{
	struct sut_target *target = runtime->target;
	struct sut_rt_control control = runtime->initial;

	control.slack = slack;
	control.slack_size = size;
	control.slack_tid = (uint64_t)tid;
	if (!sut_target_write(target, runtime->text, sut_rt_blob, sut_rt_blob_size) ||
	    !sut_target_write(target, runtime->text, &runtime->header, sizeof(runtime->header)) ||
	    !sut_target_write(target, runtime->control + sizeof(control.magic),
			      (const char *)&control + sizeof(control.magic),
			      sizeof(control) - sizeof(control.magic)) ||
	    !sut_target_write(target, runtime->control, &control.magic, sizeof(control.magic)))
		return sut_target_lost(target, diag);
	runtime->placed = true;
	sut_runtime_tidy(runtime, false);
	return SUT_OK;
}

/* The stub failed and gave everything back; its bytes go when its thread has left them. */
static void remove_stub(struct sut_runtime *runtime, pid_t tid, uint64_t slack, size_t size)
{
	unsigned char zeros[STUB_MAX] = {0};

	for (unsigned int turn = 0; turn < 1000; turn++) {
		if (thread_left(runtime, tid, slack, slack + size, turn > PATIENCE)) {
			sut_target_write(runtime->target, slack, zeros, size);
			return;
		}
		pause_while_waiting(turn);
	}
}

/*
 * A controller that died before the run-time was in place left its stub, and nothing else knows of
 * it. After a few of them there would be no slack left.
 */
static void remove_abandoned_stubs(struct sut_runtime *runtime)
{
	const struct sut_target *target = runtime->target;
	size_t size = (size_t)(sut_stub_end - sut_stub), code = (size_t)(sut_stub_data - sut_stub);
	unsigned char bytes[STUB_MAX];
	struct stub_data data;

	for (size_t i = 0; i < target->object_count; i++) {
		uint64_t slack = slack_start(&target->objects[i]);

		if (!sut_target_read(target, slack, bytes, size) ||
		    memcmp(bytes, sut_stub, code) != 0)
			continue;
		memcpy(&data, bytes + code, sizeof(data));
		remove_stub(runtime, (pid_t)data.tid, slack, size);
	}
}

/* Below the red zone, and aligned as a stack is. */
static uint64_t iret_address(const struct sut_stopped *stopped)
{
	return ((stopped->sp - RED_ZONE) & ~UINT64_C(15)) - IRET_SIZE;
}

enum sut_rc sut_runtime_place(struct sut_runtime *runtime, struct sut_diag *diag)
{
	struct sut_target *target = runtime->target;
	size_t size = (size_t)(sut_stub_end - sut_stub);
	unsigned char stub[STUB_MAX];
	uint64_t frame[1 + IRET_SIZE / 8] = {stub_pending};
	struct sut_stopped stopped;
	uint64_t slack, iret;
	enum sut_rc rc;

	if (runtime->placed)
		return SUT_OK;
	remove_abandoned_stubs(runtime);
	slack = find_slack(target, size);
	if (!slack)
		return no_room(target, "no text segment has room behind its end for a stub", diag);
	rc = sut_stop_any(runtime, 0, NULL, NULL, &stopped, diag);
	if (rc != SUT_OK)
		return rc;
	iret = iret_address(&stopped);
	memcpy(frame + 1, &stopped.save.rip, IRET_SIZE);
	fill_stub(stub, &stopped, runtime->text, iret);
	if (!sut_target_write(target, iret - 8, frame, sizeof(frame)) ||
	    !sut_target_write(target, slack, stub, size)) {
		rc = sut_target_lost(target, diag);
		sut_resume(&stopped);
		return rc;
	}
	rc = sut_send(&stopped, slack, 0, stopped.sp, diag);
	if (rc == SUT_OK)
		rc = wait_stub(runtime, &stopped, runtime->control, iret - 8, diag);
	if (rc == SUT_OK)
		return fill(runtime, slack, size, stopped.tid, diag);
	if (rc == SUT_REFUSED)
		remove_stub(runtime, stopped.tid, slack, size);
	return rc;
}

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
	if (!thread_left(runtime, (pid_t)frame.tid, runtime->text, text_end, may_stop))
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
		     !frame_settled(runtime, frame_address(runtime, i), turn > PATIENCE); turn++) {
			if (sut_now_ns() - start > OPERATION_WAIT_NS) {
				sut_fail(diag, SUT_RETRY, "busy",
					 "process %d (%s): an earlier suture's operation has not "
					 "ended in one of its threads",
					 runtime->target->pid, runtime->target->name);
				sut_remedy(diag, "Try again.");
				return SUT_RETRY;
			}
			pause_while_waiting(turn);
		}
	return SUT_OK;
}

/* May this frame be used, given that `stopped` (or nobody) is stopped? */
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
		return outside(runtime->target, stopped->pc, stopped->sp, runtime->text, text_end);
	return thread_left(runtime, (pid_t)frame.tid, runtime->text, text_end, false);
}

/*
 * A thread on its way out of the run-time is no candidate, and without a frame nobody is. context:
 * where the frame's address goes.
 */
static bool accept_thread(struct sut_runtime *runtime, const struct sut_stopped *stopped,
			  void *context)
{
	uint64_t *choice = context;

	if (!outside(runtime->target, stopped->pc, stopped->sp, runtime->text,
		     runtime->text + runtime->header.size))
		return false;
	for (unsigned int i = 0; i < SUT_RT_FRAME_COUNT && !*choice; i++)
		if (frame_usable(runtime, frame_address(runtime, i), stopped))
			*choice = frame_address(runtime, i);
	return *choice != 0;
}

static enum sut_rc wait_frame(struct sut_runtime *runtime, const struct sut_stopped *stopped,
			      uint64_t address, int64_t *result, struct sut_diag *diag)
{
	for (unsigned int turn = 0; sut_now_ns() - stopped->since_ns < OPERATION_WAIT_NS; turn++) {
		struct sut_rt_frame frame;

		if (!sut_target_read(runtime->target, address, &frame,
				     offsetof(struct sut_rt_frame, maps)))
			return sut_target_lost(runtime->target, diag);
		if (frame.state == SUT_RT_FRAME_DONE) {
			note_away(runtime, stopped, frame.finished_ns);
			*result = frame.result;
			return SUT_OK;
		}
		sut_release_late(runtime->target);
		pause_while_waiting(turn);
	}
	sut_fail(diag, SUT_RETRY, "thread",
		 "process %d (%s): thread %d has not finished our operation for two seconds",
		 runtime->target->pid, runtime->target->name, stopped->tid);
	sut_remedy(diag,
		   "The machine may be overloaded, or the process frozen; `suture status %d` "
		   "shows what became of it.",
		   runtime->target->pid);
	return SUT_RETRY;
}

enum sut_rc sut_runtime_run(struct sut_runtime *runtime, const struct sut_runtime_op *op,
			    int64_t *result, struct sut_diag *diag)
{
	struct sut_target *target = runtime->target;
	uint64_t choice = 0;
	struct sut_stopped stopped;
	struct sut_rt_frame frame = {
		.state = SUT_RT_FRAME_READY,
		.op = op->op,
		.argument = op->argument,
		.count = op->map_count,
		.expect = op->expect,
		.calls = op->calls,
		.control = runtime->control,
	};
	enum sut_rc rc;

	if (op->map_count > SUT_RT_FRAME_MAPS)
		return sut_fail(diag, SUT_BUG, NULL, "more maps than a frame holds");
	if (op->map_count)
		memcpy(frame.maps, op->maps, op->map_count * sizeof(frame.maps[0]));
	rc = sut_stop_any(runtime, runtime->last, accept_thread, &choice, &stopped, diag);
	if (rc != SUT_OK)
		return rc;
	frame.tid = (uint64_t)stopped.tid;
	frame.sigmask = stopped.sigmask;
	frame.iret = iret_address(&stopped);
	frame.save = choice + SUT_RT_FRAME_SIZE - sizeof(struct sut_rt_save);
	if (!sut_target_write(target, frame.iret, &stopped.save.rip, IRET_SIZE) ||
	    !sut_target_write(target, frame.save, &stopped.save, sizeof(stopped.save)) ||
	    !sut_target_write(target, choice, &frame, sizeof(frame))) {
		rc = sut_target_lost(target, diag);
		sut_resume(&stopped);
		return rc;
	}
	rc = sut_send(&stopped, runtime->text + runtime->header.enter, choice, frame.save, diag);
	if (rc != SUT_OK)
		return rc;
	return wait_frame(runtime, &stopped, choice, result, diag);
}
