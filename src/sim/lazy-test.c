// SPDX-License-Identifier: GPL-2.0-or-later
/* Flat TAP: every case but the long ones, with the shortest trace to what was found. */
#include "sim/lazy-cases.h"

enum { MEMORY_MAX = 2048 }; /* MiB */

static bool report(const struct sut_lazy_case *c, size_t number)
{
	struct sut_explore_model model = sut_lazy_model(&c->world);
	struct sut_explore_result result;
	bool expected = sut_lazy_case_run(c, (size_t)MEMORY_MAX << 20, &result);

	printf("%sok %zu - %s: %s: %s, %zu states", expected ? "" : "not ", number,
	       sut_lazy_kind_name(c->kind), c->name, sut_explore_verdict_name(result.verdict),
	       result.states);
	if (result.trace)
		printf(", trace of %zu steps", result.trace_length);
	putchar('\n');
	sut_explore_print(&model, &c->world, &result, "# ", stdout);
	fflush(stdout);
	sut_explore_result_deinit(&result);
	return expected;
}

int main(void)
{
	struct sut_lazy_case c;
	size_t count = 0;
	bool failed = false;

	for (size_t i = 0; sut_lazy_case(i, &c); i++)
		if (c.kind != SUT_LAZY_CASE_LONG && !report(&c, ++count))
			failed = true;
	printf("1..%zu\n", count);
	return failed;
}
