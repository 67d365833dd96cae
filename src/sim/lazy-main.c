// SPDX-License-Identifier: GPL-2.0-or-later
/* The lazy switch as an exploration of the command. */
#include "sim/explore-command.h"
#include "sim/lazy-cases.h"

#include <stdlib.h>

struct own {
	struct sut_lazy_case c;
	struct sut_explore_model model;
};

static bool find(size_t index, struct sut_explore_case *found)
{
	struct sut_lazy_case c;

	if (!sut_lazy_case(index, &c))
		return false;
	found->kind = sut_lazy_kind_name(c.kind);
	snprintf(found->name, sizeof(found->name), "%s", c.name);
	found->is_long = c.kind == SUT_LAZY_CASE_LONG;
	return true;
}

static void open_case(size_t index, struct sut_explore_subject *subject)
{
	struct own *own = malloc(sizeof(*own));

	if (!own)
		abort();
	sut_lazy_case(index, &own->c);
	own->model = sut_lazy_model(&own->c.world);
	*subject = (struct sut_explore_subject){&own->model, &own->c.world, own};
}

static void close_case(struct sut_explore_subject *subject)
{
	free(subject->own);
}

static bool is_expected(size_t index, const struct sut_explore_result *result)
{
	struct sut_lazy_case c;

	sut_lazy_case(index, &c);
	return result->verdict == c.expected;
}

const struct sut_exploration sut_exploration_lazy = {
	.name = "lazy",
	.find = find,
	.open = open_case,
	.close = close_case,
	.is_expected = is_expected,
};
