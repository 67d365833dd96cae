// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The thunk and the decision, a step for each word that they read or write. The order of the steps
 * is a table for each set of rules, so that they differ where the table differs; what a rule does
 * that is switched off is left out.
 */
#include "sim/lazy-model.h"

/* src/process/thunk.c and src/process/rt/decide.c */
static const uint8_t project[] = {
	SUT_LAZY_ARMED,  SUT_LAZY_SERIALIZE, SUT_LAZY_FOREIGN_FIRST, SUT_LAZY_NESTED,
	SUT_LAZY_BUSY,   SUT_LAZY_DIR,       SUT_LAZY_EPOCH,         SUT_LAZY_VERSION,
	SUT_LAZY_CLOSED, SUT_LAZY_SWITCHED,  SUT_LAZY_CERTIFICATE,   SUT_LAZY_FOREIGN,
	SUT_LAZY_TAIL,   SUT_LAZY_SCAN,
};

/* Rules 3 to 10 as they were first written down; the process synchronises when it arms. */
static const uint8_t first_rules[] = {
	SUT_LAZY_ARMED,   SUT_LAZY_NESTED,  SUT_LAZY_BUSY,     SUT_LAZY_DIR,
	SUT_LAZY_EPOCH,   SUT_LAZY_CLOSED,  SUT_LAZY_SWITCHED, SUT_LAZY_CERTIFICATE,
	SUT_LAZY_VERSION, SUT_LAZY_FOREIGN, SUT_LAZY_TAIL,     SUT_LAZY_SCAN,
};

/* As the project's, but the mark is read first and what was read then is believed. */
static const uint8_t early_mark[] = {
	SUT_LAZY_VERSION, SUT_LAZY_ARMED,    SUT_LAZY_SERIALIZE,   SUT_LAZY_FOREIGN_FIRST,
	SUT_LAZY_NESTED,  SUT_LAZY_BUSY,     SUT_LAZY_DIR,         SUT_LAZY_EPOCH,
	SUT_LAZY_CLOSED,  SUT_LAZY_SWITCHED, SUT_LAZY_CERTIFICATE, SUT_LAZY_FOREIGN,
	SUT_LAZY_TAIL,    SUT_LAZY_SCAN,
};

static const uint8_t *sequence(const struct sut_lazy_world *w)
{
	if (!sut_lazy_rule_on(w, SUT_LAZY_RULE_MARK_AFTER_BUSY))
		return early_mark;
	return w->base == SUT_LAZY_PROJECT ? project : first_rules;
}

/* Is this step in the world at all? */
static bool takes(const struct sut_lazy_world *w, uint8_t pc)
{
	switch ((enum sut_lazy_pc)pc) {
	case SUT_LAZY_FOREIGN_FIRST:
	case SUT_LAZY_FOREIGN:
		return (w->alternate || w->switches) &&
		       sut_lazy_rule_on(w, SUT_LAZY_RULE_FOREIGN) &&
		       sut_lazy_rule_on(w, SUT_LAZY_RULE_FOREIGN_FIRST) ==
			       (pc == SUT_LAZY_FOREIGN_FIRST);
	case SUT_LAZY_NESTED:
		return sut_lazy_rule_on(w, SUT_LAZY_RULE_BUSY);
	case SUT_LAZY_SERIALIZE:
		return sut_lazy_rule_on(w, SUT_LAZY_RULE_SERIALIZE);
	case SUT_LAZY_CLOSED:
		return sut_lazy_rule_on(w, SUT_LAZY_RULE_CLOSED_FIRST);
	case SUT_LAZY_CERTIFICATE:
		return !w->no_certificates;
	case SUT_LAZY_TAIL:
		return sut_lazy_any_edges(w) && sut_lazy_rule_on(w, SUT_LAZY_RULE_TAIL) &&
		       sut_lazy_rule_on(w, SUT_LAZY_RULE_RECORDS);
	default:
		return true;
	}
}

static uint8_t first(const struct sut_lazy_world *w)
{
	const uint8_t *pc = sequence(w);

	while (!takes(w, *pc))
		pc++;
	return *pc;
}

