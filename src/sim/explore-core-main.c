// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The command: explores cases by name, or all; a trace is printed for those that were named. Ends
 * with 1 when a case did not come out as expected.
 */
#include "sim/explore-core.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

struct options {
	bool list, with_long, traces;
	size_t bytes_max;
	char **names;
	int name_count;
};

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static int usage(void)
{
	fputs("usage: suture-sim --explore core [--list] [--long] [--traces] [--memory MIB] "
	      "[CASE...]\n",
	      stderr);
	return 2;
}

/* Without names all but the long ones; a kind is a name for all of it. */
static bool is_wanted(const struct options *o, const struct sut_small_case *c)
{
	for (int i = 0; i < o->name_count; i++)
		if (!strcmp(o->names[i], c->name) ||
		    !strcmp(o->names[i], sut_small_case_kind_name(c->kind)))
			return true;
	return !o->name_count && (c->kind != SUT_SMALL_CASE_LONG || o->with_long);
}

static bool run(const struct options *o, const struct sut_small_case *c)
{
	struct sut_small_stage *stage = sut_small_stage_new(&c->world);
	struct sut_explore_result result;
	double start = now();
	bool expected;

	sut_explore(&sut_small_model, &stage, o->bytes_max, &result);
	expected = sut_small_is_expected(c, &result);
	printf("%-5s  %-56s  %-9s %9zu states  ", sut_small_case_kind_name(c->kind), c->name,
	       sut_explore_verdict_name(result.verdict), result.states);
	if (result.trace)
		printf("trace of %zu  ", result.trace_length);
	printf("%.2f s%s\n", now() - start, expected ? "" : "  NOT AS EXPECTED");
	if (result.verdict == SUT_EXPLORE_FULL)
		printf("       the %zu MiB that it may use are full after %zu steps of depth\n",
		       o->bytes_max >> 20, result.depth);
	if (result.trace && (o->traces || !expected))
		sut_explore_print(&sut_small_model, &stage, &result, "       ", stdout);
	fflush(stdout);
	sut_explore_result_deinit(&result);
	sut_small_stage_free(stage);
	return expected;
}

static bool parse(int argc, char **argv, struct options *o)
{
	int i = 1;

	for (; i < argc && argv[i][0] == '-'; i++) {
		if (!strcmp(argv[i], "--list"))
			o->list = true;
		else if (!strcmp(argv[i], "--long"))
			o->with_long = true;
		else if (!strcmp(argv[i], "--traces"))
			o->traces = true;
		else if (!strcmp(argv[i], "--memory") && i + 1 < argc && atol(argv[i + 1]) > 0)
			o->bytes_max = (size_t)atol(argv[++i]) << 20;
		else
			return false;
	}
	o->names = argv + i;
	o->name_count = argc - i;
	return true;
}

int sut_small_main(int argc, char **argv)
{
	struct options o = {.bytes_max = (size_t)4096 << 20};
	size_t ran = 0, wrong = 0;
	struct sut_small_case c;

	if (!parse(argc, argv, &o))
		return usage();
	for (size_t i = 0; sut_small_case(i, &c); i++) {
		if (o.list) {
			printf("%-5s  %s\n", sut_small_case_kind_name(c.kind), c.name);
			continue;
		}
		if (!is_wanted(&o, &c))
			continue;
		ran++;
		wrong += !run(&o, &c);
	}
	if (o.list)
		return 0;
	if (!ran) {
		fputs("suture-sim: no such case; --list names them\n", stderr);
		return 2;
	}
	printf("%zu cases, %zu not as expected\n", ran, wrong);
	return wrong ? 1 : 0;
}
