// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What threads do: call, tail-call, return, be interrupted by handlers anywhere, jump out of them,
 * end, begin again on the same stack, fork. Which of it comes next is free at every step.
 */
#include "sim/lazy-model.h"

#include <string.h>

static struct sut_lazy_act act(unsigned int pc, unsigned int fn, unsigned int version)
{
	struct sut_lazy_act a;

	memset(&a, 0, sizeof(a));
	a.pc = pc;
	a.fn = fn & 1;
	a.version = version & 3;
	return a;
}

static unsigned int handlers(const struct sut_lazy_thread *t)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < t->depth; i++)
		count += t->stack[i].left >= SUT_LAZY_SIGNALLED;
	return count;
}

static bool may_call(const struct sut_lazy_world *w, const struct sut_lazy_state *s,
		     unsigned int fn)
{
	return fn < w->functions && (fn + 1u < w->functions || !w->late || s->loaded);
}

static unsigned int choices(const struct sut_lazy_world *w, const struct sut_lazy_state *s,
			    const struct sut_lazy_thread *t)
{
	const struct sut_lazy_act *a = &t->now;

	if (a->pc == SUT_LAZY_ENTRY)
		return (t->stale >> a->fn & 1) ? 2 : 1;
	if (a->pc == SUT_LAZY_START || a->pc == SUT_LAZY_JUMP)
		return 1;
	return a->pc >= SUT_LAZY_THUNK_MARK ? sut_lazy_decide_choices(w, s, t) : 0;
}

/* The one program of a world that loops. */
static size_t loop_steps(const struct sut_lazy_world *w, const struct sut_lazy_thread *t,
			 unsigned int thread, uint32_t *steps)
{
	unsigned int fn = t->now.pc == SUT_LAZY_ROOT ? w->functions - 1u : 0;
	bool calls = t->now.pc == SUT_LAZY_ROOT || (t->now.fn && !t->now.called);

	*steps = calls ? sut_lazy_step(thread, SUT_LAZY_DO_CALL, fn)
		       : sut_lazy_step(thread, SUT_LAZY_DO_RETURN, 0);
	return 1;
}

/* What code in C may do: functions, and what calls them. */
static size_t code_steps(const struct sut_lazy_world *w, const struct sut_lazy_state *s,
			 unsigned int thread, uint32_t *steps)
{
	const struct sut_lazy_thread *t = &s->thread[thread];
	bool body = t->now.pc == SUT_LAZY_BODY;
	size_t n = 0;

	if (w->loops)
		return loop_steps(w, t, thread, steps);
	if (body || t->now.pc == SUT_LAZY_LEAF || t->now.pc == SUT_LAZY_HANDLER)
		steps[n++] = sut_lazy_step(thread, SUT_LAZY_DO_RETURN, 0);
	if (t->now.pc == SUT_LAZY_LEAF)
		return n;
	for (unsigned int fn = 0; fn < w->functions; fn++) {
		if (!may_call(w, s, fn))
			continue;
		if (t->depth < w->depth)
			steps[n++] = sut_lazy_step(thread, SUT_LAZY_DO_CALL, fn);
		if (t->depth < w->depth && body && w->last_calls)
			steps[n++] = sut_lazy_step(thread, SUT_LAZY_DO_CALL_LAST, fn);
		if (body && fn != t->now.fn && sut_lazy_edge_source(w, t->now.version, t->now.fn))
			steps[n++] = sut_lazy_step(thread, SUT_LAZY_DO_TAIL_CALL, fn);
	}
	if (body && w->leaf && t->depth < w->depth)
		steps[n++] = sut_lazy_step(thread, SUT_LAZY_DO_LEAF, 0);
	return n;
}

static size_t handler_steps(const struct sut_lazy_world *w, const struct sut_lazy_thread *t,
			    unsigned int thread, uint32_t *steps)
{
	size_t n = 0;

	if (t->depth < w->depth && handlers(t) < w->handlers) {
		steps[n++] = sut_lazy_step(thread, SUT_LAZY_DO_SIGNAL, 0);
		if (w->alternate && sut_lazy_alternate_at(t) < 0)
			steps[n++] = sut_lazy_step(thread, SUT_LAZY_DO_SIGNAL_ALT, 0);
	}
	if (!w->jumps || t->now.pc != SUT_LAZY_HANDLER)
		return n;
	for (unsigned int i = 0; i < t->depth && t->stack[i].left < SUT_LAZY_SIGNALLED; i++)
		steps[n++] = sut_lazy_step(thread, SUT_LAZY_DO_JUMP, i);
	return n;
}

