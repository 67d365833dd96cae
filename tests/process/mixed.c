// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mixed FOLDER [STEPS [SEED [filtered]]]: walks at random through the versions of a hammer, while
 * its four threads, their signal handlers and visitors call what changes: fixes are applied over
 * each other, replaced, taken out from below, turned round under way and turned round again. Not
 * one call may see two versions, and after each step the target runs what the model below says.
 * broken.c shows that the same hammer finds a switch that is not careful.
 */
#include "health.h"
#include "load.h"
#include "notes.h"
#include "base/io.h"
#include "base/tap.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	STEPS = 1600,
	WALKS = 4,
	STORM_US = 250,
	TURN_SPREAD_US = 4000,
	SETTLE_NS = 5000 * 1000 * 1000ull,
	POLL_US = 200,
};

/* In which a command that waits must end, on a machine that others use, too. Measured: 0.1 s. */
static const uint64_t bound_ns = 2 * 1000 * 1000 * 1000ull;

static struct {
	struct fixes fixes;
	unsigned int steps;
	unsigned int seed;
} settings;

struct walk {
	struct load load;
	struct notes notes;
	/* The model: the fixes in use, oldest first. */
	size_t count;
	int use[FIX_COUNT];
	unsigned int replaced; /* bits */
	/* Of commands that waited for an end. */
	unsigned int waits, turns;
	uint64_t total_ns, longest_ns;
};

/* --- what should be --- */

static bool replaces(int fix)
{
	return fix == FIX_4 || fix == FIX_5;
}

static unsigned int in_use(const struct walk *w)
{
	unsigned int bits = 0;

	for (size_t i = 0; i < w->count; i++)
		bits |= 1u << w->use[i];
	return bits;
}

static bool is_used(const struct walk *w, int fix)
{
	return in_use(w) >> fix & 1;
}

/* A fix comes in, or goes out; neither happens twice. */
static void model(struct walk *w, int fix, bool in)
{
	size_t kept = 0;

	if (in == is_used(w, fix))
		return;
	if (in && replaces(fix)) {
		w->replaced |= in_use(w);
		w->count = 0;
	}
	for (size_t i = 0; i < w->count; i++)
		if (w->use[i] != fix)
			w->use[kept++] = w->use[i];
	w->count = kept;
	if (!in)
		return;
	w->use[w->count++] = fix;
	w->replaced &= ~(1u << fix);
}

/* That of the newest fix that has inner() and outer(). */
static int model_version(const struct walk *w)
{
	for (size_t i = w->count; i--;)
		if (w->use[i] != FIX_5)
			return w->use[i];
	return 1;
}

/* --- what is --- */

static bool says_beside(const struct load *load, uint64_t answer)
{
	uint64_t start = sut_now_ns();

	for (int i = 0; i < HAMMER_THREADS; i++)
		while (__atomic_load_n(&load->page->counts[i].beside, __ATOMIC_RELAXED) != answer) {
			if (sut_now_ns() - start > SETTLE_NS)
				return false;
			usleep(POLL_US);
		}
	return true;
}

static void check(struct walk *w)
{
	const struct fix *fixes = settings.fixes.list;
	int version = model_version(w);
	struct sut_diag diag = {0};
	struct fixes_state state;
	const char *wrong;

	CHECK_EQUAL(fixes_look(&settings.fixes, w->load.pid, &state, &diag), SUT_OK);
	CHECK_EQUAL(state.in_use, in_use(w));
	CHECK_EQUAL(state.moving, 0);
	CHECK_EQUAL(state.version, version);
	CHECK(load_runs(&w->load, version));
	CHECK(says_beside(&w->load, is_used(w, FIX_5) ? 5 : 1));
	CHECK_EQUAL(health_entries_changed(w->load.pid, &fixes[FIX_2].patch, false),
		    version == 1 ? 0 : fixes[FIX_2].patch.func_count);
	if (!w->count)
		CHECK(health_text_original(w->load.pid));
	wrong = notes_wrong(&w->notes, &w->load, in_use(w), w->replaced);
	if (wrong)
		printf("# %s\n", wrong);
	CHECK(!wrong);
	CHECK_EQUAL(load_mixed(&w->load), 0);
}

/* --- the steps --- */

static void waited(struct walk *w, const struct sut_effect *effect)
{
	w->waits++;
	w->total_ns += effect->total_ns;
	if (effect->total_ns > w->longest_ns)
		w->longest_ns = effect->total_ns;
}

