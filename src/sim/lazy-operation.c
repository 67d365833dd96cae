// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What runs inside the process: the operations that a controller sends into a thread, which go on
 * without it (src/process/rt/run.c), and the loader of a late object. One poke is one step.
 */
#include "sim/lazy-model.h"

/* COMMIT: begin, pokes, synchronise, arm. Without its rule, arm comes before the last poke. */
static enum sut_lazy_op_step commit_step(const struct sut_lazy_world *w, unsigned int step,
					 unsigned int *fn)
{
	unsigned int first = w->functions;
	bool sync = w->base == SUT_LAZY_FIRST && sut_lazy_rule_on(w, SUT_LAZY_RULE_SERIALIZE);

	if (!sut_lazy_rule_on(w, SUT_LAZY_RULE_ARM_LAST))
		first--;
	if (step == 0)
		return SUT_LAZY_OP_BEGIN;
	step--;
	if (step < first) {
		*fn = step;
		return SUT_LAZY_OP_POKE;
	}
	step -= first;
	if (sync && step-- == 0)
		return SUT_LAZY_OP_SYNC;
	if (step == 0)
		return SUT_LAZY_OP_ARM;
	*fn = first;
	return first + step - 1 < w->functions ? SUT_LAZY_OP_POKE : SUT_LAZY_OP_END;
}

enum sut_lazy_op_step sut_lazy_op_next(const struct sut_lazy_world *w,
				       const struct sut_lazy_state *s, unsigned int *fn)
{
	*fn = 0;
	if (s->op == SUT_LAZY_OP_COMMIT)
		return commit_step(w, s->op_step, fn);
	if (s->op == SUT_LAZY_OP_REVERSE)
		return s->op_step < 3 ? SUT_LAZY_OP_COUNT + s->op_step : SUT_LAZY_OP_END;
	if (s->op == SUT_LAZY_OP_CLOSE && s->op_step == 0)
		return SUT_LAZY_OP_COMPARE;
	*fn = s->op_step - 1u;
	if (s->op == SUT_LAZY_OP_CLOSE && *fn >= w->functions)
		return SUT_LAZY_OP_END;
	if (s->op == SUT_LAZY_OP_UNDO && s->op_step == 0)
		return SUT_LAZY_OP_END;
	return SUT_LAZY_OP_POKE;
}

size_t sut_lazy_process_steps(const struct sut_lazy_world *w, const struct sut_lazy_state *s,
			      uint32_t *steps)
{
	unsigned int fn;
	size_t n = 0;

	if (w->late && !s->loaded)
		steps[n++] = sut_lazy_step(SUT_LAZY_PROCESS, SUT_LAZY_DO_LOAD, 0);
	if (s->overlooked && s->op == SUT_LAZY_OP_NONE)
		steps[n++] = sut_lazy_step(SUT_LAZY_PROCESS, SUT_LAZY_DO_OVERLOOKED, 0);
	if (s->op == SUT_LAZY_OP_NONE || s->op == SUT_LAZY_OP_ORPHAN)
		return n;
	steps[n++] = sut_lazy_step(SUT_LAZY_PROCESS, SUT_LAZY_DO_OPERATION, 0);
	if (w->fails && s->op == SUT_LAZY_OP_COMMIT &&
	    sut_lazy_op_next(w, s, &fn) == SUT_LAZY_OP_POKE)
		steps[n++] = sut_lazy_step(SUT_LAZY_PROCESS, SUT_LAZY_DO_FAIL, 0);
	return n;
}

static void poke(const struct sut_lazy_world *w, struct sut_lazy_state *s, unsigned int fn,
		 uint8_t entry)
{
	if (s->entry[fn] == entry)
		return;
	s->entry_before[fn] = s->entry[fn];
	s->entry[fn] = entry;
	for (unsigned int i = 0; i < w->threads; i++)
		if (s->thread[i].now.pc != SUT_LAZY_DEAD)
			s->thread[i].stale |= (uint8_t)(1u << fn);
}

static uint8_t poked(const struct sut_lazy_state *s)
{
	const struct sut_lazy_transition *tr = &s->t[s->k];

	switch ((enum sut_lazy_op)s->op) {
	case SUT_LAZY_OP_COMMIT:
		return (uint8_t)(SUT_LAZY_TO_THUNK + s->k);
	case SUT_LAZY_OP_CLOSE:
		return sut_lazy_target(tr, tr->dir);
	case SUT_LAZY_OP_UNDO:
	case SUT_LAZY_OP_REVERSE:
	case SUT_LAZY_OP_NONE:
	case SUT_LAZY_OP_ORPHAN:
		break;
	}
	return s->base;
}