static bool in_code(const struct sut_lazy_thread *t)
{
	return sut_lazy_unpatched(&t->now) || t->now.pc == SUT_LAZY_BODY;
}

/* There is one coroutine, for whoever comes. */
static bool may_switch(const struct sut_lazy_world *w, const struct sut_lazy_state *s,
		       const struct sut_lazy_thread *t)
{
	for (unsigned int i = 0; i < w->threads; i++)
		if (s->thread[i].away)
			return t->away;
	return true;
}

/* What runs and what is suspended change places. */
static void switch_stack(const struct sut_lazy_world *w, struct sut_lazy_state *s,
			 struct sut_lazy_thread *t)
{
	struct sut_lazy_thread *other = &s->thread[w->threads], swap = *t;

	t->now = other->now;
	t->depth = other->depth;
	memcpy(t->stack, other->stack, sizeof(t->stack));
	other->now = swap.now;
	other->depth = swap.depth;
	memcpy(other->stack, swap.stack, sizeof(other->stack));
	t->away = !t->away;
}

size_t sut_lazy_thread_steps(const struct sut_lazy_world *w, const struct sut_lazy_state *s,
			     unsigned int thread, uint32_t *steps)
{
	const struct sut_lazy_thread *t = &s->thread[thread];
	unsigned int outcomes = choices(w, s, t);
	size_t n = 0;

	if (t->now.pc == SUT_LAZY_DEAD) {
		steps[n++] = sut_lazy_step(thread, SUT_LAZY_DO_BIRTH, 0);
		return n;
	}
	for (unsigned int i = 0; i < outcomes; i++)
		steps[n++] = sut_lazy_step(thread, SUT_LAZY_DO_STEP, i);
	if (in_code(t))
		n += code_steps(w, s, thread, steps + n);
	n += handler_steps(w, t, thread, steps + n);
	if (w->exits && (t->now.pc == SUT_LAZY_ROOT || t->now.pc == SUT_LAZY_HANDLER)) {
		steps[n++] = sut_lazy_step(thread, SUT_LAZY_DO_EXIT, 0);
		if (w->unmaps)
			steps[n++] = sut_lazy_step(thread, SUT_LAZY_DO_EXIT_UNMAP, 0);
	}
	if (w->switches && in_code(t) && may_switch(w, s, t))
		steps[n++] = sut_lazy_step(thread, SUT_LAZY_DO_SWITCH, 0);
	if (w->forks && in_code(t))
		steps[n++] = sut_lazy_step(thread, SUT_LAZY_DO_FORK, 0);
	return n;
}

static void push(struct sut_lazy_thread *t, enum sut_lazy_left left, struct sut_lazy_act now)
{
	t->now.left = left;
	t->stack[t->depth++] = t->now;
	t->now = now;
}

/* Back to the i-th activity on the stack. */
static void unwind(struct sut_lazy_thread *t, unsigned int i)
{
	t->now = t->stack[i];
	t->now.left = 0;
	memset(&t->stack[i], 0, (t->depth - i) * sizeof(t->stack[0]));
	t->depth = (uint8_t)i;
}

/* Functions whose entries have been written since the beginning. */
static uint8_t poked(const struct sut_lazy_world *w, const struct sut_lazy_state *s)
{
	uint8_t functions = 0;

	for (unsigned int fn = 0; fn < w->functions; fn++)
		if (s->entry_before[fn] != s->entry[fn])
			functions |= (uint8_t)(1u << fn);
	return functions;
}

/* The bytes of an entry are executed: as they are, or as they were. */
static void enter(struct sut_lazy_thread *t, uint8_t entry)
{
	struct sut_lazy_act *a = &t->now;

	if (entry >= SUT_LAZY_TO_THUNK) {
		a->pc = SUT_LAZY_THUNK_MARK;
		a->k = (entry - SUT_LAZY_TO_THUNK) & 1;
		return;
	}
	a->version = entry & 3;
	a->pc = entry ? SUT_LAZY_START : SUT_LAZY_BODY;
	/* Kept when it is the mix that the check looks for. */
	if (!entry && a->pred == a->version + 1u)
		a->pred = 0;
}

static void jump(const struct sut_lazy_world *w, struct sut_lazy_thread *t)
{
	struct sut_lazy_act *a = &t->now;

	a->pc = SUT_LAZY_START;
	a->k = 0;
	if (sut_lazy_rule_on(w, SUT_LAZY_RULE_NO_SLOT))
		return;
	a->wrong = a->fn != (t->slot >> 2 & 1u);
	a->version = t->slot & 3;
	t->slot = 0;
}

