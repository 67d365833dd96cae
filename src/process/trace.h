/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The threads of targets that this process traces, from PTRACE_SEIZE to their release or death.
 * Each is its tracer's: of a thread of this process, which alone can release it.
 */
#ifndef SUT_PROCESS_TRACE_H
#define SUT_PROCESS_TRACE_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/user.h>

/* What sut_trace_wait() says of a stop that was asked for by PTRACE_INTERRUPT. */
enum { SUT_TRACE_EVENT = PTRACE_EVENT_STOP << 16 | SIGTRAP << 8 | 0x7f };

/* The kernel's own codes for an interrupted call (include/linux/errno.h). */
enum {
	ERESTARTSYS = 512,
	ERESTARTNOINTR = 513,
	ERESTARTNOHAND = 514,
	ERESTART_RESTARTBLOCK = 516,
};

/*
 * Makes this process fit for tracing, for all its threads. Suspended at its terminal it would keep
 * threads of targets stopped, so it cannot be. And from now on the death of traced threads is
 * answered at once, in a handler of SIGCHLD; no stop, and no child of this process's own, is taken
 * from who waits for it.
 *
 * Without it a controller and its target can wait for each other for ever: a thread of the target
 * that executes another program waits until the dead ones have been waited for, and holds
 * meanwhile what PTRACE_SEIZE of the next thread needs.
 */
void sut_trace_prepare(void);

/* false, with errno: it is not traced by this call; EPERM: it was already, perhaps by us. */
bool sut_trace_seize(pid_t tid);

/*
 * What waitpid() says of one that was seized, without waiting: tid with *status, 0 when nothing has
 * happened, -1 when it has died and that was noticed elsewhere.
 */
pid_t sut_trace_wait(pid_t tid, int *status);

/* Of one that is stopped. */
bool sut_trace_registers(pid_t tid, struct user_regs_struct *regs);

/* One that is stopped goes on as its registers say, and is not traced any more. */
void sut_trace_release(pid_t tid);

/*
 * Likewise, as if it had never been stopped; status: as sut_trace_wait() said. A signal that was
 * just being delivered is delivered, and a call that would give EINTR is made again.
 */
void sut_trace_end(pid_t tid, int status);

/* One that was asked to stop and has not yet: when it does, it is to be let go. */
void sut_trace_leave(pid_t tid);

/*
 * Lets go of those of this thread that have stopped since they were left. Returns how many are
 * still to come of the process whose /proc/PID/task is open as tasks.
 */
size_t sut_trace_release_late(int tasks);

#endif