static void begin(struct sut_lazy_state *s)
{
	if (!s->running)
		s->count++;
	s->running = 1;
}

/* The operation is over; a controller that waits goes on, unless the transition is over, too. */
static void end(const struct sut_lazy_world *w, struct sut_lazy_state *s)
{
	struct sut_lazy_transition *tr = &s->t[s->k];
	bool over = s->op == SUT_LAZY_OP_CLOSE || s->op == SUT_LAZY_OP_UNDO;

	if (s->op == SUT_LAZY_OP_CLOSE)
		s->base = sut_lazy_target(tr, tr->dir);
	if (s->op == SUT_LAZY_OP_UNDO)
		s->count--;
	s->op = SUT_LAZY_OP_NONE;
	s->op_step = s->op_moved = 0;
	if (over) {
		s->running = s->overlooked = 0;
		sut_lazy_control_gone(w, s);
	} else if (s->control == SUT_LAZY_WAIT) {
		s->control = SUT_LAZY_READY;
	}
}

void sut_lazy_count(struct sut_lazy_state *s)
{
	if (s->control >= SUT_LAZY_LIST)
		s->moved = 1;
	if (s->op == SUT_LAZY_OP_CLOSE && s->op_step == 0)
		s->op_moved = 1;
	if (s->overlooked)
		s->overlooked = 2;
}

/* Closed, or lost because somebody gave a source answer since the count was read. */
static void compare(const struct sut_lazy_world *w, struct sut_lazy_state *s)
{
	struct sut_lazy_transition *tr = &s->t[s->k];

	if (tr->closed || !s->op_moved || !sut_lazy_rule_on(w, SUT_LAZY_RULE_CLOSE_COMPARES)) {
		tr->closed = 1;
		s->op_step++;
		return;
	}
	s->op = SUT_LAZY_OP_NONE;
	s->op_step = s->op_moved = 0;
	if (s->control != SUT_LAZY_WAIT)
		return;
	if (sut_lazy_rule_on(w, SUT_LAZY_RULE_LOOK_AGAIN))
		sut_lazy_follow(w, s);
	else
		s->control = SUT_LAZY_LOOK;
}

static void operate(const struct sut_lazy_world *w, struct sut_lazy_state *s)
{
	unsigned int fn;
	enum sut_lazy_op_step next = sut_lazy_op_next(w, s, &fn);
	bool last = false;

	switch (next) {
	case SUT_LAZY_OP_BEGIN:
		begin(s);
		break;
	case SUT_LAZY_OP_POKE:
		poke(w, s, fn, poked(s));
		break;
	case SUT_LAZY_OP_SYNC:
		for (unsigned int i = 0; i < w->threads; i++)
			s->thread[i].stale = 0;
		break;
	case SUT_LAZY_OP_ARM:
		s->t[s->k].armed = 1;
		break;
	case SUT_LAZY_OP_COUNT:
		last = !sut_lazy_reversible(w, &s->t[s->k]);
		if (!last && sut_lazy_rule_on(w, SUT_LAZY_RULE_REVERSE_COUNTS))
			sut_lazy_count(s);
		break;
	case SUT_LAZY_OP_DIR:
		s->t[s->k].dir++;
		break;
	case SUT_LAZY_OP_COPY:
		s->t[s->k].copy = s->t[s->k].dir;
		break;
	case SUT_LAZY_OP_COMPARE:
		compare(w, s);
		return;
	case SUT_LAZY_OP_END:
		last = true;
		break;
	}
	if (s->op == SUT_LAZY_OP_UNDO)
		s->op_step--;
	else
		s->op_step++;
	if (last || sut_lazy_op_next(w, s, &fn) == SUT_LAZY_OP_END)
		end(w, s);
}

void sut_lazy_process_apply(const struct sut_lazy_world *w, struct sut_lazy_state *s, uint32_t step)
{
	unsigned int last = w->functions - 1u;

	switch ((enum sut_lazy_process_action)sut_lazy_action(step)) {
	case SUT_LAZY_DO_OPERATION:
		operate(w, s);
		return;
	case SUT_LAZY_DO_FAIL:
		s->op = SUT_LAZY_OP_UNDO;
		if (--s->op_step == 0) /* it was the first */
			end(w, s);
		return;
	case SUT_LAZY_DO_OVERLOOKED:
		s->op = SUT_LAZY_OP_CLOSE;
		s->op_moved = s->overlooked - 1;
		s->overlooked = 0;
		return;
	case SUT_LAZY_DO_LOAD:
		/* The loader gives it the entries that it would have by now. */
		s->loaded = 1;
		if (!sut_lazy_rule_on(w, SUT_LAZY_RULE_LATE_OBJECT))
			s->entry[last] = s->entry_before[last] = 0;
		return;
	}
}
