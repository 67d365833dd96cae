// SPDX-License-Identifier: GPL-2.0-or-later
/* The engine, on walks over a board whose states can be counted by hand. */
#include "sim/explore.h"
#include "base/tap.h"

#include <stdlib.h>
#include <string.h>

/* Two pieces on the squares 0 to size - 1; each goes right, one square at a time. */
struct board {
	uint8_t size;
	uint8_t bad;  /* no piece may reach it; 0: all may */
	uint8_t trap; /* nobody leaves it; 0: none */
	bool back;    /* from the last square the first can be reached again */
};

struct pieces {
	uint8_t at[2];
};

static bool initial(const void *world, size_t index, void *state)
{
	(void)world;
	memset(state, 0, sizeof(struct pieces));
	return index == 0;
}

static size_t steps(const void *world, const void *state, uint32_t list[SUT_EXPLORE_STEPS_MAX])
{
	const struct board *board = world;
	const struct pieces *pieces = state;
	size_t n = 0;

	for (uint32_t i = 0; i < 2; i++)
		if ((pieces->at[i] + 1 < board->size || board->back) &&
		    (!board->trap || pieces->at[i] != board->trap))
			list[n++] = i;
	return n;
}

static void apply(const void *world, void *state, uint32_t step)
{
	const struct board *board = world;
	struct pieces *pieces = state;

	pieces->at[step] = (uint8_t)((pieces->at[step] + 1) % board->size);
}

static const char *check(const void *world, const void *state)
{
	const struct board *board = world;
	const struct pieces *pieces = state;

	if (board->bad && (pieces->at[0] == board->bad || pieces->at[1] == board->bad))
		return "bad";
	return NULL;
}

static bool goal(const void *world, const void *state)
{
	const struct board *board = world;
	const struct pieces *pieces = state;

	return pieces->at[0] + 1 == board->size && pieces->at[1] + 1 == board->size;
}

static void canonical(const void *world, void *state)
{
	struct pieces *pieces = state;

	(void)world;
	if (pieces->at[0] > pieces->at[1])
		*pieces = (struct pieces){{pieces->at[1], pieces->at[0]}};
}

static void describe(const void *world, const void *state, uint32_t step,
		     char text[SUT_EXPLORE_TEXT_MAX])
{
	const struct pieces *pieces = state;

	(void)world;
	snprintf(text, SUT_EXPLORE_TEXT_MAX, "piece %u leaves %u", step, pieces->at[step]);
}

static const struct sut_explore_model model = {
	.state_size = sizeof(struct pieces),
	.initial = initial,
	.steps = steps,
	.apply = apply,
	.check = check,
	.describe = describe,
};

enum { ENOUGH = 1 << 24 };

static void test_all(void)
{
	struct board board = {.size = 100};
	struct sut_explore_result result;

	sut_explore(&model, &board, ENOUGH, &result);
	CHECK_EQUAL(result.verdict, SUT_EXPLORE_HOLDS);
	CHECK_EQUAL(result.states, 100 * 100);
	CHECK_EQUAL(result.edges, 2 * 99 * 100);
	CHECK_EQUAL(result.depth, 2 * 99);
	sut_explore_result_deinit(&result);
}

static void test_canonical(void)
{
	struct sut_explore_model alike = model;
	struct board board = {.size = 100};
	struct sut_explore_result result;

	alike.canonical = canonical;
	sut_explore(&alike, &board, ENOUGH, &result);
	CHECK_EQUAL(result.states, 100 * 101 / 2);
	sut_explore_result_deinit(&result);
}

/* Also where pieces change names on the way. */
static void test_shortest(void)
{
	struct sut_explore_model alike = model;
	struct board board = {.size = 100, .bad = 7};
	struct pieces pieces = {{0, 0}};
	struct sut_explore_result result;

	alike.canonical = canonical;
	sut_explore(&alike, &board, ENOUGH, &result);
	CHECK_EQUAL(result.verdict, SUT_EXPLORE_VIOLATED);
	CHECK_STRING(result.property, "bad");
	CHECK_EQUAL(result.trace_length, 7);
	for (size_t i = 0; i < result.trace_length; i++)
		apply(&board, &pieces, result.trace[i]);
	CHECK(pieces.at[0] == 7 || pieces.at[1] == 7);
	sut_explore_result_deinit(&result);
}

static void test_goal(void)
{
	struct sut_explore_model ends = model;
	struct board board = {.size = 20, .back = true};
	struct sut_explore_result result;

	ends.goal = goal;
	sut_explore(&ends, &board, ENOUGH, &result);
	CHECK_EQUAL(result.verdict, SUT_EXPLORE_HOLDS);
	sut_explore_result_deinit(&result);
}

static void test_stuck(void)
{
	struct sut_explore_model ends = model;
	struct board board = {.size = 20, .trap = 5, .back = true};
	struct sut_explore_result result;

	ends.goal = goal;
	sut_explore(&ends, &board, ENOUGH, &result);
	/* The trap is on every way: the beginning is lost already. */
	CHECK_EQUAL(result.verdict, SUT_EXPLORE_STUCK);
	CHECK_EQUAL(result.states, 6 * 6);
	CHECK_EQUAL(result.trace_length, 0);
	sut_explore_result_deinit(&result);
}

/* One goal at the end of one branch; the other branch ends elsewhere. */
static bool goal_of_first(const void *world, const void *state)
{
	const struct pieces *pieces = state;

	(void)world;
	return pieces->at[0] == 2 && pieces->at[1] == 0;
}

static void test_first_stuck(void)
{
	struct sut_explore_model ends = model;
	struct board board = {.size = 3};
	struct sut_explore_result result;

	ends.goal = goal_of_first;
	sut_explore(&ends, &board, ENOUGH, &result);
	CHECK_EQUAL(result.verdict, SUT_EXPLORE_STUCK);
	CHECK_EQUAL(result.trace_length, 1);
	CHECK_EQUAL(result.trace[0], 1);
	sut_explore_result_deinit(&result);
}

static void test_bound(void)
{
	struct board board = {.size = 200};
	struct sut_explore_result result;

	sut_explore(&model, &board, 1 << 17, &result);
	CHECK_EQUAL(result.verdict, SUT_EXPLORE_FULL);
	CHECK(result.bytes <= 1 << 17);
	CHECK(result.states > 1000 && result.states < 200 * 200);
	sut_explore_result_deinit(&result);
}

static void test_print(void)
{
	struct board board = {.size = 9, .bad = 2};
	struct sut_explore_result result;
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	sut_explore(&model, &board, ENOUGH, &result);
	sut_explore_print(&model, &board, &result, "- ", file);
	fclose(file);
	CHECK_STRING(text, "-   1  piece 0 leaves 0\n-   2  piece 0 leaves 1\n-      => bad\n");
	free(text);
	sut_explore_result_deinit(&result);
}

static const struct sut_tap_test tests[] = {
	{"every reachable state is visited once", test_all},
	{"states that differ by names are one", test_canonical},
	{"the trace to a broken property is a shortest one", test_shortest},
	{"a goal that can be reached from everywhere", test_goal},
	{"a goal that cannot be reached", test_stuck},
	{"the first step after which the goal is out of reach", test_first_stuck},
	{"the bound on memory is kept and said", test_bound},
	{"a trace has one step a line", test_print},
};

SUT_TAP_MAIN(tests)
