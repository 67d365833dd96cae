/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Looking at threads during a transition: who has gone over, who is provably outside the version
 * that is left, and who blocks and why. A sleeping thread is read without being woken.
 */
#ifndef SUT_PROCESS_LOOK_H
#define SUT_PROCESS_LOOK_H

#include "process/runtime.h"

enum sut_look {
	SUT_LOOK_SWITCHED, /* carries the target version's mark */
	SUT_LOOK_CLEAN, /* at one instant: asleep (or stopped by us), no word of the version left */
	SUT_LOOK_GONE,
	SUT_LOOK_RUNNING, /* and has not passed a patched function since */
	SUT_LOOK_FRAME, /* a word on its stack leads into the version left, or a pending decision */
	SUT_LOOK_INSIDE,  /* its program counter is in there */
	SUT_LOOK_FAULT,   /* asleep outside a system call */
	SUT_LOOK_FOREIGN, /* on a stack that is not its own */
	SUT_LOOK_CARVED,  /* a coroutine's stack lies in a frame of its own one */
	SUT_LOOK_LENT,    /* see sut_thread_lends_memory() */
};

struct sut_blocker {
	pid_t tid;
	enum sut_look look;
	long syscall;         /* it sleeps in, or -1 */
	uint32_t func;        /* FRAME, INSIDE: index into the transition's names, or UINT32_MAX */
	const char *function; /* its name, by sut_look_names(); "": not known */
	uint64_t address;     /* FRAME: of the word; INSIDE: the program counter */
};

struct sut_blockers {
	size_t threads; /* looked at */
	size_t count, capacity;
	struct sut_blocker *list;
	uint64_t foreign; /* decisions that were taken on a stack that is no thread's own */
};

/* A transition as the looks need it. */
struct sut_looker {
	struct sut_runtime *runtime;
	struct sut_rt_transition t;
	const struct sut_rt_range *ranges;
	struct sut_arena *arena;
};

/* Of a transition in the target. */
enum sut_rc sut_looker_init(struct sut_looker *looker, struct sut_runtime *runtime,
			    uint64_t transition, struct sut_arena *arena, struct sut_diag *diag);

/*
 * Looks at all threads. stop_running: one that runs and has not gone over is stopped for the
 * moment of a look (invisible in user mode). No blocker in the result: all were switched or clean,
 * each at an instant after the call began, or the transition takes nobody anywhere: what it
 * disables lies under other patches, and nobody has run it since they came.
 */
enum sut_rc sut_look_all(struct sut_looker *looker, bool stop_running,
			 struct sut_blockers *blockers, struct sut_diag *diag);

/* Does a word in [from, to) say that a coroutine begins there? Yes where it cannot be read. */
bool sut_look_carved(const struct sut_looker *looker, uint64_t from, uint64_t to);

/* Finds the names of the functions that blockers are in. */
void sut_look_names(const struct sut_looker *looker, struct sut_blockers *blockers);

/* "running", "frame", ... */
const char *sut_look_name(enum sut_look look);

/*
 * Sees whether the program switches stacks (runtime->per_stack): a sleeping thread is on one that
 * is not its own. Refuses one with threads whose words in the thread control block are in use by
 * somebody else.
 */
enum sut_rc sut_look_before(struct sut_runtime *runtime, struct sut_arena *arena,
			    struct sut_diag *diag);

#endif
