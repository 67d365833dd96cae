// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The controller, one at a time: src/process/switch.c and look.c. It may die at every step; the
 * next one begins with what it finds in the process. Reversing is what another command does, so it
 * begins there, too.
 */
#include "sim/lazy-model.h"

bool sut_lazy_reversible(const struct sut_lazy_world *w, const struct sut_lazy_transition *tr)
{
	unsigned int most = sut_lazy_rule_on(w, SUT_LAZY_RULE_ONE_REVERSAL) ? 1 : 3;

	return w->reverses && tr->armed && tr->dir < most &&
	       (!tr->closed || !sut_lazy_rule_on(w, SUT_LAZY_RULE_REVERSE_OPEN));
}

static bool switched(const struct sut_lazy_world *w, const struct sut_lazy_state *s,
		     const struct sut_lazy_thread *t)
{
	if (!sut_lazy_rule_on(w, SUT_LAZY_RULE_MARK_DIR))
		return t->mark == sut_lazy_mark(w, s->k, SUT_LAZY_NEW) ||
		       t->mark == sut_lazy_mark(w, s->k, SUT_LAZY_OLD);
	return t->mark == sut_lazy_target_mark(w, s->k, s->t[s->k].dir);
}

static bool clean_stack(const struct sut_lazy_world *w, const struct sut_lazy_state *s,
			const struct sut_lazy_thread *t)
{
	int left = sut_lazy_source(&s->t[s->k], s->t[s->k].dir);

	if (!sut_lazy_on_own_stack(w, t) && sut_lazy_rule_on(w, SUT_LAZY_RULE_LOOK_FOREIGN))
		return false;
	return !sut_lazy_rule_on(w, SUT_LAZY_RULE_LOOK_STACK) ||
	       !sut_lazy_stack_hit(w, t, left, sut_lazy_rule_on(w, SUT_LAZY_RULE_LOOK_CORE));
}

static bool clean_pc(const struct sut_lazy_world *w, const struct sut_lazy_state *s,
		     const struct sut_lazy_thread *t)
{
	int left = sut_lazy_source(&s->t[s->k], s->t[s->k].dir);

	return !sut_lazy_rule_on(w, SUT_LAZY_RULE_LOOK_PC) || !sut_lazy_hit(w, &t->now, left, true);
}

/* Rule 14, as it was written: no frames of the version that is left, pc outside of it and of core.
 */
static bool may_mark_stopped(const struct sut_lazy_world *w, const struct sut_lazy_state *s,
			     const struct sut_lazy_thread *t)
{
	int left = sut_lazy_source(&s->t[s->k], s->t[s->k].dir);

	return sut_lazy_on_own_stack(w, t) && clean_pc(w, s, t) &&
	       !sut_lazy_stack_hit(w, t, left, sut_lazy_rule_on(w, SUT_LAZY_RULE_STOP_CORE));
}

static bool searches(const struct sut_lazy_world *w, const struct sut_lazy_state *s)
{
	return w->switches && !s->t[s->k].closed && sut_lazy_rule_on(w, SUT_LAZY_RULE_SEARCH);
}

static bool found_nothing(const struct sut_lazy_world *w, const struct sut_lazy_state *s)
{
	const struct sut_lazy_transition *tr = &s->t[s->k];

	return !sut_lazy_search_hit(w, s, sut_lazy_source(tr, tr->dir),
				    sut_lazy_target_mark(w, s->k, tr->dir));
}

