// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Candidates are asked in the order of what a stop does to the call that they sleep in (disturb.h).
 *
 * A thread in a system call is stopped on its way out. With orig_rax = -1 the kernel leaves the
 * restart to us: the program counter goes back over the syscall instruction and rax gets the
 * number again (restart_syscall for calls with a remaining time).
 */
#include "process/enter.h"
#include "process/trace.h"
#include "base/io.h"
#include "base/guard.h"

#include <elf.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STOP_WAIT_NS = 100 * 1000 * 1000, CODE_SEGMENT_64 = 0x33 };

/* As it is just now. may_watch: so that one in a call with a time-out can be borrowed later. */
static enum sut_disturb candidate_class(struct sut_runtime *runtime, pid_t tid, bool may_watch)
{
	struct sut_thread_state state;
	enum sut_disturb class;
	bool begun;

	sut_thread_state(runtime->target, tid, &state);
	class = sut_disturb_class(runtime->target, &state);
	begun = sut_watch_look(&runtime->watch, tid, &state,
			       may_watch && class == SUT_DISTURB_TIMEOUT);
	return class == SUT_DISTURB_TIMEOUT && !begun && !runtime->anew ? SUT_DISTURB_RESULT
									: class;
}

/* Waits for the stop of a seized and interrupted thread. false: it went, or does not stop. */
static bool wait_stop(pid_t tid, int *status)
{
	uint64_t start = sut_now_ns();

	for (unsigned int i = 0;; i++) {
		pid_t got = sut_trace_wait(tid, status);

		if (got == tid)
			return WIFSTOPPED(*status);
		if (got < 0 || sut_now_ns() - start > STOP_WAIT_NS)
			return false;
		if (i < 100)
			sched_yield();
		else
			usleep(20);
	}
}

/* Returns the number of the system call, or -1 if there is none to restart. */
static long restart_system_call(const struct user_regs_struct *regs, struct sut_rt_save *save)
{
	if ((long)regs->orig_rax < 0)
		return -1;
	switch (-(long)regs->rax) {
	case EINTR:
	case ERESTARTSYS:
	case ERESTARTNOINTR:
	case ERESTARTNOHAND:
		save->rax = regs->orig_rax;
		save->rip -= 2;
		return (long)regs->orig_rax;
	case ERESTART_RESTARTBLOCK:
		save->rax = SYS_restart_syscall;
		save->rip -= 2;
		return (long)regs->orig_rax;
	}
	return -1;
}

/* Inside a restartable sequence the kernel would undo our change of the program counter. */
static bool in_restartable_sequence(const struct sut_runtime *runtime, pid_t tid)
{
	struct __ptrace_rseq_configuration configuration = {0};
	uint64_t section = 0;

	if (ptrace(PTRACE_GET_RSEQ_CONFIGURATION, tid, sizeof(configuration), &configuration) < 0 ||
	    !configuration.rseq_abi_pointer)
		return false;
	return !sut_target_read(runtime->target, configuration.rseq_abi_pointer + 8, &section,
				sizeof(section)) ||
	       section != 0;
}

void sut_stopped_fill(const struct user_regs_struct *r, struct sut_stopped *stopped)
{
	stopped->pc = r->rip;
	stopped->sp = r->rsp;
	stopped->save = (struct sut_rt_save){
		.r15 = r->r15,
		.r14 = r->r14,
		.r13 = r->r13,
		.r12 = r->r12,
		.r11 = r->r11,
		.r10 = r->r10,
		.r9 = r->r9,
		.r8 = r->r8,
		.rbp = r->rbp,
		.rdi = r->rdi,
		.rsi = r->rsi,
		.rdx = r->rdx,
		.rcx = r->rcx,
		.rbx = r->rbx,
		.rax = r->rax,
		.rip = r->rip,
		.cs = r->cs,
		.rflags = r->eflags,
		.rsp = r->rsp,
		.ss = r->ss,
	};
	stopped->syscall = restart_system_call(r, &stopped->save);
}

/* Seized, a thread cannot go away, so its id cannot be reused: is it the target's? */
static bool is_targets(const struct sut_runtime *runtime, pid_t tid, bool *filtered)
{
	const struct sut_target *target = runtime->target;
	char status[4096];

	if (sut_thread_files_read(target->files, target->tasks, tid, SUT_THREAD_STATUS, status,
				  sizeof(status)) < 0)
		return false;
	*filtered = sut_status_number(status, "\nSeccomp:") > 0;
	return true;
}

