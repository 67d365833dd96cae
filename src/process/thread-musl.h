/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Threads of a program of musl: its library keeps them on a list, with their ids and stacks. Only
 * for thread.c, which asks one library or the other.
 */
#ifndef SUT_PROCESS_THREAD_MUSL_H
#define SUT_PROCESS_THREAD_MUSL_H

#include "process/thread.h"

/* main_low and main_high are known. false: it is not musl's, or its list was never at rest. */
bool sut_musl_layout(const struct sut_target *target, struct sut_thread_layout *layout);

/* As in thread.h, for what is not the main thread's stack. */
bool sut_musl_stack(const struct sut_target *target, const struct sut_thread_layout *layout,
		    pid_t tid, uint64_t sp, struct sut_thread_stack *stack);
/* The stack of the thread with this control block. */
bool sut_musl_own_stack(const struct sut_target *target, const struct sut_thread_layout *layout,
			uint64_t tcb, struct sut_thread_stack *stack);
uint64_t sut_musl_tcb(const struct sut_target *target, const struct sut_thread_layout *layout,
		      pid_t tid);

/* The first word in [from, to), aligned, that points to itself and that accept() takes; or 0. */
uint64_t
sut_thread_find_tcb(const struct sut_target *target, uint64_t from, uint64_t to, uint64_t align,
		    bool (*accept)(const struct sut_target *target, uint64_t tcb, void *context),
		    void *context);
/* The same in all of its writable memory, small maps first. files: also in that of files. */
uint64_t sut_thread_find_any(const struct sut_target *target, bool files, uint64_t align,
			     bool (*accept)(const struct sut_target *target, uint64_t tcb,
					    void *context),
			     void *context);

#endif
