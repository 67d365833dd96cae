/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The threads of a target, looked at without disturbing them: what the scheduler and the system
 * call line of /proc say, and where the C library keeps a thread's control block and stack.
 */
#ifndef SUT_PROCESS_THREAD_H
#define SUT_PROCESS_THREAD_H

#include "process/rt/layout.h"
#include "process/target.h"

struct sut_thread_list {
	size_t count, capacity;
	pid_t *tids;
};

/* All that the kernel lists, its own helpers (io_uring) included. Ascending. */
enum sut_rc sut_thread_list(const struct sut_target *target, struct sut_arena *arena,
			    struct sut_thread_list *list, struct sut_diag *diag);

/* A thread of the kernel that works for the program: it runs no code of it. */
bool sut_thread_is_helper(const struct sut_target *target, pid_t tid);

enum sut_thread_activity {
	SUT_THREAD_ASLEEP,  /* in a system call, off the CPU */
	SUT_THREAD_FAULT,   /* off the CPU, but not in a system call: page fault, stop */
	SUT_THREAD_RUNNING, /* on a CPU or ready to be */
	SUT_THREAD_GONE,
};

struct sut_thread_state {
	enum sut_thread_activity activity;
	long syscall; /* ASLEEP: its number */
	uint64_t args[6];
	uint64_t sp; /* ASLEEP, FAULT */
	uint64_t pc;
	char raw[256];       /* the line, and the scheduler's counters: */
	char schedstat[128]; /* both equal again means: did not run in between */
};

void sut_thread_state(const struct sut_target *target, pid_t tid, struct sut_thread_state *state);

/* Without the counters: for who need not know that it slept. */
void sut_thread_glance(const struct sut_target *target, pid_t tid, struct sut_thread_state *state);

/*
 * It waits for a process that it made by vfork, or posix_spawn, and that runs in its memory, with
 * its control block, until it executes a program: nobody sees that one on any stack of the target.
 */
bool sut_thread_lends_memory(const struct sut_thread_state *state);

/* Did the thread sleep all the time since state was read? */
bool sut_thread_slept(const struct sut_target *target, pid_t tid,
		      const struct sut_thread_state *state);

/*
 * Where this C library keeps things: found by what it must hold, not by the library's version.
 *
 *   home   bounds  the program
 *   TCB    LOW     glibc's: {stackblock, stackblock_size} of struct pthread
 *   TABLE  END     musl's: {stack, stack_size} likewise
 *   ONE    -       has one thread, and its library, if any, is not known
 */
struct sut_thread_layout {
	enum sut_rt_home home;
	enum sut_rt_bounds bounds;
	uint64_t stack_offset; /* from the TCB; 0: not known, there was no thread to show it */
	uint64_t tid_offset;   /* TABLE: of the thread id, as the process itself knows it */
	uint64_t ring;         /* TABLE: one of the TCBs that are linked to each other */
	uint64_t main_tcb;     /* 0: the main thread has ended */
	uint64_t main_low;
	uint64_t main_high;
};

/* SUT_UNSUPPORTED (rule "libc", or "go") when it is none of these. */
enum sut_rc sut_thread_layout(const struct sut_target *target, struct sut_thread_layout *layout,
			      struct sut_diag *diag);

struct sut_thread_stack {
	uint64_t tcb;
	uint64_t low;
	uint64_t high;
};

/* The own stack of this thread when it contains sp, else false. */
bool sut_thread_stack(const struct sut_target *target, const struct sut_thread_layout *layout,
		      pid_t tid, uint64_t sp, struct sut_thread_stack *stack);

/* The own stack of a thread, wherever it is now, by what sut_thread_tcb() finds. */
bool sut_thread_own_stack(const struct sut_target *target, const struct sut_thread_layout *layout,
			  pid_t tid, struct sut_thread_stack *stack);

/*
 * The control block of any thread, running or not. Of glibc: where the kernel was told that its
 * list of robust mutexes is, which the C library keeps in there. Of musl: on the library's own list
 * of threads. 0: not known, for instance a thread that has only just begun.
 */
uint64_t sut_thread_tcb(const struct sut_target *target, const struct sut_thread_layout *layout,
			pid_t tid);

#endif
