/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the files of the lazy model: steps, and what several of them ask about a state. */
#ifndef SUT_SIM_LAZY_MODEL_H
#define SUT_SIM_LAZY_MODEL_H

#include "sim/lazy.h"

/* A step is an actor, an action of it, and what the action is applied to. */
enum { SUT_LAZY_CONTROLLER = 14, SUT_LAZY_PROCESS = 15 }; /* below: threads */

static inline uint32_t sut_lazy_step(unsigned int actor, unsigned int action, unsigned int arg)
{
	return actor << 16 | action << 8 | arg;
}

static inline unsigned int sut_lazy_actor(uint32_t step)
{
	return step >> 16;
}

static inline unsigned int sut_lazy_action(uint32_t step)
{
	return step >> 8 & 0xff;
}

static inline unsigned int sut_lazy_arg(uint32_t step)
{
	return step & 0xff;
}

enum sut_lazy_thread_action {
	SUT_LAZY_DO_STEP, /* arg: which outcome, of those that the environment chooses between */
	SUT_LAZY_DO_CALL,
	SUT_LAZY_DO_CALL_LAST,
	SUT_LAZY_DO_TAIL_CALL,
	SUT_LAZY_DO_LEAF,
	SUT_LAZY_DO_RETURN,
	SUT_LAZY_DO_SIGNAL,
	SUT_LAZY_DO_SIGNAL_ALT,
	SUT_LAZY_DO_JUMP, /* longjmp() */
	SUT_LAZY_DO_EXIT,
	SUT_LAZY_DO_EXIT_UNMAP,
	SUT_LAZY_DO_BIRTH,
	SUT_LAZY_DO_FORK,
	SUT_LAZY_DO_SWITCH,
};

enum sut_lazy_controller_action {
	SUT_LAZY_DO_BEGIN,
	SUT_LAZY_DO_GO, /* the one thing that is next */
	SUT_LAZY_DO_START,
	SUT_LAZY_DO_REVERSE,
	SUT_LAZY_DO_FOLLOW,
	SUT_LAZY_DO_OVERLOOK, /* a CLOSE that has not begun */
	SUT_LAZY_DO_MISS,     /* a thread, when listing */
	SUT_LAZY_DO_LOOK_MARK,
	SUT_LAZY_DO_LOOK_ASLEEP,
	SUT_LAZY_DO_LOOK_PC,
	SUT_LAZY_DO_LOOK_STOPPED,
	SUT_LAZY_DO_MARK_STOPPED,
	SUT_LAZY_DO_AGAIN,
	SUT_LAZY_DO_SEARCH,
	SUT_LAZY_DO_CLOSE,
	SUT_LAZY_DO_DIE,
};

enum sut_lazy_process_action {
	SUT_LAZY_DO_OPERATION, /* the next step of the operation */
	SUT_LAZY_DO_FAIL,
	SUT_LAZY_DO_LOAD,
	SUT_LAZY_DO_OVERLOOKED, /* it begins */
};

/* What the next step of an operation is; arg: a function. */
enum sut_lazy_op_step {
	SUT_LAZY_OP_BEGIN,
	SUT_LAZY_OP_POKE,
	SUT_LAZY_OP_SYNC,
	SUT_LAZY_OP_ARM,
	SUT_LAZY_OP_COUNT,
	SUT_LAZY_OP_DIR,
	SUT_LAZY_OP_COPY,
	SUT_LAZY_OP_COMPARE,
	SUT_LAZY_OP_END,
};

static inline bool sut_lazy_rule_on(const struct sut_lazy_world *w, enum sut_lazy_rule rule)
{
	return !(w->off >> rule & 1);
}

enum { SUT_LAZY_NEW = 1, SUT_LAZY_OLD = 2 };

/* The marks N and O of a transition. */
static inline uint8_t sut_lazy_mark(const struct sut_lazy_world *w, unsigned int k, int which)
{
	if (!sut_lazy_rule_on(w, SUT_LAZY_RULE_MARKS_ONCE))
		k = 0;
	return (uint8_t)(2 * k + (unsigned int)which);
}

static inline uint8_t sut_lazy_target_mark(const struct sut_lazy_world *w, unsigned int k,
					   unsigned int d)
{
	return sut_lazy_mark(w, k, d & 1 ? SUT_LAZY_OLD : SUT_LAZY_NEW);
}

static inline uint8_t sut_lazy_target(const struct sut_lazy_transition *t, unsigned int d)
{
	return d & 1 ? t->from : t->to;
}

static inline uint8_t sut_lazy_source(const struct sut_lazy_transition *t, unsigned int d)
{
	return d & 1 ? t->to : t->from;
}

static inline uint8_t sut_lazy_epoch(unsigned int k, unsigned int d)
{
	return (uint8_t)(1 + 4 * k + d);
}