/* The step after this one; SCAN, the last, has none. */
static uint8_t next(const struct sut_lazy_world *w, uint8_t at)
{
	const uint8_t *pc = sequence(w);

	while (*pc != at)
		pc++;
	do
		pc++;
	while (!takes(w, *pc));
	return *pc;
}

/* The answer is known. What the decision had in registers is gone. */
static void leave(const struct sut_lazy_world *w, struct sut_lazy_thread *t)
{
	struct sut_lazy_act *a = &t->now;

	a->pc = SUT_LAZY_JUMP;
	a->d = 0;
	a->tail = a->nested = a->holds = 0;
	if (!sut_lazy_rule_on(w, SUT_LAZY_RULE_NO_SLOT))
		t->slot = (uint8_t)(4 * a->fn + a->version);
}

static void finish(const struct sut_lazy_world *w, struct sut_lazy_thread *t)
{
	if (t->now.holds)
		t->now.pc = SUT_LAZY_RELEASE;
	else
		leave(w, t);
}

static void void_records(struct sut_lazy_thread *t)
{
	t->known = t->record_sp = t->record_fn = t->overflow_sp = 0;
}

/* Words that belong to another transition or direction are void. */
static void begin_epoch(const struct sut_lazy_world *w, struct sut_lazy_thread *t)
{
	uint8_t now = sut_lazy_epoch(t->now.k, t->now.d);
	uint8_t before = t->epoch;

	if (before == now)
		return;
	t->epoch = now;
	if (before && (before - 1) / 4 == (now - 1) / 4 &&
	    !sut_lazy_rule_on(w, SUT_LAZY_RULE_KNOWN_REVERSAL))
		return;
	void_records(t);
}

/* Rule 11, first half: no source answer is given uncounted, and none after closing. */
static void count(const struct sut_lazy_world *w, struct sut_lazy_state *s,
		  struct sut_lazy_thread *t)
{
	struct sut_lazy_act *a = &t->now;
	struct sut_lazy_transition *tr = &s->t[a->k];
	bool counted = sut_lazy_rule_on(w, SUT_LAZY_RULE_COUNT);

	if (tr->closed && sut_lazy_rule_on(w, SUT_LAZY_RULE_COUNT_CLOSED)) {
		a->version = sut_lazy_target(tr, a->d);
		if (w->base == SUT_LAZY_FIRST && !a->nested)
			a->pc = SUT_LAZY_STORE;
		else
			finish(w, t);
		return;
	}
	if (a->nested && !sut_lazy_rule_on(w, SUT_LAZY_RULE_COUNT_NESTED))
		counted = false;
	if (!sut_lazy_on_own_stack(w, t) && !sut_lazy_rule_on(w, SUT_LAZY_RULE_COUNT_FOREIGN))
		counted = false;
	if (counted)
		sut_lazy_count(s);
	a->pc = SUT_LAZY_ANSWERED;
}

void sut_lazy_forget_answer(const struct sut_lazy_world *w, struct sut_lazy_thread *t)
{
	if (!sut_lazy_rule_on(w, SUT_LAZY_RULE_ANSWER_NUMBER) ||
	    !sut_lazy_rule_on(w, SUT_LAZY_RULE_COUNT_GOES_ON))
		return;
	if (t->certificate == SUT_LAZY_ANSWER)
		t->certificate = SUT_LAZY_ANSWER_PAST;
	if (t->pending == 1 + SUT_LAZY_ANSWER)
		t->pending = 1 + SUT_LAZY_ANSWER_PAST;
}

/* The answer has a number, which certificates name. */
static void answered(const struct sut_lazy_world *w, struct sut_lazy_transition *tr,
		     struct sut_lazy_thread *t)
{
	if (t->now.nested && !sut_lazy_rule_on(w, SUT_LAZY_RULE_ANSWERS_NESTED))
		return;
	if (!sut_lazy_on_own_stack(w, t) && !sut_lazy_rule_on(w, SUT_LAZY_RULE_ANSWERS_FOREIGN))
		return;
	if (!sut_lazy_rule_on(w, SUT_LAZY_RULE_ANSWER_NUMBER)) {
		t->answer += t->answer < SUT_LAZY_ANSWERS;
	} else if (!sut_lazy_rule_on(w, SUT_LAZY_RULE_COUNT_GOES_ON)) {
		tr->answers += tr->answers < SUT_LAZY_ANSWERS;
		t->answer = tr->answers;
	} else {
		sut_lazy_forget_answer(w, t);
		t->answer = SUT_LAZY_ANSWER;
	}
}

