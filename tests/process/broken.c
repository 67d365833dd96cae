// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * broken FOLDER: the hammer of mixed.c must find switches that leave out one of the rules. Each is
 * made from the real steps (process/apply.h), with one of them left out or its record in the
 * target's memory changed before it is used. A test fails when nothing mixes.
 */
#include "load.h"
#include "base/guard.h"
#include "base/io.h"
#include "base/tap.h"
#include "process/apply.h"
#include "process/site.h"
#include "process/switch.h"
#include "process/words.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TRIES = 400, STORM_US = 250, WORDS_MAX = 16 };

static const uint64_t bound_ns = 30 * 1000 * 1000 * 1000ull;
static const uint64_t after_ns = 20 * 1000 * 1000; /* to let a mixture happen after each try */

static struct fixes fixes;

/* A fix that lies in the target, and nothing leads to it yet. */
struct broken {
	struct sut_arena arena;
	struct sut_application a;
	struct sut_rt_transition t;
	struct sut_diag diag;
};

static bool prepare(struct load *load, int fix, struct broken *b)
{
	*b = (struct broken){
		.a = {.patch = &fixes.list[fix].patch, .digest = fixes.list[fix].digest}};
	b->a.arena = &b->arena;
	if (sut_application_open(&b->a, load->pid, true, &b->diag) == SUT_OK &&
	    sut_application_prepare(&b->a, &b->diag) == SUT_OK &&
	    sut_switch_read(&b->a.runtime, b->a.transition, &b->t, &b->diag) == SUT_OK)
		return true;
	load_failed("prepare", &b->diag);
	return false;
}

