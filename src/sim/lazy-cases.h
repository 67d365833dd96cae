/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the explorer is asked about the lazy switch: worlds, and what must come out of each. The
 * test runs all cases but the long ones; docs/exploration.md tells what they show.
 */
#ifndef SUT_SIM_LAZY_CASES_H
#define SUT_SIM_LAZY_CASES_H

#include "sim/lazy.h"

enum sut_lazy_kind {
	SUT_LAZY_CASE_RULES,    /* the rules as they are: all properties hold */
	SUT_LAZY_CASE_MUTATION, /* without one rule: harm must be found */
	SUT_LAZY_CASE_SPARE,    /* without one rule: no harm is found, it may be spared */
	SUT_LAZY_CASE_LIMIT,    /* outside of what the rules cover: harm must be found */
	SUT_LAZY_CASE_CURE,     /* such a world with a further rule: all properties hold */
	SUT_LAZY_CASE_LONG,     /* as RULES, larger */
};

struct sut_lazy_case {
	enum sut_lazy_kind kind;
	char name[64]; /* "world", "rule in world" */
	struct sut_lazy_world world;
	enum sut_explore_verdict expected;
};

/* The index-th case; false: there are no more. */
bool sut_lazy_case(size_t index, struct sut_lazy_case *found);

const char *sut_lazy_kind_name(enum sut_lazy_kind kind);

/* Explores a case; result is deinitialised by the caller. true: it came out as expected. */
bool sut_lazy_case_run(const struct sut_lazy_case *c, size_t bytes_max,
		       struct sut_explore_result *result);

#endif
