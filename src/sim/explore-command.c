// SPDX-License-Identifier: GPL-2.0-or-later
#include "sim/explore-command.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MEMORY_MIB = 4096 };

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

static int usage(const struct sut_exploration *e)
{
	fprintf(stderr,
		"usage: suture-sim --explore %s [--list] [--long] [--traces] [--memory MIB] "
		"[CASE|KIND...]\n",
		e->name);
	return 2;
}

/* Without names all but the long ones. */
static bool is_wanted(const struct options *o, const struct sut_explore_case *c)
{
	for (int i = 0; i < o->name_count; i++)
		if (!strcmp(o->names[i], c->name) || !strcmp(o->names[i], c->kind))
			return true;
	return !o->name_count && (!c->is_long || o->with_long);
}

static bool run(const struct sut_exploration *e, const struct options *o, size_t index,
		const struct sut_explore_case *c)
{
	static const char indent[] = "          ";
	struct sut_explore_subject subject;
	struct sut_explore_result result;
	double start = now();
	bool expected;

	e->open(index, &subject);
	sut_explore(subject.model, subject.world, o->bytes_max, &result);
	expected = e->is_expected(index, &result);
	printf("%-8s  %-56s  %-9s %9zu states  ", c->kind, c->name,
	       sut_explore_verdict_name(result.verdict), result.states);
	if (result.trace)
		printf("trace of %zu  ", result.trace_length);
	printf("%.2f s%s\n", now() - start, expected ? "" : "  NOT AS EXPECTED");
	if (result.verdict == SUT_EXPLORE_FULL)
		printf("%sthe %zu MiB that it may use are full after %zu steps of depth\n", indent,
		       o->bytes_max >> 20, result.depth);
	if (result.trace && (o->traces || !expected))
		sut_explore_print(subject.model, subject.world, &result, indent, stdout);
	fflush(stdout);
	sut_explore_result_deinit(&result);
	e->close(&subject);
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

int sut_explore_command(const struct sut_exploration *e, int argc, char **argv)
{
	struct options o = {.bytes_max = (size_t)MEMORY_MIB << 20};
	size_t ran = 0, wrong = 0;
	struct sut_explore_case c;

	if (!parse(argc, argv, &o))
		return usage(e);
	for (size_t i = 0; e->find(i, &c); i++) {
		if (o.list) {
			printf("%-8s  %s\n", c.kind, c.name);
			continue;
		}
		if (!is_wanted(&o, &c))
			continue;
		ran++;
		wrong += !run(e, &o, i, &c);
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
