// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a decision goes by: the certificate, the scan, and the records of old calls that may have
 * tail-jumped. The numbers of rules are those of the comments in lazy-decide.c.
 */
#include "sim/lazy-model.h"

static bool certified(const struct sut_lazy_world *w, const struct sut_lazy_thread *t)
{
	uint8_t epoch = sut_lazy_epoch(t->now.k, t->now.d);
	bool same = t->certificate_epoch == epoch;

	if (!sut_lazy_rule_on(w, SUT_LAZY_RULE_CERTIFICATE_DIR))
		same = t->certificate_epoch && (t->certificate_epoch - 1) / 4 == (epoch - 1) / 4;
	if (!same || !sut_lazy_rule_on(w, SUT_LAZY_RULE_CERTIFICATE_ANSWERS))
		return same;
	return t->certificate == t->answer && t->answer < SUT_LAZY_ANSWERS;
}

/* Rule 8: have we been tail-jumped to by an old call? differs: the return address does. */
static void look_at_records(const struct sut_lazy_world *w, const struct sut_lazy_transition *tr,
			    struct sut_lazy_thread *t, bool differs)
{
	uint8_t sp = sut_lazy_sp(w, t), source = sut_lazy_source(tr, t->now.d);

	if (t->record_sp && t->record_sp < sp)
		t->record_sp = t->record_fn = 0;
	if (t->overflow_sp && t->overflow_sp < sp)
		t->overflow_sp = 0;
	if (t->record_sp == sp) {
		t->now.tail = !differs && t->record_fn != t->now.fn &&
			      sut_lazy_edge_source(w, source, t->record_fn);
		t->record_sp = t->record_fn = 0;
	} else if (t->overflow_sp && sut_lazy_edge_target(w, source, t->now.fn)) {
		t->now.tail = 1;
	}
}

static bool scan(const struct sut_lazy_world *w, const struct sut_lazy_transition *tr,
		 const struct sut_lazy_thread *t)
{
	int left = sut_lazy_source(tr, t->now.d);

	/* On the way back only those who have run new code can have frames of it. */
	if ((t->now.d & 1) && t->mark != sut_lazy_mark(w, t->now.k, SUT_LAZY_NEW))
		left = -1;
	return sut_lazy_stack_hit(w, t, left, sut_lazy_rule_on(w, SUT_LAZY_RULE_CORE));
}

/* Rule 10: a clean stack does not say that no old call was tail-jumped from. */
static void look_at_known(const struct sut_lazy_world *w, const struct sut_lazy_transition *tr,
			  struct sut_lazy_thread *t)
{
	struct sut_lazy_act *a = &t->now;
	uint8_t source = sut_lazy_source(tr, a->d);

	a->pc = SUT_LAZY_STORE;
	if ((a->d & 1) && t->mark != sut_lazy_mark(w, a->k, SUT_LAZY_NEW))
		return;
	if (!t->known && sut_lazy_edge_target(w, source, a->fn) &&
	    sut_lazy_rule_on(w, SUT_LAZY_RULE_KNOWN))
		a->tail = 1;
	t->known = 1;
	if (!a->tail)
		return;
	a->version = source;
	a->pc = SUT_LAZY_COUNT;
}

/* Rule 11, second half: remember the old call of a function that may tail-jump. */
void sut_lazy_record(const struct sut_lazy_world *w, const struct sut_lazy_transition *tr,
		     struct sut_lazy_thread *t)
{
	uint8_t sp = sut_lazy_sp(w, t);

	if (!t->known || !sut_lazy_edge_source(w, sut_lazy_source(tr, t->now.d), t->now.fn))
		return;
	if (t->record_sp) {
		/* The outermost one that does not fit: those deeper are covered by it. */
		if (!t->overflow_sp && sut_lazy_rule_on(w, SUT_LAZY_RULE_OVERFLOW))
			t->overflow_sp = sp;
		return;
	}
	t->record_sp = sp;
	t->record_fn = (uint8_t)t->now.fn;
}

unsigned int sut_lazy_decide_choices(const struct sut_lazy_world *w, const struct sut_lazy_state *s,
				     const struct sut_lazy_thread *t)
{
	if (t->now.pc == SUT_LAZY_TAIL)
		return t->record_sp == sut_lazy_sp(w, t) && !t->now.pred &&
				       sut_lazy_rule_on(w, SUT_LAZY_RULE_RECORD_RETURN)
			       ? 2
			       : 1;
	if (t->now.pc == SUT_LAZY_SCAN)
		return !w->no_false_hits && !scan(w, &s->t[t->now.k], t) ? 2 : 1;
	return 1;
}

static void scanned(const struct sut_lazy_world *w, struct sut_lazy_thread *t, bool hit)
{
	t->now.pc = SUT_LAZY_STORE;
	if (hit) {
		if (!sut_lazy_rule_on(w, SUT_LAZY_RULE_KNOWN_STAYS))
			t->known = 0;
		t->now.pc = SUT_LAZY_COUNT;
	} else if (sut_lazy_any_edges(w) && sut_lazy_rule_on(w, SUT_LAZY_RULE_TAIL)) {
		t->now.pc = SUT_LAZY_KNOWN;
	}
}

bool sut_lazy_judge(const struct sut_lazy_world *w, const struct sut_lazy_transition *tr,
		    struct sut_lazy_thread *t, unsigned int choice)
{
	struct sut_lazy_act *a = &t->now;

	switch ((enum sut_lazy_pc)a->pc) {
	case SUT_LAZY_CLOSED:
		if (!tr->closed)
			return true;
		a->pc = SUT_LAZY_STORE;
		return false;
	case SUT_LAZY_CERTIFICATE:
		if (!certified(w, t))
			return true;
		a->pc = SUT_LAZY_STORE;
		return false;
	case SUT_LAZY_FOREIGN:
		if (sut_lazy_on_own_stack(w, t))
			return true;
		if (sut_lazy_rule_on(w, SUT_LAZY_RULE_KNOWN_FOREIGN))
			t->known = 0;
		a->pc = SUT_LAZY_COUNT;
		return false;
	case SUT_LAZY_TAIL:
		look_at_records(w, tr, t, choice == 1);
		return true;
	case SUT_LAZY_SCAN:
		scanned(w, t, choice == 1 || scan(w, tr, t));
		return false;
	case SUT_LAZY_KNOWN:
		look_at_known(w, tr, t);
		return false;
	default:
		return false;
	}
}
