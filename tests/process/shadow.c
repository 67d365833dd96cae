// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * shadow FOLDER [CYCLES]: shadow variables under load. The threads of a hammer hang them on
 * themselves and on numbers that all of them use, free them, and look at them in handlers, while
 * the fixes that have their types come, replace each other and go. When no fix has the types any
 * more nothing is left, and each variable that was made has been unmade once.
 */
#include "load.h"
#include "base/guard.h"
#include "base/io.h"
#include "base/tap.h"

#include <stdlib.h>
#include <unistd.h>

enum { CYCLES = 60, STORM_US = 250, HOLD_US = 20 * 1000, POLL_US = 200, SHADOW_ANSWER = 6 };

static const uint64_t bound_ns = 5 * 1000 * 1000 * 1000ull;

static struct {
	struct fixes fixes;
	unsigned int cycles;
	uint64_t longest_ns; /* that a child took to use variables */
} settings;

static uint64_t get(const uint64_t *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static size_t shadow_count(pid_t pid)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_state state = {0};
	struct sut_diag diag = {0};

	if (sut_state_read(&arena, pid, &state, &diag) != SUT_OK)
		load_failed("status", &diag);
	return state.shadow_count;
}

/* The fixes that have the types are gone. */
static void check_empty(const struct load *load)
{
	CHECK_EQUAL(get(&load->page->made), get(&load->page->unmade));
	CHECK_EQUAL(shadow_count(load->pid), 0);
	CHECK_EQUAL(get(&load->page->spoiled), 0);
}

/* In by one, over to the other while variables hang, and out in one of three ways. */
static void cycle(struct load *load)
{
	uint64_t made = get(&load->page->made);

	CHECK(load_apply(load, FIX_6));
	usleep((useconds_t)(random() % HOLD_US));
	CHECK(get(&load->page->made) > made);
	CHECK(load_apply(load, FIX_7));
	CHECK(shadow_count(load->pid) > 0);
	usleep((useconds_t)(random() % HOLD_US));
	switch (random() % 3) {
	case 0:
		CHECK(load_revert(load, FIX_7));
		check_empty(load);
		break;
	case 1:
		CHECK(load_apply(load, FIX_5));
		check_empty(load);
		CHECK(load_revert(load, FIX_5));
		break;
	default:
		CHECK(load_apply(load, FIX_2));
		CHECK(load_revert(load, FIX_7));
		check_empty(load);
		CHECK(load_revert(load, FIX_2));
	}
}

static void test_cycles(void)
{
	struct load load;

	load_start(&load, &settings.fixes, (struct load_options){.storm_us = STORM_US});
	for (unsigned int i = 0; i < settings.cycles && !sut_tap_failed; i++)
		cycle(&load);
	printf("# %llu made, %llu unmade, %llu spoiled; %ld kB resident\n",
	       (unsigned long long)get(&load.page->made),
	       (unsigned long long)get(&load.page->unmade),
	       (unsigned long long)get(&load.page->spoiled), load_kilobytes(&load, "VmRSS:"));
	CHECK(load_advances(&load));
	CHECK_EQUAL(load_mixed(&load), 0);
	load_end(&load);
}

static bool waits_for_pid(const struct hammer_child *child, bool there)
{
	uint64_t start = sut_now_ns();

	while ((get(&child->pid) != 0) != there) {
		if (sut_now_ns() - start > bound_ns)
			return false;
		usleep(POLL_US);
	}
	return true;
}

/* It gets through beside() again and again: with locks that threads of its parent held, too. */
static bool uses_variables(const struct hammer_child *child)
{
	enum { TIMES = 20 };
	uint64_t start = sut_now_ns(), first = counts_all(&child->counts);

	while (counts_all(&child->counts) - first < TIMES ||
	       get(&child->counts.beside) != SHADOW_ANSWER) {
		if (sut_now_ns() - start > bound_ns)
			return false;
		usleep(POLL_US);
	}
	if (sut_now_ns() - start > settings.longest_ns)
		settings.longest_ns = sut_now_ns() - start;
	return true;
}

static void check_child(const struct hammer_child *child)
{
	pid_t pid = (pid_t)get(&child->pid);
	struct sut_diag diag = {0};

	CHECK(uses_variables(child));
	CHECK(shadow_count(pid) > 0);
	if (fix_revert(&settings.fixes.list[FIX_6], pid, true, NULL, &diag) != SUT_OK)
		load_failed("revert in a child", &diag);
	CHECK_EQUAL(shadow_count(pid), 0);
}

static void fork_children(struct load *load)
{
	struct hammer_child *children = load->page->children;

	for (int i = 0; i < HAMMER_CHILDREN; i++)
		__atomic_store_n(&children[i].wanted, 1, __ATOMIC_RELEASE);
	for (int i = 0; i < HAMMER_CHILDREN; i++)
		CHECK(waits_for_pid(&children[i], true));
	for (int i = 0; i < HAMMER_CHILDREN && !sut_tap_failed; i++)
		check_child(&children[i]);
	for (int i = 0; i < HAMMER_CHILDREN; i++)
		__atomic_store_n(&children[i].end, 1, __ATOMIC_RELEASE);
	for (int i = 0; i < HAMMER_CHILDREN; i++) {
		CHECK(waits_for_pid(&children[i], false));
		children[i] = (struct hammer_child){0};
	}
	CHECK_EQUAL(load->page->failed, 0);
}

/* A thread that holds the store's lock does not exist in a child. */
static void test_children(void)
{
	struct load load;

	load_start(&load, &settings.fixes,
		   (struct load_options){.storm_us = STORM_US, .forkers = true});
	CHECK(load_apply(&load, FIX_6));
	for (unsigned int i = 0; i < settings.cycles / 2 && !sut_tap_failed; i++)
		fork_children(&load);
	printf("# a child took %.1f ms at most\n", (double)settings.longest_ns / 1e6);
	CHECK(load_revert(&load, FIX_6));
	check_empty(&load);
	load_end(&load);
}

static const struct sut_tap_test tests[] = {
	{"variables that were made are unmade once when their types go", test_cycles},
	{"children go on with the variables that they were forked with", test_children},
};

int main(int argc, char **argv)
{
	if (argc < 2) {
		fprintf(stderr, "usage: shadow FOLDER [CYCLES]\n");
		return 2;
	}
	fixes_read(&settings.fixes, argv[1]);
	settings.cycles = argc > 2 ? (unsigned int)strtoul(argv[2], NULL, 10) : CYCLES;
	return sut_tap_run(tests, sizeof(tests) / sizeof(tests[0]));
}
