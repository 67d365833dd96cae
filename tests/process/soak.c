// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * soak FOLDER [CYCLES]: fixes come and go for a long time in one target that works at full load.
 * Not one call may see two versions, and the target's memory is at the end what it was after the
 * first cycles: resident size, mappings, and what suture says that it keeps there.
 */
#include "health.h"
#include "load.h"
#include "base/arena.h"
#include "base/guard.h"
#include "base/io.h"
#include "base/tap.h"
#include "process/trace.h"

#include <stdlib.h>
#include <unistd.h>

enum {
	CYCLES = 300,
	WARM = 40,
	REPORTS = 20,
	STORM_US = 1000,
	PAUSE_US = 100000,
	GROWTH_MAX_KB = 256,
};

static struct {
	struct fixes fixes;
	unsigned long cycles;
	unsigned int again; /* commands that had to be given once more */
} settings;

struct size {
	long resident_kb;
	size_t maps;
	uint64_t kept;
};

static struct size size_of(const struct load *load)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct size size = {load_kilobytes(load, "VmRSS:"), load_maps(load), 0};
	struct sut_diag diag = {0};
	struct sut_state state;

	if (sut_state_read(&arena, load->pid, &state, &diag) != SUT_OK)
		load_failed("status", &diag);
	else
		for (size_t i = 0; i < state.patch_count; i++)
			size.kept += state.patches[i].kept_bytes;
	return size;
}

static void report(const struct load *load, unsigned long cycle, uint64_t since_ns)
{
	struct size size = size_of(load);

	printf("# %lu cycles in %.0f s: %ld kB resident, %zu mappings, %llu bytes kept; %llu "
	       "calls, "
	       "%llu mixed\n",
	       cycle, (double)(sut_now_ns() - since_ns) / 1e9, size.resident_kb, size.maps,
	       (unsigned long long)size.kept,
	       (unsigned long long)(load_calls(load, 1) + load_calls(load, 2) +
				    load_calls(load, 4)),
	       (unsigned long long)load_mixed(load));
	fflush(stdout);
}

/* On a machine that is overloaded a thread may not get to do its part in time: then once more. */
static bool command(struct load *load, int fix, bool apply)
{
	enum { TRIES = 20 };
	const struct fix *f = &settings.fixes.list[fix];
	struct sut_diag diag = {0};
	enum sut_rc rc = SUT_RETRY;

	for (int i = 0; i < TRIES && rc == SUT_RETRY; i++) {
		if (i) {
			settings.again++;
			usleep(PAUSE_US);
			sut_trace_release_late(-1);
		}
		diag = (struct sut_diag){0};
		rc = apply ? fix_apply(f, load->pid, true, NULL, &diag)
			   : fix_revert(f, load->pid, true, NULL, &diag);
	}
	if (rc != SUT_OK)
		load_failed(apply ? "apply" : "revert", &diag);
	return rc == SUT_OK;
}

/* In and out again; every fourth time another one takes its place in between. */
static bool cycle(struct load *load, unsigned long i)
{
	if (!command(load, FIX_2, true))
		return false;
	if (i % 4)
		return command(load, FIX_2, false);
	return command(load, FIX_4, true) && command(load, FIX_4, false);
}

static void test_soak(void)
{
	uint64_t start = sut_now_ns();
	unsigned long i;
	struct size first, last;
	struct load load;

	load_start(&load, &settings.fixes,
		   (struct load_options){.storm_us = STORM_US, .visitors = true});
	for (i = 0; i < settings.cycles + WARM && !sut_tap_failed; i++) {
		if (i == WARM)
			first = size_of(&load);
		cycle(&load, i);
		if (i % (settings.cycles / REPORTS + 1) == 0)
			report(&load, i, start);
		CHECK_EQUAL(load_mixed(&load), 0);
	}
	last = size_of(&load);
	report(&load, i, start);
	printf("# %u commands were given once more\n", settings.again);
	CHECK_EQUAL(last.maps, first.maps);
	CHECK_EQUAL(last.kept, first.kept);
	CHECK(last.resident_kb - first.resident_kb <= GROWTH_MAX_KB);
	CHECK(load_runs(&load, 1));
	CHECK(health_text_original(load.pid));
	load_end(&load);
}

static const struct sut_tap_test tests[] = {
	{"fixes come and go, and nothing is left of it", test_soak},
};

int main(int argc, char **argv)
{
	if (argc < 2) {
		fprintf(stderr, "usage: soak FOLDER [CYCLES]\n");
		return 2;
	}
	fixes_read(&settings.fixes, argv[1]);
	settings.cycles = argc > 2 ? strtoul(argv[2], NULL, 10) : CYCLES;
	return sut_tap_run(tests, sizeof(tests) / sizeof(tests[0]));
}
