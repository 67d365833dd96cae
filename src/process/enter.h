/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sending a thread of the target into code of ours, by one change of its registers. */
#ifndef SUT_PROCESS_ENTER_H
#define SUT_PROCESS_ENTER_H

#include "process/rt/layout.h"
#include "process/runtime.h"

#include <signal.h>
#include <sys/ptrace.h>
#include <sys/user.h>

/* A thread that is stopped by us, with what it needs to go on as if nothing had happened. */
struct sut_stopped {
	pid_t tid;
	uint64_t since_ns;
	uint64_t sigmask;
	bool filtered;           /* it has seccomp filters */
	struct sut_rt_save save; /* already set to restart an interrupted system call */
	uint64_t pc;             /* as stopped */
	uint64_t sp;
	/*
	 * The system call that it sleeps in and that restarts, or -1. SYS_restart_syscall: one of
	 * those with a remaining time, interrupted before.
	 */
	long syscall;
};

/* pc, sp, save and syscall, from its registers. */
void sut_stopped_fill(const struct user_regs_struct *regs, struct sut_stopped *stopped);

/*
 * Stops a thread that can be interrupted without the program noticing, preferring `prefer`.
 * accept (may be NULL) sees each candidate stopped; false lets it go and tries the next.
 * SUT_RETRY (rule "thread") when there is none.
 */
enum sut_rc sut_stop_any(struct sut_runtime *runtime, pid_t prefer,
			 bool (*accept)(struct sut_runtime *runtime,
					const struct sut_stopped *stopped, void *context),
			 void *context, struct sut_stopped *stopped, struct sut_diag *diag);

/*
 * The same again and again for so many nanoseconds, half a second at least: on a busy machine a
 * thread may take that long to come to its stop.
 */
enum sut_rc sut_stop_within(struct sut_runtime *runtime, pid_t prefer,
			    bool (*accept)(struct sut_runtime *runtime,
					   const struct sut_stopped *stopped, void *context),
			    void *context, uint64_t wait_ns, struct sut_stopped *stopped,
			    struct sut_diag *diag);

/*
 * Stops this very thread if it runs user code (not in a system call that a stop would disturb).
 * false: it is asleep, gone, or cannot be stopped now; it is then untouched.
 */
bool sut_stop_running(struct sut_runtime *runtime, pid_t tid, struct sut_stopped *stopped);

/* Lets it go on as if nothing had happened. */
void sut_resume(const struct sut_stopped *stopped);

/*
 * Lets it go on at pc, with signals blocked, rdi and rsp as given; what runs there must restore
 * everything from the save area. One system call changes the registers: a controller that dies
 * before it has changed nothing, one that dies after it is no longer needed.
 */
enum sut_rc sut_send(const struct sut_stopped *stopped, uint64_t pc, uint64_t rdi, uint64_t rsp,
		     struct sut_diag *diag);

#endif
