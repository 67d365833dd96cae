/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The threads of targets that this process traces, from PTRACE_SEIZE to their release or death.
 *
 * One that dies must be waited for at once, or a controller and its target can wait for each other
 * for ever: a thread of the target that executes another program waits until the dead ones have
 * been waited for, and holds meanwhile what PTRACE_SEIZE of the next thread needs.
 */
#ifndef SUT_PROCESS_TRACE_H
#define SUT_PROCESS_TRACE_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * From now on the kernel's notice of such a death is answered in a handler of SIGCHLD, for all
 * threads of this process. No stop of a thread, and no child of this process's own, is taken from
 * who waits for it.
 */
void sut_trace_reap(void);

/* The caller is its tracer then. false, with errno: it is not traced, or was by us already. */
bool sut_trace_seize(pid_t tid);

/*
 * What waitpid() says of one that was seized, without waiting: tid with *status, 0 when nothing has
 * happened, -1 when it has died and somebody has noticed.
 */
pid_t sut_trace_wait(pid_t tid, int *status);

/* One that is stopped goes on, with the signal if that is not 0, and is not traced any more. */
void sut_trace_release(pid_t tid, int signal);

#endif