/* Waits for the end, which must come. */
static void go(struct walk *w, int fix, bool apply)
{
	const struct fix *f = &settings.fixes.list[fix];
	struct sut_diag diag = {0};
	struct sut_effect effect;
	enum sut_rc rc = apply ? fix_apply(f, w->load.pid, true, &effect, &diag)
			       : fix_revert(f, w->load.pid, true, &effect, &diag);

	if (rc != SUT_OK)
		load_failed(apply ? "apply" : "revert", &diag);
	waited(w, &effect);
}

/* Begins, and does not wait. true: the end came at once. */
static bool begin(struct walk *w, int fix, bool apply)
{
	const struct fix *f = &settings.fixes.list[fix];
	struct sut_diag diag = {0};
	enum sut_rc rc = apply ? fix_apply(f, w->load.pid, false, NULL, &diag)
			       : fix_revert(f, w->load.pid, false, NULL, &diag);

	if (rc != SUT_OK && (rc != SUT_RETRY || strcmp(diag.rule, "blocked") != 0))
		load_failed(apply ? "apply" : "revert", &diag);
	w->turns += rc == SUT_RETRY;
	return rc == SUT_OK;
}

/* Nobody else gets in while a transition runs. */
static void try_other(struct walk *w, int fix)
{
	int other = fix == FIX_2 ? FIX_3 : FIX_2;
	struct sut_diag diag = {0};

	CHECK_EQUAL(fix_apply(&settings.fixes.list[other], w->load.pid, false, NULL, &diag),
		    SUT_RETRY);
	CHECK_STRING(diag.rule, "transition");
}

static void pause_at_random(void)
{
	usleep((useconds_t)(random() % TURN_SPREAD_US));
}

static void step_apply(struct walk *w, int fix)
{
	go(w, fix, true);
	model(w, fix, true);
}

static void step_revert(struct walk *w, int fix)
{
	struct sut_diag diag = {0};

	if (is_used(w, fix)) {
		go(w, fix, false);
		model(w, fix, false);
	} else if (fix_revert(&settings.fixes.list[fix], w->load.pid, true, NULL, &diag) !=
		   SUT_OK) {
		CHECK_STRING(diag.rule, "name"); /* it was never there */
	}
}

static void step_revert_all(struct walk *w)
{
	while (w->count && !sut_tap_failed)
		step_revert(w, w->use[random() % (long)w->count]);
}

/* Begins to bring a fix in, or out, and goes back: before, amid and after the passage. */
static void step_turn(struct walk *w, int fix)
{
	bool in = !is_used(w, fix), ended = begin(w, fix, in);

	if (ended)
		model(w, fix, in);
	pause_at_random();
	if (!ended && random() % 4 == 0)
		try_other(w, fix);
	go(w, fix, !in);
	model(w, fix, !in);
}

/* And turns round once more, to where it was going at first. */
static void step_turn_twice(struct walk *w, int fix)
{
	bool in = !is_used(w, fix);

	if (begin(w, fix, in))
		model(w, fix, in);
	pause_at_random();
	if (begin(w, fix, !in))
		model(w, fix, !in);
	pause_at_random();
	go(w, fix, in);
	model(w, fix, in);
}

static void step(struct walk *w)
{
	long kind = random() % 16;
	int fix = FIX_2 + (int)(random() % (FIX_5 - FIX_2 + 1));

	if (kind < 5)
		step_apply(w, fix);
	else if (kind < 9)
		step_revert(w, fix);
	else if (kind < 13)
		step_turn(w, fix);
	else if (kind < 15)
		step_turn_twice(w, fix);
	else
		step_revert_all(w);
}

static void report(const struct walk *w)
{
	const struct load *load = &w->load;

	printf("# calls of version 1: %llu, 2: %llu, 3: %llu, 4: %llu; %llu handlers inside, %llu "
	       "visitors, %llu callbacks, %llu mixed; %zu mappings, %ld kB resident\n",
	       (unsigned long long)load_calls(load, 1), (unsigned long long)load_calls(load, 2),
	       (unsigned long long)load_calls(load, 3), (unsigned long long)load_calls(load, 4),
	       (unsigned long long)load_signals(load), (unsigned long long)load_visitors(load),
	       (unsigned long long)w->notes.read, (unsigned long long)load_mixed(load),
	       load_maps(load), load_kilobytes(load, "VmRSS:"));
	printf("# %u waits, %u begun without: mean %.2f ms, longest %.2f ms\n", w->waits, w->turns,
	       (double)w->total_ns / 1e6 / w->waits, (double)w->longest_ns / 1e6);
}

