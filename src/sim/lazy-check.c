// SPDX-License-Identifier: GPL-2.0-or-later
/* The properties P1 to P3 of a state; P4 and P5 are the goal, which lazy.c names. */
#include "sim/lazy-model.h"

static bool runs_version(const struct sut_lazy_act *a)
{
	return a->pc == SUT_LAZY_BODY || a->pc == SUT_LAZY_START;
}

/* One version of the patch on each stack; a frame that waits and one that runs are the same. */
static bool is_mixed(const struct sut_lazy_thread *t)
{
	int seen = -1;

	for (unsigned int i = 0; i <= t->depth; i++) {
		const struct sut_lazy_act *a = i < t->depth ? &t->stack[i] : &t->now;

		if (runs_version(a)) {
			if (seen >= 0 && a->version != (unsigned int)seen)
				return true;
			seen = a->version;
		}
		if (i < t->depth && a->left == SUT_LAZY_SIGNALLED_ALT)
			seen = -1;
	}
	return runs_version(&t->now) && t->now.pred && t->now.pred != t->now.version + 1u;
}

/* Is there a frame of the version on the thread's own stack (or on any of its stacks)? */
static bool has_frame(const struct sut_lazy_thread *t, unsigned int version, bool own)
{
	int end = sut_lazy_alternate_at(t);

	for (int i = 0; i <= t->depth; i++) {
		const struct sut_lazy_act *a = i < t->depth ? &t->stack[i] : &t->now;

		if (own && end >= 0 && i > end)
			return false;
		if (runs_version(a) && a->version == version)
			return true;
	}
	return false;
}

static bool marks_lie(const struct sut_lazy_world *w, const struct sut_lazy_state *s,
		      const struct sut_lazy_thread *t)
{
	const struct sut_lazy_transition *tr = &s->t[s->k];

	const struct sut_lazy_thread *own = t->away ? &s->thread[w->threads] : t;

	return (t->mark == sut_lazy_mark(w, s->k, SUT_LAZY_NEW) &&
		has_frame(own, tr->from, true)) ||
	       (t->mark == sut_lazy_mark(w, s->k, SUT_LAZY_OLD) && has_frame(own, tr->to, true));
}

const char *sut_lazy_check(const void *world, const void *state)
{
	const struct sut_lazy_world *w = world;
	const struct sut_lazy_state *s = state;
	const struct sut_lazy_transition *tr = &s->t[s->k];

	for (unsigned int i = 0; i < sut_lazy_stacks(w); i++) {
		const struct sut_lazy_thread *t = &s->thread[i];

		if (t->now.pc == SUT_LAZY_DEAD)
			continue;
		if ((w->properties & SUT_LAZY_MIX) && t->now.wrong)
			return "P1: another function than the one that was called";
		if ((w->properties & SUT_LAZY_MIX) && is_mixed(t))
			return "P1: two versions in one chain of calls";
		if ((w->properties & SUT_LAZY_MARKS) && s->running && !tr->closed &&
		    marks_lie(w, s, t))
			return "P2: a marked thread has a frame of the other version";
		if ((w->properties & SUT_LAZY_CLOSES) && tr->closed &&
		    has_frame(t, sut_lazy_source(tr, tr->dir), false))
			return "P3: closed, and somebody is in the version that was left";
	}
	return NULL;
}
