// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * broken PROGRAM PATCH: the hammer of mixed.c must find switches that leave out one of the rules.
 * Each is made from the real steps (process/apply.h), with one of them left out or its record in
 * the target's memory changed before it is used. A test fails when nothing mixes.
 */
#include "load.h"
#include "base/io.h"
#include "base/tap.h"
#include "process/apply.h"
#include "process/site.h"
#include "process/switch.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TRIES = 400, STORM_US = 250, WORDS_MAX = 8 };

static const uint64_t bound_ns = 30 * 1000 * 1000 * 1000ull;
static const uint64_t after_ns = 20 * 1000 * 1000; /* to let a mixture happen after each try */

static struct {
	const char *program;
	const char *patch;
} settings;

/* A patch that lies in the target, and nothing leads to it yet. */
struct broken {
	struct load *load;
	struct sut_application a;
	struct sut_rt_transition t;
	struct sut_diag diag;
};

static bool prepare(struct load *load, struct broken *b)
{
	*b = (struct broken){
		.load = load,
		.a = {.arena = &load->arena, .patch = &load->patch, .digest = load->digest}};
	if (sut_application_open(&b->a, load->pid, &b->diag) == SUT_OK &&
	    sut_application_prepare(&b->a, &b->diag) == SUT_OK &&
	    sut_switch_read(&b->a.runtime, b->a.transition, &b->t, &b->diag) == SUT_OK)
		return true;
	load_failed("prepare", &b->diag);
	return false;
}

static void read_words(struct broken *b, enum sut_rt_list list, struct sut_rt_word *words)
{
	CHECK(b->t.list_count[list] <= WORDS_MAX);
	CHECK(sut_target_read(&b->a.target, b->t.list[list], words,
			      b->t.list_count[list] * sizeof(*words)));
}

static void write_words(struct broken *b, enum sut_rt_list list, const struct sut_rt_word *words)
{
	CHECK(sut_target_write(&b->a.target, b->t.list[list], words,
			       b->t.list_count[list] * sizeof(*words)));
}

static void write_count(struct broken *b, uint64_t count)
{
	CHECK(sut_target_write(&b->a.target,
			       b->a.transition + offsetof(struct sut_rt_transition,
							  list_count[SUT_RT_LIST_COMMIT]),
			       &count, sizeof(count)));
}

static const struct sut_effect_options patient = {.wait_ns = 10 * 1000 * 1000 * 1000ull};

static void commit(struct broken *b)
{
	if (sut_switch_start(&b->a.runtime, &b->a.memory, b->a.transition, &patient, &b->diag) !=
	    SUT_OK)
		load_failed("start", &b->diag);
}

/* The words of the list once more, as if the operation had been forked away in the middle. */
static void commit_again(struct broken *b)
{
	struct sut_runtime_op op = {.op = SUT_RT_OP_RESUME, .argument = b->a.transition};
	uint32_t stage = SUT_RT_PREPARING;
	int64_t result = SUT_RT_LOST;

	CHECK(sut_target_write(&b->a.target,
			       b->a.runtime.control + offsetof(struct sut_rt_control, stage),
			       &stage, sizeof(stage)));
	if (sut_runtime_run(&b->a.runtime, &op, &result, &b->diag) != SUT_OK)
		load_failed("resume", &b->diag);
	CHECK_EQUAL(result, SUT_RT_DONE);
}

static void finish(struct broken *b)
{
	struct sut_effect effect = {0};

	if (sut_switch_finish(&b->a.runtime, b->a.transition, &patient, b->a.arena, &effect,
			      &b->diag) != SUT_OK)
		load_failed("finish", &b->diag);
}

/* One broken way in and the proper way out. */
static void go_once(struct load *load, void (*go)(struct broken *b))
{
	struct broken b;

	if (prepare(load, &b)) {
		go(&b);
		load_mixes(load, after_ns);
	}
	sut_target_close(&b.a.target);
	if (!load_mixed(load))
		load_revert(load);
}

/*
 * Repeats it until two versions have met, in a new hammer now and then: one was seen in which 400
 * tries met nothing, where another needs one. (Not proven: words that the borrowing of its threads
 * left under a stale buffer kept their decisions careful.)
 */
static void expect_mixture(void (*go)(struct broken *b))
{
	enum { TRIES_EACH = 40 };
	uint64_t start = sut_now_ns(), mixed = 0;
	unsigned int tries = 0;

	while (!mixed && tries < TRIES && sut_now_ns() - start < bound_ns && !sut_tap_failed) {
		unsigned int end = tries + TRIES_EACH;
		struct load load;

		load_start(&load, settings.program, settings.patch, STORM_US, true);
		while (!mixed && tries < end && sut_now_ns() - start < bound_ns &&
		       !sut_tap_failed) {
			tries++;
			go_once(&load, go);
			mixed = load_mixed(&load);
		}
		load_end(&load);
	}
	printf("# %llu mixed after %u tries\n", (unsigned long long)mixed, tries);
	CHECK(mixed > 0);
}

