// SPDX-License-Identifier: GPL-2.0-or-later
/* The core under the kernel's rule as an exploration of the command. */
#include "sim/explore-command.h"
#include "sim/explore-core.h"

#include <stdlib.h>

struct own {
	struct sut_small_case c;
	struct sut_small_stage *stage;
};

static bool find(size_t index, struct sut_explore_case *found)
{
	struct sut_small_case c;

	if (!sut_small_case(index, &c))
		return false;
	found->kind = sut_small_case_kind_name(c.kind);
	snprintf(found->name, sizeof(found->name), "%s", c.name);
	found->is_long = c.kind == SUT_SMALL_CASE_LONG;
	return true;
}

static void open_case(size_t index, struct sut_explore_subject *subject)
{
	struct own *own = malloc(sizeof(*own));

	if (!own)
		abort();
	sut_small_case(index, &own->c);
	own->stage = sut_small_stage_new(&own->c.world);
	*subject = (struct sut_explore_subject){&sut_small_model, &own->stage, own};
}

static void close_case(struct sut_explore_subject *subject)
{
	struct own *own = subject->own;

	sut_small_stage_free(own->stage);
	free(own);
}

static bool is_expected(size_t index, const struct sut_explore_result *result)
{
	struct sut_small_case c;

	sut_small_case(index, &c);
	return sut_small_is_expected(&c, result);
}

const struct sut_exploration sut_exploration_core = {
	.name = "core",
	.find = find,
	.open = open_case,
	.close = close_case,
	.is_expected = is_expected,
};
