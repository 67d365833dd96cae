// SPDX-License-Identifier: GPL-2.0-or-later
/* The model of the lazy switch as the explorer sees it. */
#include "sim/lazy-model.h"

#include <string.h>

_Static_assert(sizeof(struct sut_lazy_act) == 4, "no padding");
_Static_assert(sizeof(struct sut_lazy_state) <= SUT_EXPLORE_STATE_MAX, "a state fits");
_Static_assert(offsetof(struct sut_lazy_state, thread) % sizeof(uint32_t) == 0, "no padding");

/* The second one: as where words were left over from the last thread on each stack. */
static bool initial(const void *world, size_t index, void *state)
{
	const struct sut_lazy_world *w = world;
	struct sut_lazy_state s;

	if (index > w->exits)
		return false;
	memset(&s, 0, sizeof(s));
	for (unsigned int i = 0; i < sut_lazy_stacks(w); i++) {
		struct sut_lazy_thread *t = &s.thread[i];

		t->now.pc = SUT_LAZY_ROOT;
		if (index == 1) {
			t->depth = 2;
			t->busy = sut_lazy_sp(w, t);
			t->depth = 0;
		}
	}
	memcpy(state, &s,
	       offsetof(struct sut_lazy_state, thread) + sut_lazy_stacks(w) * sizeof(s.thread[0]));
	return true;
}

static size_t steps(const void *world, const void *state, uint32_t list[SUT_EXPLORE_STEPS_MAX])
{
	const struct sut_lazy_world *w = world;
	const struct sut_lazy_state *s = state;
	size_t n = sut_lazy_control_steps(w, s, list);

	n += sut_lazy_process_steps(w, s, list + n);
	for (unsigned int i = 0; i < w->threads; i++)
		n += sut_lazy_thread_steps(w, s, i, list + n);
	return n;
}

static void apply(const void *world, void *state, uint32_t step)
{
	switch (sut_lazy_actor(step)) {
	case SUT_LAZY_CONTROLLER:
		sut_lazy_control_apply(world, state, step);
		return;
	case SUT_LAZY_PROCESS:
		sut_lazy_process_apply(world, state, step);
		return;
	default:
		sut_lazy_thread_apply(world, state, step);
		return;
	}
}

/* Every transition has closed. */
static bool goal(const void *world, const void *state)
{
	const struct sut_lazy_world *w = world;
	const struct sut_lazy_state *s = state;

	return s->count == w->transitions && !s->running;
}

/* Threads are alike: in the order of their bytes. */
static void canonical(const void *world, void *state)
{
	const struct sut_lazy_world *w = world;
	struct sut_lazy_state *s = state;

	if (s->control == SUT_LAZY_LOOK_STACK) /* names one of them */
		return;
	for (unsigned int i = 1; i < w->threads; i++)
		for (unsigned int k = i; k > 0; k--) {
			struct sut_lazy_thread *a = &s->thread[k - 1], *b = &s->thread[k], swap;

			if (memcmp(a, b, sizeof(*a)) <= 0)
				break;
			swap = *a;
			*a = *b;
			*b = swap;
		}
}

struct sut_explore_model sut_lazy_model(const struct sut_lazy_world *world)
{
	return (struct sut_explore_model){
		.state_size = offsetof(struct sut_lazy_state, thread) +
			      sut_lazy_stacks(world) * sizeof(struct sut_lazy_thread),
		.initial = initial,
		.steps = steps,
		.apply = apply,
		.check = sut_lazy_check,
		.goal = world->properties & SUT_LAZY_LIVE ? goal : NULL,
		.canonical = world->threads > 1 ? canonical : NULL,
		.describe = sut_lazy_describe,
	};
}
