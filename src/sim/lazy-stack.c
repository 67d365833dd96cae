// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a scan sees. A thread's stack is a list of activities that wait, the outermost first: those
 * that called are seen by their return addresses, those that a signal interrupted by the program
 * counters in the signal frames. False hits are not here: they are a free choice at each scan.
 */
#include "sim/lazy-model.h"

/* Stack pointers: a deeper one is less. */
enum { SP_BELOW = 60, SP_OWN = 120, SP_ABOVE = 180 };

int sut_lazy_alternate_at(const struct sut_lazy_thread *t)
{
	for (int i = t->depth; i--;)
		if (t->stack[i].left == SUT_LAZY_SIGNALLED_ALT)
			return i;
	return -1;
}

bool sut_lazy_on_own_stack(const struct sut_lazy_world *w, const struct sut_lazy_thread *t)
{
	if (w->switches)
		return !t->away || w->switches == SUT_LAZY_SWITCHES_CARVED;
	return w->alternate == SUT_LAZY_ALTERNATE_INSIDE || sut_lazy_alternate_at(t) < 0;
}

uint8_t sut_lazy_sp(const struct sut_lazy_world *w, const struct sut_lazy_thread *t)
{
	int top = SP_OWN;

	if (t->away)
		top = w->switches == SUT_LAZY_SWITCHES_CARVED ? SP_ABOVE : SP_BELOW;
	if (sut_lazy_alternate_at(t) >= 0)
		top = w->alternate == SUT_LAZY_ALTERNATE_BELOW ? SP_BELOW : SP_ABOVE;
	return (uint8_t)(top - t->depth);
}

bool sut_lazy_hit(const struct sut_lazy_world *w, const struct sut_lazy_act *a, int version,
		  bool core)
{
	bool left = version >= 0 && a->version == (unsigned int)version;

	if (a->pc >= SUT_LAZY_THUNK_MARK)
		return core;
	switch ((enum sut_lazy_pc)a->pc) {
	case SUT_LAZY_BODY:
		return left &&
		       (a->left != SUT_LAZY_CALLED_LAST || sut_lazy_rule_on(w, SUT_LAZY_RULE_END));
	case SUT_LAZY_START:
		/* The original begins in its head, which lies among the thunks. */
		if (a->version == 0)
			return core;
		return left && sut_lazy_rule_on(w, SUT_LAZY_RULE_START);
	case SUT_LAZY_ENTRY:
		return version >= 0 && sut_lazy_rule_on(w, SUT_LAZY_RULE_ENTRY) &&
		       sut_lazy_edge_target(w, (unsigned int)version, a->fn);
	default:
		return false;
	}
}

bool sut_lazy_stack_hit(const struct sut_lazy_world *w, const struct sut_lazy_thread *t,
			int version, bool core)
{
	int first = sut_lazy_alternate_at(t);

	/* Whose array is the coroutine's stack, its first word is on the stack of both. */
	if (w->switches == SUT_LAZY_SWITCHES_CARVED && sut_lazy_rule_on(w, SUT_LAZY_RULE_BOTTOM))
		return true;
	/* The signal frame on an alternate stack holds the interrupted program counter. */
	for (int i = first < 0 ? 0 : first; i < t->depth; i++)
		if (sut_lazy_hit(w, &t->stack[i], version, core))
			return true;
	return false;
}

/* Whose own stack it is: who runs, or who runs the coroutine meanwhile. NULL: the coroutine's. */
static const struct sut_lazy_thread *owner(const struct sut_lazy_world *w,
					   const struct sut_lazy_state *s, unsigned int stack)
{
	if (stack < w->threads)
		return s->thread[stack].away ? NULL : &s->thread[stack];
	for (unsigned int i = 0; i < w->threads; i++)
		if (s->thread[i].away)
			return &s->thread[i];
	return NULL;
}

bool sut_lazy_search_hit(const struct sut_lazy_world *w, const struct sut_lazy_state *s,
			 int version, uint8_t mark)
{
	for (unsigned int i = 0; i < sut_lazy_stacks(w); i++) {
		const struct sut_lazy_thread *t = &s->thread[i], *of = owner(w, s, i);
		bool skipped = of && of->mark == mark;
		/* The pc of what is suspended is a word like others. */
		bool seen =
			i < w->threads ? sut_lazy_rule_on(w, SUT_LAZY_RULE_SEARCH_STOP) : !skipped;

		if (seen && sut_lazy_hit(w, &t->now, version, true))
			return true;
		for (unsigned int k = 0; k < t->depth && !skipped; k++)
			if (sut_lazy_hit(w, &t->stack[k], version, true))
				return true;
	}
	return false;
}

bool sut_lazy_unpatched(const struct sut_lazy_act *a)
{
	return a->pc == SUT_LAZY_ROOT || a->pc == SUT_LAZY_HANDLER || a->pc == SUT_LAZY_LEAF;
}