/*
 * SEIZE and INTERRUPT; on success the thread is in our stop. On failure it goes on, a signal that
 * was just being delivered included.
 */
static bool stop(struct sut_runtime *runtime, pid_t tid, struct sut_stopped *stopped)
{
	struct user_regs_struct regs;
	int status;

	if (sut_thread_is_helper(runtime->target, tid))
		return false;
	stopped->tid = tid;
	stopped->since_ns = sut_now_ns();
	if (!sut_trace_seize(tid))
		return false;
	if (ptrace(PTRACE_INTERRUPT, tid, 0, 0) < 0)
		return false;
	if (!wait_stop(tid, &status)) {
		sut_trace_leave(tid);
		return false;
	}
	sut_watch_stopped(&runtime->watch, tid);
	if (status != SUT_TRACE_EVENT) {
		sut_trace_end(tid, status);
		return false;
	}
	if (is_targets(runtime, tid, &stopped->filtered) && sut_trace_registers(tid, &regs) &&
	    regs.cs == CODE_SEGMENT_64 && !in_restartable_sequence(runtime, tid) &&
	    ptrace(PTRACE_GETSIGMASK, tid, sizeof(stopped->sigmask), &stopped->sigmask) == 0) {
		sut_stopped_fill(&regs, stopped);
		return true;
	}
	sut_trace_end(tid, status);
	return false;
}

void sut_resume(const struct sut_stopped *stopped)
{
	sut_trace_end(stopped->tid, SUT_TRACE_EVENT);
}

/* What is on a goroutine's stack may need all of it, down to the last byte. */
static bool has_room(const struct sut_runtime *runtime, const struct sut_stopped *stopped)
{
	struct sut_thread_stack stack;

	return !runtime->target->go || sut_thread_stack(runtime->target, &runtime->layout,
							stopped->tid, stopped->sp, &stack);
}

static bool accepted(struct sut_runtime *runtime,
		     bool (*accept)(struct sut_runtime *runtime, const struct sut_stopped *stopped,
				    void *context),
		     void *context, const struct sut_stopped *stopped)
{
	if ((!stopped->filtered ||
	     sut_seccomp_allows(stopped->tid, runtime->swaps, &runtime->denied)) &&
	    has_room(runtime, stopped) && (!accept || accept(runtime, stopped, context)))
		return true;
	sut_resume(stopped);
	return false;
}

/* One of a class that says what its call will notice. */
static bool stop_as(struct sut_runtime *runtime, pid_t tid, enum sut_disturb class,
		    struct sut_stopped *stopped)
{
	if (!stop(runtime, tid, stopped))
		return false;
	runtime->cost.anew += class == SUT_DISTURB_TIMEOUT && runtime->anew;
	return true;
}

enum sut_rc sut_stop_any(struct sut_runtime *runtime, pid_t prefer,
			 bool (*accept)(struct sut_runtime *runtime,
					const struct sut_stopped *stopped, void *context),
			 void *context, struct sut_stopped *stopped, struct sut_diag *diag)
{
	struct sut_target *target = runtime->target;
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_thread_list list;
	unsigned char *class;
	enum sut_rc rc;

	sut_trace_release_late(target->tasks);
	runtime->denied.tid = 0;
	if (prefer && candidate_class(runtime, prefer, false) == SUT_DISTURB_NOTHING &&
	    stop(runtime, prefer, stopped) && accepted(runtime, accept, context, stopped))
		return SUT_OK;
	rc = sut_thread_list(target, &arena, &list, diag);
	if (rc != SUT_OK)
		return rc;
	class = sut_arena_alloc(&arena, list.count);
	for (size_t i = 0; i < list.count; i++) {
		sut_pace_rest(target->pace);
		class[i] = (unsigned char)candidate_class(runtime, list.tids[i], true);
		if (class[i] == SUT_DISTURB_NOTHING && stop(runtime, list.tids[i], stopped) &&
		    accepted(runtime, accept, context, stopped))
			return SUT_OK;
	}
	for (enum sut_disturb wanted = SUT_DISTURB_RESTART; wanted < SUT_DISTURB_RESULT; wanted++)
		for (size_t i = 0; i < list.count; i++)
			/* It may do something else by now. */
			if (class[i] == wanted &&
			    candidate_class(runtime, list.tids[i], false) == wanted &&
			    stop_as(runtime, list.tids[i], wanted, stopped) &&
			    accepted(runtime, accept, context, stopped))
				return SUT_OK;
	if (!sut_target_alive(target))
		return sut_target_lost(target, diag);
	if (runtime->denied.tid)
		return sut_seccomp_refuse(target, &runtime->denied, diag);
	sut_fail(diag, SUT_RETRY, "thread",
		 "process %d (%s): no thread can be interrupted now without the program noticing",
		 target->pid, target->name);
	sut_remedy(diag,
		   "Try again; if it stays so, look at its threads' system calls in "
		   "/proc/%d/task/*/syscall.",
		   target->pid);
	return SUT_RETRY;
}

