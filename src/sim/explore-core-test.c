// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Flat TAP: every case but the long ones, with the shortest trace to what was found. On the way
 * each state is rebuilt, and each kind of step must have been taken: what is never tried is never
 * found wrong.
 */
#include "sim/explore-core.h"

#include <string.h>

enum { MEMORY_MAX = 1024 /* MiB */, KINDS = SUT_SMALL_UNLOAD + 1 };

/* What the steps of all cases did. */
static size_t taken[KINDS], undone, rebuilt_otherwise;

/* A state is what its stage was: loaded and saved again, both are the same. */
static bool is_rebuilt(struct sut_small_stage *stage, const struct sut_small_state *state)
{
	static struct sut_small_stage before;
	struct sut_small_state again;

	memcpy(&before.hub, &stage->hub, sizeof(before.hub));
	memcpy(before.module, stage->module, sizeof(before.module));
	sut_small_stage_load(stage, state);
	stage->now.property = state->property;
	sut_small_stage_save(stage, &again);
	return !memcmp(&again, state, sizeof(again)) &&
	       !memcmp(&before.hub, &stage->hub, sizeof(before.hub)) &&
	       !memcmp(before.module, stage->module, sizeof(before.module));
}

static void apply(const void *world, void *state, uint32_t step)
{
	struct sut_small_stage *stage = *(struct sut_small_stage *const *)world;

	sut_small_model.apply(world, state, step);
	taken[sut_small_step_kind(step)]++;
	undone += stage->now.rc != 0;
	rebuilt_otherwise += !is_rebuilt(stage, state);
}

static bool report(const struct sut_small_case *c, size_t number)
{
	struct sut_small_stage *stage = sut_small_stage_new(&c->world);
	struct sut_explore_model model = sut_small_model;
	struct sut_explore_result result;
	bool expected;

	model.apply = apply;
	sut_explore(&model, &stage, (size_t)MEMORY_MAX << 20, &result);
	expected = sut_small_is_expected(c, &result);
	printf("%sok %zu - %s: %s: %s, %zu states", expected ? "" : "not ", number,
	       sut_small_case_kind_name(c->kind), c->name, sut_explore_verdict_name(result.verdict),
	       result.states);
	if (result.trace)
		printf(", trace of %zu steps", result.trace_length);
	putchar('\n');
	sut_explore_print(&sut_small_model, &stage, &result, "# ", stdout);
	fflush(stdout);
	sut_explore_result_deinit(&result);
	sut_small_stage_free(stage);
	return expected;
}

static bool verdict(const char *name, bool holds, size_t number)
{
	printf("%sok %zu - %s\n", holds ? "" : "not ", number, name);
	return holds;
}

int main(void)
{
	struct sut_small_case c;
	size_t count = 0;
	bool fine = true, all;

	for (size_t i = 0; sut_small_case(i, &c); i++)
		if (c.kind != SUT_SMALL_CASE_LONG)
			fine &= report(&c, ++count);
	all = undone > 0;
	for (size_t kind = 0; kind < KINDS; kind++)
		all &= taken[kind] > 0;
	fine &= verdict("every kind of step was taken, and some were undone", all, ++count);
	fine &= verdict("every state is rebuilt as it was", !rebuilt_otherwise, ++count);
	printf("1..%zu\n", count);
	return !fine;
}
