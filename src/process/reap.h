/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Threads of targets that die while this process traces them. */
#ifndef SUT_PROCESS_REAP_H
#define SUT_PROCESS_REAP_H

/*
 * From now on the kernel's notice of such a death is answered at once, in a handler of SIGCHLD, for
 * all threads of this process. waitpid() of the dead one then fails with ECHILD.
 *
 * Without it a controller and its target can wait for each other for ever: a thread of the target
 * that executes another program waits until the dead ones have been waited for, and holds
 * meanwhile what PTRACE_SEIZE of the next thread needs.
 */
void sut_reap_dead_threads(void);

#endif
