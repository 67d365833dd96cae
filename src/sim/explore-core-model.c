// SPDX-License-Identifier: GPL-2.0-or-later
/* Small worlds as the explorer sees them. */
#include "sim/explore-core.h"

#include <string.h>

_Static_assert(sizeof(struct sut_small_state) <= SUT_EXPLORE_STATE_MAX, "a state fits");
_Static_assert(sizeof(struct sut_small_state) == 4 * SUT_SMALL_PARTS + 12 * SUT_SMALL_TASKS + 4,
	       "no padding");

/* The engine's worlds are constant; a stage is the same one after each call. */
static struct sut_small_stage *stage_of(const void *world)
{
	return *(struct sut_small_stage *const *)world;
}

static bool initial(const void *world, size_t index, void *state)
{
	struct sut_small_stage *stage = stage_of(world);

	if (index)
		return false;
	sut_small_stage_reset(stage);
	sut_small_stage_save(stage, state);
	return true;
}

static size_t steps(const void *world, const void *state, uint32_t list[SUT_EXPLORE_STEPS_MAX])
{
	struct sut_small_stage *stage = stage_of(world);

	sut_small_stage_load(stage, state);
	return sut_small_steps(stage, list);
}

static void apply(const void *world, void *state, uint32_t step)
{
	struct sut_small_stage *stage = stage_of(world);

	sut_small_stage_load(stage, state);
	sut_small_take(stage, step);
	sut_small_stage_save(stage, state);
	sut_small_check_trace(stage, state);
}

static const char *check(const void *world, const void *state)
{
	const struct sut_small_state *s = state;

	(void)world;
	return sut_small_property_text(s->property);
}

/* Every transition ends: whatever happened, there is a way on to where none runs. */
static bool goal(const void *world, const void *state)
{
	struct sut_small_stage *stage = stage_of(world);

	sut_small_stage_load(stage, state);
	return !stage->hub.core.transition;
}

/* Tasks are alike: in the order of their bytes. */
static void canonical(const void *world, void *state)
{
	struct sut_small_state *s = state;

	(void)world;
	for (unsigned int i = 1; i < SUT_SMALL_TASKS; i++)
		for (unsigned int k = i; k > 0; k--) {
			struct sut_small_record swap = s->task[k];

			if (memcmp(&s->task[k - 1], &swap, sizeof(swap)) >= 0)
				break;
			s->task[k] = s->task[k - 1];
			s->task[k - 1] = swap;
		}
}

static void describe(const void *world, const void *state, uint32_t step,
		     char text[SUT_EXPLORE_TEXT_MAX])
{
	sut_small_describe(stage_of(world), state, step, text);
}

const struct sut_explore_model sut_small_model = {
	.state_size = sizeof(struct sut_small_state),
	.initial = initial,
	.steps = steps,
	.apply = apply,
	.check = check,
	.goal = goal,
	.canonical = canonical,
	.describe = describe,
};
