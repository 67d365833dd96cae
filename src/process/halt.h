/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One short stop of a whole process, for what no look at single threads can show. Threads that run
 * are stopped; those that sleep are left alone as far as possible and must not have run until the
 * end. So between sut_halt_begin() and a sut_halt_held() that says yes nothing in the process
 * moved, and all that was read in between held at one instant.
 *
 * Nothing is written and no register changes: when the controller dies the kernel lets everybody
 * go on.
 */
#ifndef SUT_PROCESS_HALT_H
#define SUT_PROCESS_HALT_H

#include "process/enter.h"

struct sut_halt_thread {
	pid_t tid;
	bool stopped;                      /* by us; else asleep */
	bool asked;                        /* to stop, and has not yet */
	bool gone;                         /* it ended when it was asked */
	int status;                        /* stopped: as waitpid() said */
	struct user_regs_struct registers; /* stopped */
	struct sut_thread_state state;     /* asleep */
	uint64_t sp, pc;
};

/* Which sleeping threads are interrupted as well. */
enum sut_halt_depth {
	SUT_HALT_LOOK,      /* none: they are looked at */
	SUT_HALT_INVISIBLE, /* those that do not notice; on a busy machine they would wake */
	SUT_HALT_ALL,       /* all, for their registers; where one must not be: SUT_RETRY */
};

struct sut_halt {
	struct sut_runtime *runtime;
	struct sut_arena *arena;
	enum sut_halt_depth depth;
	uint64_t max_ns; /* how long it may be, from the first interruption to the last thread */
	/* Set by sut_halt_begin(): */
	uint64_t since_ns; /* 0: nobody has been interrupted */
	size_t count, capacity;
	struct sut_halt_thread *threads;
	/* Set when it fails for this reason: the thread, and what it does. */
	pid_t blamed;
	const char *blame;
};

/*
 * Stops the process. On failure everybody goes on; SUT_RETRY (rule "pause"): a thread did not stop
 * in time, or must not be interrupted.
 */
enum sut_rc sut_halt_begin(struct sut_halt *halt, struct sut_diag *diag);

/* Nanoseconds that are left of max_ns; 0: it is time to end. */
uint64_t sut_halt_left(const struct sut_halt *halt);

/* Has nobody run, and is there no thread more, since it began? */
bool sut_halt_held(struct sut_halt *halt);

/* Lets everybody go on; notes in runtime->cost how long it was. */
void sut_halt_end(struct sut_halt *halt);

#endif