/* The answer of a decision that must not touch the thread's words. */
static void nested(const struct sut_lazy_world *w, const struct sut_lazy_transition *tr,
		   struct sut_lazy_thread *t)
{
	struct sut_lazy_act *a = &t->now;

	a->d = tr->dir;
	a->pc = SUT_LAZY_COUNT;
	if (a->version == sut_lazy_target(tr, a->d) &&
	    !sut_lazy_rule_on(w, SUT_LAZY_RULE_COUNT_NESTED_TARGET))
		leave(w, t);
}

static bool is_new(const struct sut_lazy_world *w, const struct sut_lazy_thread *t)
{
	return t->mark == sut_lazy_mark(w, t->now.k, SUT_LAZY_NEW);
}

/* Has it the mark of the target? Without its rule, what was read of it before busy is believed. */
static bool has_switched(const struct sut_lazy_world *w, const struct sut_lazy_transition *tr,
			 const struct sut_lazy_thread *t)
{
	if (!sut_lazy_rule_on(w, SUT_LAZY_RULE_MARK_AFTER_BUSY) && !(t->now.d & 1))
		return t->now.version == tr->to;
	return t->mark == sut_lazy_target_mark(w, t->now.k, t->now.d);
}

static void store(const struct sut_lazy_world *w, const struct sut_lazy_transition *tr,
		  struct sut_lazy_thread *t)
{
	struct sut_lazy_act *a = &t->now;
	unsigned int d = sut_lazy_rule_on(w, SUT_LAZY_RULE_DIR_ONCE) ? a->d : tr->dir;

	t->mark = sut_lazy_target_mark(w, a->k, d);
	a->version = sut_lazy_target(tr, a->d);
	finish(w, t);
}

/* Where stacks are switched the mark says nothing on any but the thread's own. */
static bool mark_counts(const struct sut_lazy_world *w, const struct sut_lazy_thread *t)
{
	return !w->switches || sut_lazy_on_own_stack(w, t) ||
	       !sut_lazy_rule_on(w, SUT_LAZY_RULE_PER_STACK);
}

static void go_nested(struct sut_lazy_act *a)
{
	a->nested = 1;
	a->pc = SUT_LAZY_NESTED_VERSION;
}

static void thunk_reads_dir(const struct sut_lazy_world *w, const struct sut_lazy_transition *tr,
			    struct sut_lazy_thread *t)
{
	t->now.pc = first(w);
	if ((tr->copy & 1) && sut_lazy_rule_on(w, SUT_LAZY_RULE_DIR_FAST))
		return;
	t->now.version = tr->to;
	leave(w, t);
}

static bool inside_another(const struct sut_lazy_world *w, const struct sut_lazy_thread *t)
{
	return t->busy &&
	       (sut_lazy_sp(w, t) < t->busy || !sut_lazy_rule_on(w, SUT_LAZY_RULE_BUSY_LEFT_OVER));
}

/* The steps up to the judgement. true: the next one of the table follows. */
static bool begin(const struct sut_lazy_world *w, struct sut_lazy_state *s,
		  struct sut_lazy_thread *t)
{
	struct sut_lazy_act *a = &t->now;
	const struct sut_lazy_transition *tr = &s->t[a->k];

