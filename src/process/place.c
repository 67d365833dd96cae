// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Placing the run-time: a stub in the slack of a text segment, run once by one thread, maps its
 * memory; then it is written and told by its magic.
 */
#include "process/borrow.h"
#include "process/trace.h"
#include "base/io.h"

#include <string.h>
#include <sys/mman.h>

/* stub.S: the code, and the part that is filled in. */
extern const unsigned char sut_stub[], sut_stub_data[], sut_stub_end[];

struct stub_data {
	struct sut_rt_map maps[2];
	uint64_t iret; /* address of the iretq frame on the thread's stack */
	uint64_t sigmask;
	uint64_t regs[15];
	uint64_t tid; /* of the thread that it was made for */
};

enum { STUB_MAX = 1024 };

static const uint64_t stub_pending = UINT64_C(0x5354554250454e44);

/* Behind the text of the i-th object; the last one is what the kernel maps for system calls, which
 * a static program has, too. 0: it has no text. */
static uint64_t slack_start(const struct sut_target *target, size_t i)
{
	if (i < target->object_count)
		return (target->objects[i].text_end + 15) & ~UINT64_C(15);
	for (size_t k = 0; k < target->map_count; k++)
		if (target->maps[k].exec && strcmp(target->maps[k].path, "[vdso]") == 0)
			return target->maps[k].end - STUB_MAX;
	return 0;
}

/* Zeroed bytes behind an executable segment, in its last page; 0: none. */
static uint64_t find_slack(const struct sut_target *target, size_t size)
{
	for (size_t i = 0; i <= target->object_count; i++) {
		uint64_t start = slack_start(target, i);
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

/* Waits until the stub has mapped the run-time's memory. */
static enum sut_rc wait_stub(struct sut_runtime *runtime, const struct sut_stopped *stopped,
			     uint64_t data, uint64_t result, struct sut_diag *diag)
{
	unsigned int turn = 0;

	do {
		uint64_t flag = 0, value = stub_pending;

		/* The result before the flag: a thread that has raised it uses its stack again. */
		if (!sut_target_read(runtime->target, result, &value, sizeof(value)))
			return sut_target_lost(runtime->target, diag);
		if (sut_target_read(runtime->target, data, &flag, sizeof(flag)) && flag == 1) {
			sut_borrow_note(runtime, stopped, sut_now_ns());
			return SUT_OK;
		}
		if ((int64_t)value < 0 && (int64_t)value > -4096) {
			sut_fail(diag, SUT_REFUSED, "memory",
				 "process %d (%s): it cannot map %u KiB more memory: %s",
				 runtime->target->pid, runtime->target->name,
				 (SUT_RT_TEXT_SIZE + SUT_RT_DATA_SIZE) / 1024,
				 strerror((int)-(int64_t)value));
			sut_remedy(diag, "Raise its limits (RLIMIT_AS, vm.max_map_count), then try "
					 "again.");
			return SUT_REFUSED;
		}
		sut_trace_release_late(runtime->target->tasks);
	} while (sut_borrow_wait(stopped->since_ns, SUT_BORROW_WAIT_NS, turn++));
	sut_fail(diag, SUT_RETRY, "thread",
		 "process %d (%s): thread %d did not run for two seconds", runtime->target->pid,
		 runtime->target->name, stopped->tid);
	sut_remedy(diag, "The machine may be overloaded, or the process frozen; try again.");
	return SUT_RETRY;
}

/* Is its thread provably past the stub? Tried a few times if it may be stopped. */
static bool stub_left(struct sut_runtime *runtime, const struct sut_rt_control *control,
		      bool may_stop)
{
	for (unsigned int turn = 0; turn < SUT_BORROW_PATIENCE; turn++) {
		if (sut_borrow_left(runtime, (pid_t)control->slack_tid, control->slack,
				    control->slack + control->slack_size, may_stop))
			return true;
		if (!may_stop)
			return false;
		sut_borrow_pause(turn);
		sut_trace_release_late(runtime->target->tasks);
	}
	return false;
}

void sut_runtime_tidy(struct sut_runtime *runtime, bool may_stop)
{
	unsigned char zeros[STUB_MAX] = {0};
	struct sut_rt_control control;
	struct sut_diag ignored;

	if (sut_runtime_control(runtime, &control, &ignored) != SUT_OK || !control.slack ||
	    control.slack_size > sizeof(zeros) || !stub_left(runtime, &control, may_stop) ||
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
		if (sut_borrow_left(runtime, tid, slack, slack + size,
				    turn > SUT_BORROW_PATIENCE)) {
			sut_target_write(runtime->target, slack, zeros, size);
			return;
		}
		sut_borrow_pause(turn);
	}
}

/* Does a stub lie there? */
static bool read_stub(const struct sut_target *target, uint64_t slack, struct stub_data *data)
{
	size_t size = (size_t)(sut_stub_end - sut_stub), code = (size_t)(sut_stub_data - sut_stub);
	unsigned char bytes[STUB_MAX];

	if (!sut_target_read(target, slack, bytes, size) || memcmp(bytes, sut_stub, code) != 0)
		return false;
	memcpy(data, bytes + code, sizeof(*data));
	return true;
}

/*
 * A controller that died before the run-time was in place left its stub, and nothing else knows of
 * it. After a few of them there would be no slack left. Returns whether there were any; some may
 * have to stay.
 */
static bool remove_abandoned_stubs(struct sut_runtime *runtime)
{
	const struct sut_target *target = runtime->target;
	struct stub_data data;
	bool any = false;

	for (size_t i = 0; i <= target->object_count; i++) {
		uint64_t slack = slack_start(target, i);

		if (!read_stub(target, slack, &data))
			continue;
		any = true;
		remove_stub(runtime, (pid_t)data.tid, slack, (size_t)(sut_stub_end - sut_stub));
	}
	return any;
}

/* A thread that did not run for long may be in one that could not be removed. */
static bool outside_stubs(struct sut_runtime *runtime, const struct sut_stopped *stopped,
			  void *context)
{
	const struct sut_target *target = runtime->target;
	size_t size = (size_t)(sut_stub_end - sut_stub);
	struct stub_data data;

	(void)context;
	for (size_t i = 0; i <= target->object_count; i++) {
		uint64_t slack = slack_start(target, i);

		if (read_stub(target, slack, &data) &&
		    !sut_borrow_outside(target, stopped->pc, stopped->sp, slack, slack + size))
			return false;
	}
	return true;
}

enum sut_rc sut_runtime_place(struct sut_runtime *runtime, struct sut_diag *diag)
{
	struct sut_target *target = runtime->target;
	size_t size = (size_t)(sut_stub_end - sut_stub);
	unsigned char stub[STUB_MAX];
	uint64_t frame[1 + SUT_IRET_SIZE / 8] = {stub_pending};
	struct sut_stopped stopped;
	uint64_t slack, iret;
	enum sut_rc rc;
	bool others;

	if (runtime->placed)
		return SUT_OK;
	others = remove_abandoned_stubs(runtime);
	slack = find_slack(target, size);
	if (!slack)
		return sut_runtime_no_room(target,
					   "no text segment has room behind its end for a stub",
					   diag);
	rc = sut_stop_within(runtime, runtime->last, others ? outside_stubs : NULL, NULL,
			     runtime->patience_ns, &stopped, diag);
	if (rc != SUT_OK)
		return rc;
	iret = sut_borrow_iret(&stopped);
	memcpy(frame + 1, &stopped.save.rip, SUT_IRET_SIZE);
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