/* The naive switch: each entry becomes the jump to the new code that it should be at the end. */
static void go_naively(struct broken *b)
{
	struct sut_rt_word commits[WORDS_MAX], finals[WORDS_MAX];

	read_words(b, SUT_RT_LIST_COMMIT, commits);
	read_words(b, SUT_RT_LIST_FORWARD, finals);
	CHECK_EQUAL(b->t.list_count[SUT_RT_LIST_COMMIT], b->t.list_count[SUT_RT_LIST_FORWARD]);
	for (uint64_t i = 0; i < b->t.list_count[SUT_RT_LIST_COMMIT]; i++) {
		CHECK_EQUAL(commits[i].address, finals[i].address);
		commits[i].value = finals[i].value;
	}
	write_words(b, SUT_RT_LIST_COMMIT, commits);
	commit(b);
	finish(b);
}

static void test_naive(void)
{
	expect_mixture(go_naively);
}

/* Armed by the commit of one entry, while the others are still the original: inner() first. */
static void go_one_by_one(struct broken *b)
{
	enum { PAUSE_US = 1000 };
	uint64_t count = b->t.list_count[SUT_RT_LIST_COMMIT];
	struct sut_rt_word words[WORDS_MAX], first;
	uint64_t inner = 0, i = 0;

	for (size_t k = 0; k < b->a.patch->func_count; k++)
		if (strcmp(b->a.patch->funcs[k].name, "inner") == 0)
			inner = sut_site_word_address(&b->a.funcs[k]);
	read_words(b, SUT_RT_LIST_COMMIT, words);
	while (i + 1 < count && words[i].address != inner)
		i++;
	CHECK_EQUAL(words[i].address, inner);
	first = words[i];
	words[i] = words[0];
	words[0] = first;
	write_words(b, SUT_RT_LIST_COMMIT, words);
	write_count(b, 1);
	commit(b);
	for (i = 2; i <= count; i++) {
		usleep(PAUSE_US);
		write_count(b, i);
		commit_again(b);
	}
	finish(b);
}

static void test_one_by_one(void)
{
	expect_mixture(go_one_by_one);
}

/* Closes at once: nobody has looked where the threads are, and answers are not counted. */
static void go_unseen(struct broken *b)
{
	struct sut_runtime_op op = {.op = SUT_RT_OP_CLOSE, .argument = b->a.transition};
	uint64_t closed = 1; /* as if it had been closed before */
	int64_t result = SUT_RT_LOST;

	commit(b);
	CHECK(sut_target_write(&b->a.target,
			       b->a.transition + offsetof(struct sut_rt_transition, closing),
			       &closed, sizeof(closed)));
	if (sut_runtime_run(&b->a.runtime, &op, &result, &b->diag) != SUT_OK)
		load_failed("close", &b->diag);
	CHECK_EQUAL(result, SUT_RT_DONE);
}

static void test_unseen(void)
{
	expect_mixture(go_unseen);
}

/* The threads and the looks do not know the old code when they see it on a stack. */
static void go_blind(struct broken *b)
{
	for (uint64_t i = 0; i < b->t.range_count; i++) {
		uint64_t at = b->t.ranges + i * sizeof(struct sut_rt_range) +
			      offsetof(struct sut_rt_range, kind);
		uint32_t kind = 0;

		CHECK(sut_target_read(&b->a.target, at, &kind, sizeof(kind)));
		kind &= ~(uint32_t)SUT_RT_RANGE_OLD;
		CHECK(sut_target_write(&b->a.target, at, &kind, sizeof(kind)));
	}
	commit(b);
	finish(b);
}

static void test_blind(void)
{
	expect_mixture(go_blind);
}

/* The same way in with nothing left out: what those above are compared with. */
static void test_whole(void)
{
	enum { CYCLES = 20 };
	struct load load;

	load_start(&load, settings.program, settings.patch, STORM_US, true);
	for (int i = 0; i < CYCLES && !sut_tap_failed; i++) {
		struct broken b;

		if (prepare(&load, &b)) {
			commit(&b);
			finish(&b);
		}
		CHECK(!load_mixes(&load, after_ns));
		sut_target_close(&b.a.target);
		load_revert(&load);
	}
	load_end(&load);
}

static const struct sut_tap_test tests[] = {
	{"the steps of a whole switch mix nothing", test_whole},
	{"entries that jump to the new code without a transition mix versions", test_naive},
	{"entries that become thunks one by one while armed mix versions", test_one_by_one},
	{"closing without a look at the threads mixes versions", test_unseen},
	{"decisions that do not see old frames mix versions", test_blind},
};

int main(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "usage: broken PROGRAM PATCH\n");
		return 2;
	}
	settings.program = argv[1];
	settings.patch = argv[2];
	return sut_tap_run(tests, sizeof(tests) / sizeof(tests[0]));
}