/* Edges of a version: does fn tail-jump to the other function; does that one to fn? */
static inline bool sut_lazy_edge_source(const struct sut_lazy_world *w, unsigned int version,
					unsigned int fn)
{
	return w->edges[version] >> fn & 1;
}

static inline bool sut_lazy_edge_target(const struct sut_lazy_world *w, unsigned int version,
					unsigned int fn)
{
	return w->functions > 1 && sut_lazy_edge_source(w, version, 1 - fn);
}

static inline bool sut_lazy_any_edges(const struct sut_lazy_world *w)
{
	return w->edges[0] || w->edges[1] || w->edges[2];
}

/* Stacks: of the threads, and one that is suspended where stacks are switched. */
static inline unsigned int sut_lazy_stacks(const struct sut_lazy_world *w)
{
	return w->threads + (w->switches != SUT_LAZY_NO_SWITCHES);
}

/* lazy-stack.c */
/* Where on the stack the alternate one begins (its first word is there), or -1. */
int sut_lazy_alternate_at(const struct sut_lazy_thread *t);
bool sut_lazy_on_own_stack(const struct sut_lazy_world *w, const struct sut_lazy_thread *t);
uint8_t sut_lazy_sp(const struct sut_lazy_world *w, const struct sut_lazy_thread *t);
/* Does an activity's address count as code of the version, or as core? */
bool sut_lazy_hit(const struct sut_lazy_world *w, const struct sut_lazy_act *a, int version,
		  bool core);
/* The words from the stack pointer to the end of the stack that it points into. version -1: none */
bool sut_lazy_stack_hit(const struct sut_lazy_world *w, const struct sut_lazy_thread *t,
			int version, bool core);
/* Is a word of any stack, but those of threads that have gone over, or a pc, one of these? */
bool sut_lazy_search_hit(const struct sut_lazy_world *w, const struct sut_lazy_state *s,
			 int version, uint8_t mark);
bool sut_lazy_unpatched(const struct sut_lazy_act *a);

/* lazy-decide.c: one step of a thunk or of a decision */
/* The number of the last answer is another one now, or none: a certificate may name the former. */
void sut_lazy_forget_answer(const struct sut_lazy_world *w, struct sut_lazy_thread *t);
void sut_lazy_decide(const struct sut_lazy_world *w, struct sut_lazy_state *s,
		     struct sut_lazy_thread *t, unsigned int choice);

/* lazy-judge.c: what a decision goes by. true: it goes on with the next step. */
bool sut_lazy_judge(const struct sut_lazy_world *w, const struct sut_lazy_transition *tr,
		    struct sut_lazy_thread *t, unsigned int choice);
/* Notes the old call of a function that may tail-jump. */
void sut_lazy_record(const struct sut_lazy_world *w, const struct sut_lazy_transition *tr,
		     struct sut_lazy_thread *t);
/* How many outcomes the environment chooses between. */
unsigned int sut_lazy_decide_choices(const struct sut_lazy_world *w, const struct sut_lazy_state *s,
				     const struct sut_lazy_thread *t);

/* lazy-thread.c */
size_t sut_lazy_thread_steps(const struct sut_lazy_world *w, const struct sut_lazy_state *s,
			     unsigned int thread, uint32_t *steps);
void sut_lazy_thread_apply(const struct sut_lazy_world *w, struct sut_lazy_state *s, uint32_t step);

/* lazy-control.c: the controller */
size_t sut_lazy_control_steps(const struct sut_lazy_world *w, const struct sut_lazy_state *s,
			      uint32_t *steps);
void sut_lazy_control_apply(const struct sut_lazy_world *w, struct sut_lazy_state *s,
			    uint32_t step);
/* May the transition be reversed now? The controller asks, and in the process the operation. */
bool sut_lazy_reversible(const struct sut_lazy_world *w, const struct sut_lazy_transition *tr);
void sut_lazy_follow(const struct sut_lazy_world *w, struct sut_lazy_state *s);
/* Puts the controller's work away: it died, or ended. */
void sut_lazy_control_gone(const struct sut_lazy_world *w, struct sut_lazy_state *s);

/* lazy-operation.c: what runs inside the process for the controller, and the loader */
size_t sut_lazy_process_steps(const struct sut_lazy_world *w, const struct sut_lazy_state *s,
			      uint32_t *steps);
/* Adds to the count that closing compares. */
void sut_lazy_count(struct sut_lazy_state *s);
void sut_lazy_process_apply(const struct sut_lazy_world *w, struct sut_lazy_state *s,
			    uint32_t step);
enum sut_lazy_op_step sut_lazy_op_next(const struct sut_lazy_world *w,
				       const struct sut_lazy_state *s, unsigned int *fn);

/* lazy-check.c */
const char *sut_lazy_check(const void *world, const void *state);

/* lazy-text.c */
void sut_lazy_describe(const void *world, const void *state, uint32_t step,
		       char text[SUT_EXPLORE_TEXT_MAX]);

#endif