static void walk(unsigned int steps)
{
	struct walk w = {0};

	load_start(&w.load, &settings.fixes,
		   (struct load_options){.storm_us = STORM_US, .visitors = true});
	for (unsigned int i = 0; i < steps && !sut_tap_failed; i++) {
		step(&w);
		check(&w);
	}
	step_revert_all(&w);
	check(&w);
	report(&w);
	CHECK(w.turns > 0);
	CHECK(w.longest_ns < bound_ns);
	CHECK(load_signals(&w.load) > 0);
	CHECK(load_visitors(&w.load) > 0);
	load_end(&w.load);
}

static void test_walks(void)
{
	srandom(settings.seed);
	for (int i = 0; i < WALKS && !sut_tap_failed; i++)
		walk(settings.steps / WALKS);
}

/* The patch with only outer(), whose first instruction is shorter than a jump. */
static struct sut_patch only_outer(const struct sut_patch *patch)
{
	struct sut_patch outer = *patch;

	while (strcmp(outer.funcs->name, "outer") != 0)
		outer.funcs++;
	outer.func_count = 1;
	return outer;
}

/*
 * Whoever was behind the original's first instruction when the end was forced goes on there, so of
 * the five bytes only its own may change, until the next transition that is not forced.
 */
static void test_forced(void)
{
	const struct fix *fix = &settings.fixes.list[FIX_2];
	struct sut_patch outer = only_outer(&fix->patch);
	struct sut_diag diag = {0};
	struct load load;

	load_start(&load, &settings.fixes,
		   (struct load_options){.storm_us = STORM_US, .forkers = true});
	/* Forkers sleep in the original. */
	CHECK_EQUAL(fix_apply(fix, load.pid, false, NULL, &diag), SUT_RETRY);
	if (fix_force(fix, load.pid, &diag) != SUT_OK)
		load_failed("force", &diag);
	CHECK_EQUAL(health_entries_changed(load.pid, &outer, false), 1);
	CHECK_EQUAL(health_entries_changed(load.pid, &outer, true), 0);
	CHECK(load_apply(&load, FIX_3));
	CHECK_EQUAL(health_entries_changed(load.pid, &outer, true), 1);
	CHECK(load_runs(&load, 3));
	CHECK(load_revert(&load, FIX_2) && load_revert(&load, FIX_3));
	CHECK(health_text_original(load.pid));
	CHECK(load_runs(&load, 1));
	load_end(&load);
}

/* What a cycle keeps is a few kilobytes of records; nothing of it may be a mapping of its own. */
static void test_growth(void)
{
	enum { CYCLES_FIRST = 2, CYCLES_THEN = 20, KEPT_MAX_KB = 16 };
	struct load load;
	size_t maps;
	long size;

	load_start(&load, &settings.fixes, (struct load_options){0});
	for (int i = 0; i < CYCLES_FIRST; i++)
		CHECK(load_apply(&load, FIX_2) && load_revert(&load, FIX_2));
	maps = load_maps(&load);
	size = load_kilobytes(&load, "VmRSS:");
	for (int i = 0; i < CYCLES_THEN; i++)
		CHECK(load_apply(&load, FIX_2) && load_revert(&load, FIX_2));
	CHECK_EQUAL(load_maps(&load), maps);
	CHECK(load_kilobytes(&load, "VmRSS:") - size <= CYCLES_THEN * KEPT_MAX_KB);
	load_end(&load);
}

static const struct sut_tap_test tests[] = {
	{"no call sees two versions wherever fixes come, go and turn round", test_walks},
	{"a forced end changes no bytes that threads may stand in", test_forced},
	{"a cycle keeps a few kilobytes and no mapping", test_growth},
};

int main(int argc, char **argv)
{
	if (argc < 2) {
		fprintf(stderr, "usage: mixed FOLDER [STEPS [SEED [filtered]]]\n");
		return 2;
	}
	fixes_read(&settings.fixes, argv[1]);
	settings.steps = argc > 2 ? (unsigned int)strtoul(argv[2], NULL, 10) : STEPS;
	settings.seed = argc > 3 ? (unsigned int)strtoul(argv[3], NULL, 10) : 1;
	settings.fixes.filtered = argc > 4;
	return sut_tap_run(tests, sizeof(tests) / sizeof(tests[0]));
}
