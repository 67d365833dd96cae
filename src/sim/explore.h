/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Explicit-state exploration: every state that a model can reach is visited once, breadth first,
 * so that the trace to a state that breaks a property is a shortest one.
 *
 * A model is a few functions over states, which are plain bytes: equal bytes, equal state. So a
 * model zeroes its padding, and every register that no later step reads. The engine knows nothing
 * else of it. The order of visits is a function of the model alone: a run repeats exactly.
 */
#ifndef SUT_SIM_EXPLORE_H
#define SUT_SIM_EXPLORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum {
	SUT_EXPLORE_STATE_MAX = 1024, /* bytes */
	SUT_EXPLORE_STEPS_MAX = 256,  /* enabled in one state */
	SUT_EXPLORE_TEXT_MAX = 160,
};

/* `world` is what the model was given: the sizes and switches of what is explored. */
struct sut_explore_model {
	size_t state_size; /* at most SUT_EXPLORE_STATE_MAX */
	/* Writes the index-th state to begin with; false: there are no more. */
	bool (*initial)(const void *world, size_t index, void *state);
	/* Writes every step that is enabled and returns their number. */
	size_t (*steps)(const void *world, const void *state,
			uint32_t steps[SUT_EXPLORE_STEPS_MAX]);
	/* Takes a step that steps() gave; it has one outcome: a choice is several steps. */
	void (*apply)(const void *world, void *state, uint32_t step);
	/* NULL, or the name of the property that this state breaks. */
	const char *(*check)(const void *world, const void *state);
	/* Optional: a state that must stay reachable from every state. */
	bool (*goal)(const void *world, const void *state);
	/* Optional: chooses one of the states that differ only by the names of actors. */
	void (*canonical)(const void *world, void *state);
	/* The step as a line: who does what. `state` is the one before it. */
	void (*describe)(const void *world, const void *state, uint32_t step,
			 char text[SUT_EXPLORE_TEXT_MAX]);
};

enum sut_explore_verdict {
	SUT_EXPLORE_HOLDS,    /* every reachable state was visited */
	SUT_EXPLORE_VIOLATED, /* `property` is broken at the end of the trace */
	SUT_EXPLORE_STUCK,    /* from the end of the trace no goal can be reached */
	SUT_EXPLORE_FULL,     /* the bound was hit: nothing is said about the rest */
};

struct sut_explore_result {
	enum sut_explore_verdict verdict;
	const char *property; /* of VIOLATED */
	size_t states;
	size_t edges;
	size_t depth; /* steps of the longest of all shortest ways */
	size_t bytes; /* memory that was used */
	size_t trace_length;
	size_t initial;  /* the trace begins at this initial state ... */
	uint32_t *trace; /* ... and takes these steps */
};

/*
 * Visits until all is seen, a property is broken, or the memory would exceed bytes_max. result is
 * deinitialised by the caller. Goals are looked at only when everything was visited.
 */
void sut_explore(const struct sut_explore_model *model, const void *world, size_t bytes_max,
		 struct sut_explore_result *result);
void sut_explore_result_deinit(struct sut_explore_result *result);

/* The trace, a numbered step a line, each line begun with `prefix`. */
void sut_explore_print(const struct sut_explore_model *model, const void *world,
		       const struct sut_explore_result *result, const char *prefix, FILE *file);

const char *sut_explore_verdict_name(enum sut_explore_verdict verdict);

#endif