static size_t look_steps(const struct sut_lazy_world *w, const struct sut_lazy_state *s,
			 uint32_t *steps)
{
	bool all = true;
	size_t n = 0;

	for (unsigned int i = 0; i < w->threads; i++) {
		const struct sut_lazy_thread *t = &s->thread[i];

		if (!t->listed || t->seen)
			continue;
		all = false;
		if (switched(w, s, t))
			steps[n++] = sut_lazy_step(SUT_LAZY_CONTROLLER, SUT_LAZY_DO_LOOK_MARK, i);
		else if (!w->no_sleep && !sut_lazy_rule_on(w, SUT_LAZY_RULE_LOOK_ATOMIC) &&
			 sut_lazy_unpatched(&t->now))
			steps[n++] = sut_lazy_step(SUT_LAZY_CONTROLLER, SUT_LAZY_DO_LOOK_PC, i);
		else if (!w->no_sleep && sut_lazy_unpatched(&t->now) && clean_stack(w, s, t))
			steps[n++] = sut_lazy_step(SUT_LAZY_CONTROLLER, SUT_LAZY_DO_LOOK_ASLEEP, i);
		/* What lies on stacks that are nobody's own is found by the search. */
		else if (w->switches && !sut_lazy_on_own_stack(w, t) && sut_lazy_unpatched(&t->now))
			steps[n++] = sut_lazy_step(SUT_LAZY_CONTROLLER, SUT_LAZY_DO_LOOK_ASLEEP, i);
		if (w->stops && clean_pc(w, s, t) && clean_stack(w, s, t))
			steps[n++] =
				sut_lazy_step(SUT_LAZY_CONTROLLER, SUT_LAZY_DO_LOOK_STOPPED, i);
		if (w->stop_marks && may_mark_stopped(w, s, t))
			steps[n++] =
				sut_lazy_step(SUT_LAZY_CONTROLLER, SUT_LAZY_DO_MARK_STOPPED, i);
	}
	steps[n++] = sut_lazy_step(SUT_LAZY_CONTROLLER, SUT_LAZY_DO_AGAIN, 0);
	if (all && searches(w, s)) {
		if (found_nothing(w, s))
			steps[n++] = sut_lazy_step(SUT_LAZY_CONTROLLER, SUT_LAZY_DO_SEARCH, 0);
	} else if (all) {
		steps[n++] = sut_lazy_step(SUT_LAZY_CONTROLLER, SUT_LAZY_DO_CLOSE, 0);
	}
	return n;
}

/* A list in /proc is walked while threads leave; one that leaves can hide another. */
static size_t list_steps(const struct sut_lazy_world *w, const struct sut_lazy_state *s,
			 uint32_t *steps)
{
	size_t n = 0;

	steps[n++] = sut_lazy_step(SUT_LAZY_CONTROLLER, SUT_LAZY_DO_GO, 0);
	for (unsigned int i = 0; i < w->threads && s->gone; i++)
		if (s->thread[i].listed)
			steps[n++] = sut_lazy_step(SUT_LAZY_CONTROLLER, SUT_LAZY_DO_MISS, i);
	return n;
}

static size_t ready_steps(const struct sut_lazy_world *w, const struct sut_lazy_state *s,
			  uint32_t *steps)
{
	const struct sut_lazy_transition *tr = &s->t[s->k];
	size_t n = 0;

	if (!s->running) {
		if (s->count < w->transitions && s->op == SUT_LAZY_OP_NONE)
			steps[n++] = sut_lazy_step(SUT_LAZY_CONTROLLER, SUT_LAZY_DO_START, 0);
		return n;
	}
	steps[n++] = sut_lazy_step(SUT_LAZY_CONTROLLER, SUT_LAZY_DO_FOLLOW, 0);
	if (sut_lazy_reversible(w, tr) && (w->base == SUT_LAZY_FIRST || s->op == SUT_LAZY_OP_NONE))
		steps[n++] = sut_lazy_step(SUT_LAZY_CONTROLLER, SUT_LAZY_DO_REVERSE, 0);
	return n;
}

static bool settled(const struct sut_lazy_world *w, const struct sut_lazy_state *s)
{
	if (s->op == SUT_LAZY_OP_ORPHAN)
		return sut_lazy_rule_on(w, SUT_LAZY_RULE_SETTLE_ORPHAN);
	return s->op == SUT_LAZY_OP_NONE || !sut_lazy_rule_on(w, SUT_LAZY_RULE_SETTLE);
}

size_t sut_lazy_control_steps(const struct sut_lazy_world *w, const struct sut_lazy_state *s,
			      uint32_t *steps)
{
	size_t n = 0;

	switch ((enum sut_lazy_control)s->control) {
	case SUT_LAZY_NOBODY:
		if (s->running || s->count < w->transitions)
			steps[n++] = sut_lazy_step(SUT_LAZY_CONTROLLER, SUT_LAZY_DO_BEGIN, 0);
		return n;
	case SUT_LAZY_SETTLE:
		if (settled(w, s))
			steps[n++] = sut_lazy_step(SUT_LAZY_CONTROLLER, SUT_LAZY_DO_GO, 0);
		if (w->overlooks && s->op == SUT_LAZY_OP_CLOSE && s->op_step == 0 && !s->overlooked)
			steps[n++] = sut_lazy_step(SUT_LAZY_CONTROLLER, SUT_LAZY_DO_OVERLOOK, 0);
		break;
	case SUT_LAZY_READY:
		n += ready_steps(w, s, steps);
		break;
	case SUT_LAZY_WAIT:
		break;
	case SUT_LAZY_LOOK:
		n += look_steps(w, s, steps);
		break;
	case SUT_LAZY_LIST_REST:
		n += list_steps(w, s, steps);
		break;
	case SUT_LAZY_REVERSE:
	case SUT_LAZY_COPY:
	case SUT_LAZY_READ_COUNT:
	case SUT_LAZY_LIST:
	case SUT_LAZY_LOOK_STACK:
	case SUT_LAZY_CERTIFY:
	case SUT_LAZY_SEARCHED:
		steps[n++] = sut_lazy_step(SUT_LAZY_CONTROLLER, SUT_LAZY_DO_GO, 0);
		break;
	}
	if (w->dies)
		steps[n++] = sut_lazy_step(SUT_LAZY_CONTROLLER, SUT_LAZY_DO_DIE, 0);
	return n;
}