	switch ((enum sut_lazy_pc)a->pc) {
	case SUT_LAZY_FOREIGN_FIRST:
		if (sut_lazy_on_own_stack(w, t))
			return true;
		go_nested(a);
		return false;
	case SUT_LAZY_NESTED:
		if (!inside_another(w, t))
			return true;
		go_nested(a);
		return false;
	case SUT_LAZY_BUSY:
		t->busy = sut_lazy_sp(w, t);
		a->holds = 1;
		return true;
	case SUT_LAZY_DIR:
		a->d = tr->dir;
		return true;
	case SUT_LAZY_EPOCH:
		begin_epoch(w, t);
		return true;
	case SUT_LAZY_ARMED:
		if (tr->armed || !sut_lazy_rule_on(w, SUT_LAZY_RULE_ARMED))
			return true;
		a->version = tr->from;
		if (sut_lazy_rule_on(w, SUT_LAZY_RULE_ANSWERS_UNARMED))
			a->pc = SUT_LAZY_UNARMED;
		else
			leave(w, t);
		return false;
	case SUT_LAZY_SERIALIZE:
		t->stale = 0;
		return true;
	default:
		return false;
	}
}

/* Steps that are in no table: before it, inside another decision, and those that answer. */
static void answer(const struct sut_lazy_world *w, struct sut_lazy_state *s,
		   struct sut_lazy_thread *t)
{
	struct sut_lazy_act *a = &t->now;
	const struct sut_lazy_transition *tr = &s->t[a->k];

	switch ((enum sut_lazy_pc)a->pc) {
	case SUT_LAZY_THUNK_MARK:
		a->pc = is_new(w, t) && mark_counts(w, t) ? SUT_LAZY_THUNK_DIR : first(w);
		return;
	case SUT_LAZY_THUNK_DIR:
		thunk_reads_dir(w, tr, t);
		return;
	case SUT_LAZY_NESTED_VERSION:
		a->version = is_new(w, t) && mark_counts(w, t) ? tr->to : tr->from;
		a->pc = SUT_LAZY_NESTED_DIR;
		return;
	case SUT_LAZY_NESTED_DIR:
		nested(w, tr, t);
		return;
	case SUT_LAZY_UNARMED:
		t->answer += t->answer < SUT_LAZY_ANSWERS;
		leave(w, t);
		return;
	case SUT_LAZY_STORE:
		store(w, tr, t);
		return;
	case SUT_LAZY_COUNT:
		count(w, s, t);
		return;
	case SUT_LAZY_ANSWERED:
		answered(w, &s->t[a->k], t);
		if (!a->nested && sut_lazy_any_edges(w))
			a->pc = SUT_LAZY_PUSH;
		else
			finish(w, t);
		return;
	case SUT_LAZY_PUSH:
		sut_lazy_record(w, tr, t);
		finish(w, t);
		return;
	case SUT_LAZY_RELEASE:
		t->busy = 0;
		leave(w, t);
		return;
	default:
		return;
	}
}

void sut_lazy_decide(const struct sut_lazy_world *w, struct sut_lazy_state *s,
		     struct sut_lazy_thread *t, unsigned int choice)
{
	struct sut_lazy_act *a = &t->now;
	const struct sut_lazy_transition *tr = &s->t[a->k];
	bool on = true;

	switch ((enum sut_lazy_pc)a->pc) {
	case SUT_LAZY_VERSION:
		a->version = is_new(w, t) ? tr->to : tr->from;
		break;
	case SUT_LAZY_SWITCHED:
		on = !has_switched(w, tr, t);
		if (!on) {
			a->version = sut_lazy_target(tr, a->d);
			finish(w, t);
		}
		break;
	case SUT_LAZY_CLOSED:
	case SUT_LAZY_CERTIFICATE:
	case SUT_LAZY_FOREIGN:
	case SUT_LAZY_TAIL:
	case SUT_LAZY_SCAN:
	case SUT_LAZY_KNOWN:
		on = sut_lazy_judge(w, tr, t, choice);
		break;
	case SUT_LAZY_FOREIGN_FIRST:
	case SUT_LAZY_NESTED:
	case SUT_LAZY_BUSY:
	case SUT_LAZY_DIR:
	case SUT_LAZY_EPOCH:
	case SUT_LAZY_ARMED:
	case SUT_LAZY_SERIALIZE:
		on = begin(w, s, t);
		break;
	default:
		answer(w, s, t);
		on = false;
		break;
	}
	if (on)
		a->pc = next(w, a->pc);
}
