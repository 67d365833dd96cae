// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mixed PROGRAM PATCH [CYCLES]: puts a patch into a hammer and takes it out again, hundreds of
 * times, while its four threads and their signal handlers call what changes. Not one of their
 * calls may see two versions. broken.c shows that the same hammer finds a switch that is not
 * careful.
 */
#include "load.h"
#include "base/tap.h"

#include <stdlib.h>
#include <unistd.h>

enum { CYCLES = 1000, STORM_US = 250, REVERSE_SPREAD_US = 4000 };

static struct {
	const char *program;
	const char *patch;
	unsigned int cycles;
} settings;

static void report(const struct load *load, const char *when)
{
	printf("# %s: %llu calls old, %llu new, %llu handlers inside, %llu visitors, %llu mixed; "
	       "%zu mappings, %ld kB resident\n",
	       when, (unsigned long long)load_calls(load, 1),
	       (unsigned long long)load_calls(load, 2), (unsigned long long)load_signals(load),
	       (unsigned long long)load_visitors(load), (unsigned long long)load_mixed(load),
	       load_maps(load), load_kilobytes(load, "VmRSS:"));
}

static void test_cycles(void)
{
	struct load load;

	load_start(&load, settings.program, settings.patch, STORM_US, true);
	report(&load, "at first");
	for (unsigned int i = 0; i < settings.cycles && !sut_tap_failed; i++) {
		uint64_t old, new = load_calls(&load, 2);

		CHECK(load_apply(&load) && load_advances(&load));
		CHECK(load_calls(&load, 2) > new);
		old = load_calls(&load, 1);
		CHECK(load_revert(&load) && load_advances(&load));
		CHECK(load_calls(&load, 1) > old);
		CHECK_EQUAL(load_mixed(&load), 0);
	}
	report(&load, "at last");
	CHECK(load_signals(&load) > 0);
	CHECK(load_visitors(&load) > 0);
	load_end(&load);
}

/* Begins, does not wait, and goes back after a random time: before, amid and after the passage. */
static void reverse_once(struct load *load, unsigned int *reversed)
{
	const struct sut_effect_options at_once = {.wait_ns = 0};
	struct sut_effect effect;
	struct sut_diag diag = {0};
	enum sut_rc rc = sut_apply(&load->arena, load->pid, &load->patch, load->digest, &at_once,
				   &effect, &diag);

	if (rc != SUT_OK && rc != SUT_RETRY)
		load_failed("apply", &diag);
	*reversed += effect.state == SUT_RT_APPLYING;
	usleep((useconds_t)(random() % REVERSE_SPREAD_US));
	load_revert(load);
}

static void test_reversals(void)
{
	unsigned int reversed = 0;
	struct load load;

	load_start(&load, settings.program, settings.patch, STORM_US, true);
	for (unsigned int i = 0; i < settings.cycles / 5 && !sut_tap_failed; i++) {
		reverse_once(&load, &reversed);
		CHECK(load_advances(&load));
		CHECK_EQUAL(load_mixed(&load), 0);
	}
	printf("# %u of %u were reversed under way\n", reversed, settings.cycles / 5);
	report(&load, "at last");
	CHECK(reversed > 0);
	load_end(&load);
}

/* What a cycle keeps is a few kilobytes of records; nothing of it may be a mapping of its own. */
static void test_growth(void)
{
	enum { CYCLES_FIRST = 2, CYCLES_THEN = 20, KEPT_MAX_KB = 16 };
	struct load load;
	size_t maps;
	long size;

	load_start(&load, settings.program, settings.patch, 0, false);
	for (int i = 0; i < CYCLES_FIRST; i++)
		CHECK(load_apply(&load) && load_revert(&load));
	maps = load_maps(&load);
	size = load_kilobytes(&load, "VmRSS:");
	for (int i = 0; i < CYCLES_THEN; i++)
		CHECK(load_apply(&load) && load_revert(&load));
	CHECK_EQUAL(load_maps(&load), maps);
	CHECK(load_kilobytes(&load, "VmRSS:") - size <= CYCLES_THEN * KEPT_MAX_KB);
	load_end(&load);
}

static const struct sut_tap_test tests[] = {
	{"no call sees two versions while a patch goes in and out", test_cycles},
	{"no call sees two versions when a transition is reversed", test_reversals},
	{"a cycle keeps a few kilobytes and no mapping", test_growth},
};

int main(int argc, char **argv)
{
	if (argc < 3) {
		fprintf(stderr, "usage: mixed PROGRAM PATCH [CYCLES]\n");
		return 2;
	}
	settings.program = argv[1];
	settings.patch = argv[2];
	settings.cycles = argc > 3 ? (unsigned int)strtoul(argv[3], NULL, 10) : CYCLES;
	return sut_tap_run(tests, sizeof(tests) / sizeof(tests[0]));
}