static void forget_looks(const struct sut_lazy_world *w, struct sut_lazy_state *s)
{
	for (unsigned int i = 0; i < w->threads; i++)
		s->thread[i].seen = s->thread[i].listed = s->thread[i].pending = 0;
	s->moved = s->gone = s->who = 0;
}

void sut_lazy_control_gone(const struct sut_lazy_world *w, struct sut_lazy_state *s)
{
	forget_looks(w, s);
	s->control = SUT_LAZY_NOBODY;
}

/* A round of looks; the count is read first. */
void sut_lazy_follow(const struct sut_lazy_world *w, struct sut_lazy_state *s)
{
	forget_looks(w, s);
	s->control =
		sut_lazy_rule_on(w, SUT_LAZY_RULE_LIST_AFTER) ? SUT_LAZY_READ_COUNT : SUT_LAZY_LIST;
}

static void send(struct sut_lazy_state *s, enum sut_lazy_op op)
{
	s->op = (uint8_t)op;
	s->op_step = 0;
	s->op_moved = op == SUT_LAZY_OP_CLOSE ? s->moved : 0;
	s->moved = 0;
	s->control = SUT_LAZY_WAIT;
}

static void start(const struct sut_lazy_world *w, struct sut_lazy_state *s)
{
	struct sut_lazy_transition *tr;

	s->k = s->count;
	tr = &s->t[s->k];
	*tr = (struct sut_lazy_transition){.from = s->base, .to = 1};
	if (s->base)
		tr->to = w->onward ? 2 : 0;
	send(s, SUT_LAZY_OP_COMMIT);
}

/* What a dead controller may have left half-way is done again first. */
static void take_over(const struct sut_lazy_world *w, struct sut_lazy_state *s)
{
	const struct sut_lazy_transition *tr = &s->t[s->k];

	if (!tr->armed && sut_lazy_rule_on(w, SUT_LAZY_RULE_COMMIT_AGAIN)) {
		if (s->op == SUT_LAZY_OP_NONE)
			send(s, SUT_LAZY_OP_COMMIT);
		return;
	}
	if (tr->dir && sut_lazy_rule_on(w, SUT_LAZY_RULE_COPIES_AGAIN))
		s->control = SUT_LAZY_COPY;
	else
		sut_lazy_follow(w, s);
}

static void list(const struct sut_lazy_world *w, struct sut_lazy_state *s)
{
	for (unsigned int i = 0; i < w->threads; i++)
		s->thread[i].listed = s->thread[i].now.pc != SUT_LAZY_DEAD;
	if (!sut_lazy_rule_on(w, SUT_LAZY_RULE_LIST_AFTER))
		s->control = SUT_LAZY_READ_COUNT;
	else if (w->gaps)
		s->control = SUT_LAZY_LIST_REST;
	else
		s->control = SUT_LAZY_LOOK;
}

/* Asleep and clean at this instant. The certificate comes later, whatever happened meanwhile. */
static void see_clean(const struct sut_lazy_world *w, struct sut_lazy_state *s,
		      struct sut_lazy_thread *t, bool certify)
{
	t->seen = 1;
	if (sut_lazy_rule_on(w, SUT_LAZY_RULE_SLEEP_FRESH))
		t->stale = 0;
	s->control = SUT_LAZY_LOOK;
	if (!certify || w->no_certificates || !s->t[s->k].armed)
		return;
	t->pending = (uint8_t)(1 + t->answer);
	s->control = SUT_LAZY_CERTIFY;
}

static void certify(const struct sut_lazy_world *w, struct sut_lazy_state *s)
{
	for (unsigned int i = 0; i < w->threads; i++) {
		struct sut_lazy_thread *t = &s->thread[i];

		if (!t->pending)
			continue;
		t->certificate = (uint8_t)(t->pending - 1);
		t->certificate_epoch = sut_lazy_epoch(s->k, s->t[s->k].dir);
		t->pending = 0;
	}
	s->control = SUT_LAZY_LOOK;
}