static void run(const struct sut_lazy_world *w, struct sut_lazy_state *s, struct sut_lazy_thread *t,
		unsigned int choice)
{
	struct sut_lazy_act *a = &t->now;

	switch ((enum sut_lazy_pc)a->pc) {
	case SUT_LAZY_ENTRY:
		enter(t, choice ? s->entry_before[a->fn] : s->entry[a->fn]);
		return;
	case SUT_LAZY_START:
		*a = act(SUT_LAZY_BODY, a->fn, a->version);
		return;
	case SUT_LAZY_JUMP:
		jump(w, t);
		return;
	default:
		sut_lazy_decide(w, s, t, choice);
		return;
	}
}

static void leave(struct sut_lazy_state *s, struct sut_lazy_thread *t)
{
	unwind(t, 0);
	t->now = act(SUT_LAZY_DEAD, 0, 0);
	if (t->listed && s->control == SUT_LAZY_LIST_REST)
		s->gone = 1;
	t->listed = t->seen = 0;
	t->stale = 0;
}

/* The stack was given back, and the next one at its place begins with zero words. */
static void forget_words(const struct sut_lazy_world *w, struct sut_lazy_thread *t)
{
	sut_lazy_forget_answer(w, t);
	t->mark = t->busy = t->epoch = t->answer = 0;
	t->known = t->record_sp = t->record_fn = t->overflow_sp = 0;
	t->certificate_epoch = t->certificate = 0;
}

/* We go on in the child: the forking thread is the only one, and nobody works on it yet. */
static void become_child(const struct sut_lazy_world *w, struct sut_lazy_state *s,
			 unsigned int thread)
{
	for (unsigned int i = 0; i < w->threads; i++)
		if (i != thread && s->thread[i].now.pc != SUT_LAZY_DEAD)
			leave(s, &s->thread[i]);
	if (s->op != SUT_LAZY_OP_NONE && s->op != SUT_LAZY_OP_ORPHAN)
		s->op = s->op_step ? SUT_LAZY_OP_ORPHAN : SUT_LAZY_OP_NONE;
	s->op_step = s->op_moved = s->overlooked = 0;
	sut_lazy_control_gone(w, s);
}

void sut_lazy_thread_apply(const struct sut_lazy_world *w, struct sut_lazy_state *s, uint32_t step)
{
	unsigned int thread = sut_lazy_actor(step), arg = sut_lazy_arg(step);
	struct sut_lazy_thread *t = &s->thread[thread];

	switch ((enum sut_lazy_thread_action)sut_lazy_action(step)) {
	case SUT_LAZY_DO_STEP:
		run(w, s, t, arg);
		return;
	case SUT_LAZY_DO_CALL:
		t->now.called = w->loops && t->now.pc == SUT_LAZY_BODY;
		push(t, SUT_LAZY_CALLED, act(SUT_LAZY_ENTRY, arg, 0));
		return;
	case SUT_LAZY_DO_CALL_LAST:
		push(t, SUT_LAZY_CALLED_LAST, act(SUT_LAZY_ENTRY, arg, 0));
		return;
	case SUT_LAZY_DO_TAIL_CALL: {
		unsigned int version = t->now.version;

		t->now = act(SUT_LAZY_ENTRY, arg, 0);
		t->now.pred = (version + 1) & 3;
		return;
	}
	case SUT_LAZY_DO_LEAF:
		push(t, SUT_LAZY_CALLED, act(SUT_LAZY_LEAF, 0, 0));
		return;
	case SUT_LAZY_DO_RETURN:
		unwind(t, t->depth - 1u);
		return;
	case SUT_LAZY_DO_SIGNAL:
		push(t, SUT_LAZY_SIGNALLED, act(SUT_LAZY_HANDLER, 0, 0));
		return;
	case SUT_LAZY_DO_SIGNAL_ALT:
		push(t, SUT_LAZY_SIGNALLED_ALT, act(SUT_LAZY_HANDLER, 0, 0));
		return;
	case SUT_LAZY_DO_JUMP:
		unwind(t, arg);
		return;
	case SUT_LAZY_DO_EXIT:
		leave(s, t);
		return;
	case SUT_LAZY_DO_EXIT_UNMAP:
		leave(s, t);
		forget_words(w, t);
		return;
	case SUT_LAZY_DO_BIRTH:
		t->now = act(SUT_LAZY_ROOT, 0, 0);
		if (!sut_lazy_rule_on(w, SUT_LAZY_RULE_SLEEP_FRESH))
			t->stale = poked(w, s);
		return;
	case SUT_LAZY_DO_FORK:
		become_child(w, s, thread);
		return;
	case SUT_LAZY_DO_SWITCH:
		switch_stack(w, s, t);
		return;
	}
}