static void finish_with(struct broken *b)
{
	sut_target_close(&b->a.target);
	sut_arena_deinit(&b->arena);
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

/* A fix that goes in, perhaps over another one, by a way that is broken. */
struct scenario {
	int fix;
	void (*below)(struct load *load); /* what is done before; NULL: nothing */
	void (*go)(struct broken *b);
	uint64_t met; /* what must be seen, as HAMMER_MET() */
};

static bool is_seen(const struct scenario *s, const struct load *load)
{
	return load_met(load) & s->met;
}

/* Waits for it. */
static bool comes_about(const struct scenario *s, const struct load *load)
{
	enum { POLL_US = 200 };
	uint64_t start = sut_now_ns();

	while (!is_seen(s, load) && sut_now_ns() - start < after_ns)
		usleep(POLL_US);
	return is_seen(s, load);
}

/* One broken way in and the proper way out. */
static bool try_once(const struct scenario *s, struct load *load)
{
	struct broken b;
	bool seen = false;

	if (s->below)
		s->below(load);
	if (prepare(load, s->fix, &b)) {
		s->go(&b);
		seen = comes_about(s, load);
	}
	finish_with(&b);
	if (!seen)
		load_revert(load, s->fix);
	if (!seen && s->below)
		load_revert(load, FIX_2);
	return seen;
}

static void expect_mixture(const struct scenario *s)
{
	uint64_t start = sut_now_ns();
	unsigned int tries = 0;
	struct load load;
	bool seen = false;

	load_start(&load, &fixes,
		   (struct load_options){
			   .storm_us = STORM_US,
			   .visitors = true,
			   .forkers = true, /* they sleep in what is to be left */
		   });
	while (!seen && tries < TRIES && sut_now_ns() - start < bound_ns && !sut_tap_failed) {
		tries++;
		seen = try_once(s, &load);
	}
	printf("# %llu mixed after %u tries\n", (unsigned long long)load_mixed(&load), tries);
	CHECK(seen);
	load_end(&load);
}

/*
 * The naive switch: each entry leads to the new code at once, as at the end of a forced transition:
 * through the slot where bytes are in which a thread may stand.
 */
static void go_naively(struct broken *b)
{
	struct sut_rt_word commits[WORDS_MAX], finals[WORDS_MAX];

	read_words(b, SUT_RT_LIST_COMMIT, commits);
	read_words(b, SUT_RT_LIST_FORCED, finals);
	for (uint64_t i = 0; i < b->t.list_count[SUT_RT_LIST_FORCED]; i++) {
		uint64_t k = 0;

		while (k < b->t.list_count[SUT_RT_LIST_COMMIT] &&
		       commits[k].address != finals[i].address)
			k++;
		if (k < b->t.list_count[SUT_RT_LIST_COMMIT])
			commits[k].value = finals[i].value;
		else /* a slot that nothing leads to yet */
			CHECK(sut_target_write(&b->a.target, finals[i].address, &finals[i].value,
					       sizeof(finals[i].value)));
	}
	write_words(b, SUT_RT_LIST_COMMIT, commits);
	commit(b);
	finish(b);
}

enum {
	MET_1_AND_2 = HAMMER_MET(1, 2) | HAMMER_MET(2, 1),
	MET_1_AND_3 = HAMMER_MET(1, 3) | HAMMER_MET(3, 1),
	MET_2_AND_3 = HAMMER_MET(2, 3) | HAMMER_MET(3, 2),
};

static void test_naive(void)
{
	expect_mixture(&(const struct scenario){FIX_2, NULL, go_naively, MET_1_AND_2});
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
	expect_mixture(&(const struct scenario){FIX_2, NULL, go_one_by_one, MET_1_AND_2});
}

/* A closing that is too early shall mix versions, not tear entries that threads stand in. */
static void spare_entries(struct broken *b)
{
	uint64_t at = b->a.transition + offsetof(struct sut_rt_transition, list);
	uint64_t count_at = b->a.transition + offsetof(struct sut_rt_transition, list_count);

	CHECK(sut_target_write(&b->a.target, at + 8 * SUT_RT_LIST_FORWARD,
			       &b->t.list[SUT_RT_LIST_FORCED], 8));
	CHECK(sut_target_write(&b->a.target, count_at + 8 * SUT_RT_LIST_FORWARD,
			       &b->t.list_count[SUT_RT_LIST_FORCED], 8));
}

/* Closes at once: nobody has looked where the threads are, and answers are not counted. */
static void go_unseen(struct broken *b)
{
	struct sut_runtime_op op = {.op = SUT_RT_OP_CLOSE, .argument = b->a.transition};
	uint64_t closed = 1; /* as if it had been closed before */
	int64_t result = SUT_RT_LOST;

	spare_entries(b);
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
	expect_mixture(&(const struct scenario){FIX_2, NULL, go_unseen, MET_1_AND_2});
}

/* Is this the code of a fix that is in use, or of the program? */
static bool is_of_fix(const struct broken *b, const struct sut_rt_range *range)
{
	const struct sut_object *program = b->a.objects[0];

	return range->low < program->low || range->high > program->high;
}

/* The threads and the looks do not know this old code when they see it on a stack. */
static void go_blind_to(struct broken *b, bool fix, bool original)
{
	unsigned int blind = 0;

	for (uint64_t i = 0; i < b->t.range_count; i++) {
		uint64_t at = b->t.ranges + i * sizeof(struct sut_rt_range);
		struct sut_rt_range range = {0};

		CHECK(sut_target_read(&b->a.target, at, &range, sizeof(range)));
		if (!(range.kind & SUT_RT_RANGE_OLD) || !(is_of_fix(b, &range) ? fix : original))
			continue;
		range.kind &= ~(uint32_t)SUT_RT_RANGE_OLD;
		blind++;
		CHECK(sut_target_write(&b->a.target, at, &range, sizeof(range)));
	}
	CHECK(blind > 0);
	spare_entries(b);
	commit(b);
	finish(b);
}

static void go_blind_to_original(struct broken *b)
{
	go_blind_to(b, false, true);
}

static void go_blind_to_fix(struct broken *b)
{
	go_blind_to(b, true, false);
}

static void test_blind(void)
{
	expect_mixture(&(const struct scenario){FIX_2, NULL, go_blind_to_original, MET_1_AND_2});
}

static void apply_2(struct load *load)
{
	load_apply(load, FIX_2);
}

static void test_blind_to_fix(void)
{
	expect_mixture(&(const struct scenario){FIX_3, apply_2, go_blind_to_fix, MET_2_AND_3});
}

static void go_whole(struct broken *b)
{
	commit(b);
	finish(b);
}

/* Nobody knows that hop() leaves by a jump. */
static void go_blind_to_jumps(struct broken *b)
{
	uint64_t none = 0;

	CHECK(b->t.edge_count[0] > 0);
	CHECK(sut_target_write(&b->a.target,
			       b->a.transition + offsetof(struct sut_rt_transition, edge_count),
			       &none, sizeof(none)));
	go_whole(b);
}

static void test_blind_to_jumps(void)
{
	expect_mixture(&(const struct scenario){FIX_2, NULL, go_blind_to_jumps, MET_1_AND_2});
}

/* All threads are told that they have gone over, as if each found its words by another's key. */
static void go_by_anothers_mark(struct broken *b)
{
	enum { TURNS = 20, PAUSE_US = 500 };
	struct sut_thread_list threads;
	unsigned int marked = 0;

	spare_entries(b);
	commit(b);
	for (int turn = 0; turn < TURNS; turn++, usleep(PAUSE_US)) {
		CHECK_EQUAL(sut_thread_list(&b->a.target, b->a.arena, &threads, &b->diag), SUT_OK);
		for (size_t i = 0; i < threads.count; i++) {
			uint64_t tcb =
				sut_thread_tcb(&b->a.target, &b->a.runtime.layout, threads.tids[i]);
			uint64_t at = tcb ? sut_words_find(&b->a.target, &b->t, tcb) : 0;

			marked += at && sut_target_write(&b->a.target,
							 at + offsetof(struct sut_rt_thread, mark),
							 &b->t.mark_new, sizeof(b->t.mark_new));
		}
	}
	CHECK(marked > 0);
	finish(b);
}

static void test_anothers_mark(void)
{
	expect_mixture(&(const struct scenario){FIX_2, NULL, go_by_anothers_mark, MET_1_AND_2});
}

/* Leaves threads in the original: version 1 meets version 2, as whoever forces has to know. */
static void force_2(struct load *load)
{
	struct broken b;

	if (prepare(load, FIX_2, &b)) {
		commit(&b);
		if (sut_switch_force(&b.a.runtime, b.a.transition, &patient, &b.diag) != SUT_OK)
			load_failed("force", &b.diag);
	}
	finish_with(&b);
}

static void test_blind_after_force(void)
{
	expect_mixture(&(const struct scenario){FIX_3, force_2, go_blind_to_original, MET_1_AND_3});
}

/* The same ways in with nothing left out: what those above are compared with. */
static void test_whole(void)
{
	static const struct scenario scenarios[] = {
		{FIX_2, NULL, go_whole, MET_1_AND_2},
		{FIX_3, apply_2, go_whole, MET_2_AND_3 | MET_1_AND_3},
		{FIX_3, force_2, go_whole, MET_2_AND_3 | MET_1_AND_3},
	};
	enum { CYCLES = 40 };
	struct load load;

	load_start(&load, &fixes,
		   (struct load_options){
			   .storm_us = STORM_US,
			   .visitors = true,
			   .forkers = true, /* they sleep in what is to be left */
		   });
	for (int i = 0; i < CYCLES && !sut_tap_failed; i++)
		CHECK(!try_once(&scenarios[i * 3 / CYCLES], &load));
	load_end(&load);
}

static const struct sut_tap_test tests[] = {
	{"the steps of a whole switch mix nothing", test_whole},
	{"entries that jump to the new code without a transition mix versions", test_naive},
	{"entries that become thunks one by one while armed mix versions", test_one_by_one},
	{"closing without a look at the threads mixes versions", test_unseen},
	{"decisions that do not see frames of the original mix versions", test_blind},
	{"decisions that do not see frames of a patch that is left mix versions",
	 test_blind_to_fix},
	{"decisions that do not know of tail jumps mix versions", test_blind_to_jumps},
	{"decisions by the mark of another thread mix versions", test_anothers_mark},
	{"decisions that do not see what a forced transition left behind mix versions",
	 test_blind_after_force},
};

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: broken FOLDER\n");
		return 2;
	}
	fixes_read(&fixes, argv[1]);
	return sut_tap_run(tests, sizeof(tests) / sizeof(tests[0]));
}