/* The one thing that comes next in this state of the controller. */
static void go(const struct sut_lazy_world *w, struct sut_lazy_state *s)
{
	struct sut_lazy_transition *tr = &s->t[s->k];

	switch ((enum sut_lazy_control)s->control) {
	case SUT_LAZY_SETTLE:
		if (s->op == SUT_LAZY_OP_ORPHAN)
			s->op = SUT_LAZY_OP_NONE;
		s->control = SUT_LAZY_READY;
		return;
	case SUT_LAZY_REVERSE:
		tr->dir++;
		s->control = SUT_LAZY_COPY;
		return;
	case SUT_LAZY_COPY:
		tr->copy = tr->dir;
		sut_lazy_follow(w, s);
		return;
	case SUT_LAZY_READ_COUNT:
		if (tr->closed && s->op == SUT_LAZY_OP_NONE)
			send(s, SUT_LAZY_OP_CLOSE);
		else
			s->control = sut_lazy_rule_on(w, SUT_LAZY_RULE_LIST_AFTER) ? SUT_LAZY_LIST
										   : SUT_LAZY_LOOK;
		s->moved = 0;
		return;
	case SUT_LAZY_LIST:
		list(w, s);
		return;
	case SUT_LAZY_LIST_REST:
		s->control = s->gone && sut_lazy_rule_on(w, SUT_LAZY_RULE_LIST_AGAIN)
				     ? SUT_LAZY_LIST
				     : SUT_LAZY_LOOK;
		s->gone = 0;
		return;
	case SUT_LAZY_LOOK_STACK:
		s->control = SUT_LAZY_LOOK;
		if (clean_stack(w, s, &s->thread[s->who]))
			see_clean(w, s, &s->thread[s->who], true);
		s->who = 0;
		return;
	case SUT_LAZY_CERTIFY:
		certify(w, s);
		return;
	case SUT_LAZY_SEARCHED:
		if (s->op == SUT_LAZY_OP_NONE)
			send(s, SUT_LAZY_OP_CLOSE);
		return;
	case SUT_LAZY_NOBODY:
	case SUT_LAZY_READY:
	case SUT_LAZY_WAIT:
	case SUT_LAZY_LOOK:
		return;
	}
}

void sut_lazy_control_apply(const struct sut_lazy_world *w, struct sut_lazy_state *s, uint32_t step)
{
	struct sut_lazy_thread *t = &s->thread[sut_lazy_arg(step)];

	switch ((enum sut_lazy_controller_action)sut_lazy_action(step)) {
	case SUT_LAZY_DO_BEGIN:
		s->control = SUT_LAZY_SETTLE;
		return;
	case SUT_LAZY_DO_GO:
		go(w, s);
		return;
	case SUT_LAZY_DO_START:
		start(w, s);
		return;
	case SUT_LAZY_DO_REVERSE:
		if (w->base == SUT_LAZY_PROJECT)
			send(s, SUT_LAZY_OP_REVERSE);
		else
			s->control = SUT_LAZY_REVERSE;
		return;
	case SUT_LAZY_DO_FOLLOW:
		take_over(w, s);
		return;
	case SUT_LAZY_DO_OVERLOOK:
		s->op = SUT_LAZY_OP_NONE;
		s->overlooked = s->op_moved + 1;
		s->op_moved = 0;
		s->control = SUT_LAZY_READY;
		return;
	case SUT_LAZY_DO_MISS:
		t->listed = 0;
		return;
	case SUT_LAZY_DO_LOOK_MARK:
		t->seen = 1;
		return;
	case SUT_LAZY_DO_LOOK_ASLEEP:
		see_clean(w, s, t, sut_lazy_on_own_stack(w, t));
		return;
	case SUT_LAZY_DO_LOOK_PC:
		s->who = (uint8_t)sut_lazy_arg(step);
		s->control = SUT_LAZY_LOOK_STACK;
		return;
	case SUT_LAZY_DO_LOOK_STOPPED:
		see_clean(w, s, t, false);
		return;
	case SUT_LAZY_DO_MARK_STOPPED:
		t->mark = sut_lazy_target_mark(w, s->k, s->t[s->k].dir);
		t->stale = 0;
		return;
	case SUT_LAZY_DO_AGAIN:
		sut_lazy_follow(w, s);
		return;
	case SUT_LAZY_DO_SEARCH:
		s->moved = 0; /* the count is read in the stop */
		s->control = SUT_LAZY_SEARCHED;
		return;
	case SUT_LAZY_DO_CLOSE:
		if (s->op == SUT_LAZY_OP_NONE)
			send(s, SUT_LAZY_OP_CLOSE);
		return;
	case SUT_LAZY_DO_DIE:
		sut_lazy_control_gone(w, s);
		return;
	}
}