/* Pauses, unless there are threads that can be had when they begin their next call. */
static bool stop_watched(struct sut_runtime *runtime, unsigned int pause_us,
			 bool (*accept)(struct sut_runtime *runtime,
					const struct sut_stopped *stopped, void *context),
			 void *context, struct sut_stopped *stopped)
{
	enum { WATCH_US = 150 };
	const struct sut_watch *watch = &runtime->watch;
	uint64_t start = sut_now_ns();

	do {
		usleep(watch->count ? WATCH_US : pause_us);
		for (size_t i = 0; i < watch->count; i++)
			if (candidate_class(runtime, watch->threads[i].tid, false) ==
				    SUT_DISTURB_TIMEOUT &&
			    stop_as(runtime, watch->threads[i].tid, SUT_DISTURB_TIMEOUT, stopped) &&
			    accepted(runtime, accept, context, stopped))
				return true;
	} while (watch->count && sut_now_ns() - start < pause_us * UINT64_C(1000));
	return false;
}

enum sut_rc sut_stop_within(struct sut_runtime *runtime, pid_t prefer,
			    bool (*accept)(struct sut_runtime *runtime,
					   const struct sut_stopped *stopped, void *context),
			    void *context, uint64_t wait_ns, struct sut_stopped *stopped,
			    struct sut_diag *diag)
{
	enum { PAUSE_MIN_US = 1000, PAUSE_MAX_US = 64 * 1000 };
	const uint64_t least_ns = 500 * 1000 * 1000, watch_ns = 1000 * 1000 * 1000;
	unsigned int pause_us = PAUSE_MIN_US;
	uint64_t start = sut_now_ns();
	enum sut_rc rc;

	for (;;) {
		rc = sut_stop_any(runtime, prefer, accept, context, stopped, diag);
		/* The threads are another program's by now. */
		if (rc == SUT_RETRY && sut_target_executed(runtime->target))
			return sut_target_lost(runtime->target, diag);
		if (rc != SUT_RETRY ||
		    sut_now_ns() - start > (wait_ns < least_ns ? least_ns : wait_ns))
			return rc;
		/* A process may be idle for minutes, and all its threads wait with a time-out. */
		runtime->anew |= runtime->watch.count && !runtime->keep_timeouts &&
				 sut_now_ns() - start > watch_ns;
		/* Each try stops every one of them. */
		if (stop_watched(runtime, pause_us, accept, context, stopped))
			return SUT_OK;
		pause_us = pause_us * 2 > PAUSE_MAX_US ? PAUSE_MAX_US : pause_us * 2;
	}
}

bool sut_stop_running(struct sut_runtime *runtime, pid_t tid, struct sut_stopped *stopped)
{
	struct sut_thread_state state;

	sut_thread_state(runtime->target, tid, &state);
	return state.activity == SUT_THREAD_RUNNING && stop(runtime, tid, stopped);
}

enum sut_rc sut_send(const struct sut_stopped *stopped, uint64_t pc, uint64_t rdi, uint64_t rsp,
		     struct sut_diag *diag)
{
	uint64_t all = ~UINT64_C(0);
	struct user_regs_struct regs;
	struct iovec iov = {&regs, sizeof(regs)};

	if (!sut_trace_registers(stopped->tid, &regs)) {
		sut_fail_errno(diag, "thread %d: registers cannot be read", stopped->tid);
		sut_resume(stopped);
		return SUT_RETRY;
	}
	regs.rip = pc;
	regs.rdi = rdi;
	regs.rsp = rsp;
	regs.orig_rax = (unsigned long)-1; /* no restart by the kernel: rax is not the call's */
	if (ptrace(PTRACE_SETREGSET, stopped->tid, NT_PRSTATUS, &iov) < 0) {
		sut_fail_errno(diag, "thread %d: registers cannot be set", stopped->tid);
		sut_resume(stopped);
		return SUT_RETRY;
	}
	/* After the registers: from here our code will restore the mask, whatever happens to us. */
	ptrace(PTRACE_SETSIGMASK, stopped->tid, sizeof(all), &all);
	sut_trace_release(stopped->tid);
	return SUT_OK;
}
