// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fork FOLDER [ROUNDS]: a target forks children from the middle of its functions while fixes come
 * and go. A child has the parent's memory in whatever state that was, but not the threads that were
 * at work in it. Each must run on in one version; status, apply and revert work on it, or are
 * refused because of where the fork fell, and never hang.
 */
#include "health.h"
#include "load.h"
#include "base/io.h"
#include "base/tap.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ROUNDS = 80, HAMMERS = 8, STORM_US = 1000, POLL_US = 200, NAPS = 4 };

static const uint64_t bound_ns = 5 * 1000 * 1000 * 1000ull; /* of a command, and of a fork */

static struct {
	struct fixes fixes;
	unsigned int rounds;
	unsigned int children, moving, refused;
	uint64_t longest_ns;
} settings;

static bool waits_for(const uint64_t *word, bool set)
{
	uint64_t start = sut_now_ns();

	while ((__atomic_load_n(word, __ATOMIC_ACQUIRE) != 0) != set) {
		if (sut_now_ns() - start > bound_ns)
			return false;
		usleep(POLL_US);
	}
	return true;
}

static bool child_advances(const struct hammer_child *child)
{
	uint64_t before = counts_all(&child->counts), start = sut_now_ns();

	while (counts_all(&child->counts) == before) {
		if (sut_now_ns() - start > bound_ns)
			return false;
		usleep(POLL_US);
	}
	return true;
}

static uint64_t calls_of_others(const struct hammer_child *child, int version)
{
	uint64_t sum = 0;

	for (int i = 1; i <= HAMMER_VERSIONS; i++)
		if (i != version)
			sum += __atomic_load_n(&child->counts.calls[i], __ATOMIC_RELAXED);
	return sum;
}

/* Does it call outer() of this version, and of no other one? */
static bool child_runs(const struct hammer_child *child, int version)
{
	uint64_t before = calls_of_others(child, version);

	return child_advances(child) && calls_of_others(child, version) == before;
}

/* true: done. Else it was refused, because of the fork and for no other reason. */
static bool try(pid_t pid, int fix, bool apply)
{
	const struct fix *f = &settings.fixes.list[fix];
	struct sut_diag diag = {0};
	uint64_t start = sut_now_ns();
	enum sut_rc rc = apply ? fix_apply(f, pid, true, NULL, &diag)
			       : fix_revert(f, pid, true, NULL, &diag);
	uint64_t took = sut_now_ns() - start;
	bool forked = (rc == SUT_REFUSED && strcmp(diag.rule, "forked") == 0) ||
		      (rc == SUT_RETRY && strcmp(diag.rule, "busy") == 0);

	CHECK(took < bound_ns);
	if (took > settings.longest_ns)
		settings.longest_ns = took;
	settings.refused += forked;
	if (rc != SUT_OK && !forked)
		load_failed(apply ? "apply to a child" : "revert in a child", &diag);
	return !forked;
}

static struct fixes_state look(pid_t pid)
{
	struct fixes_state state;
	struct sut_diag diag = {0};

	if (fixes_look(&settings.fixes, pid, &state, &diag) != SUT_OK)
		load_failed("status of a child", &diag);
	return state;
}

static int lowest(unsigned int bits)
{
	return __builtin_ctz(bits);
}

/*
 * From wherever the fork left it: the transition is ended, then everything is taken out. Bytes that
 * a first apply had put into the text when the child was forked go with the child's own first one.
 */
static void lead_home(pid_t pid, const struct hammer_child *child)
{
	struct fixes_state state = look(pid);
	int fix = FIX_2 + (int)(random() % (FIX_5 - FIX_2 + 1));

	if (state.moving) {
		settings.moving++;
		fix = lowest(state.moving);
	}
	if (!try(pid, fix, !state.moving || random() % 2))
		return;
	state = look(pid);
	CHECK_EQUAL(state.moving, 0);
	CHECK(child_runs(child, state.version));
	for (unsigned int bits = state.in_use; bits; bits &= bits - 1)
		CHECK(try(pid, lowest(bits), false));
	CHECK(child_runs(child, 1));
	CHECK(health_text_original(pid));
}

static void check_child(struct hammer_child *child)
{
	pid_t pid = (pid_t)__atomic_load_n(&child->pid, __ATOMIC_ACQUIRE);
	struct health health;
	const char *wrong;

	settings.children++;
	CHECK(child_advances(child));
	health_take(&health, pid);
	CHECK_EQUAL(health.count, 1);
	lead_home(pid, child);
	wrong = health_wrong(&health);
	if (wrong)
		printf("# child %d: %s\n", pid, wrong);
	CHECK(!wrong);
	CHECK(child_advances(child));
	CHECK_EQUAL(child->counts.mixed, 0);
}

/* One command in the parent, in the course of which all children are forked. */
static void round_of(struct load *load)
{
	struct hammer_child *children = load->page->children;
	int fix = FIX_2 + (int)(random() % (FIX_5 - FIX_2 + 1));
	struct sut_diag diag = {0};
	bool in_use;

	in_use = look(load->pid).in_use >> fix & 1;
	for (int i = 0; i < HAMMER_CHILDREN; i++)
		__atomic_store_n(&children[i].wanted, 1 + (uint64_t)random() % NAPS,
				 __ATOMIC_RELEASE);
	if ((in_use ? fix_revert(&load->fixes->list[fix], load->pid, true, NULL, &diag)
		    : fix_apply(&load->fixes->list[fix], load->pid, true, NULL, &diag)) != SUT_OK)
		load_failed("apply, revert", &diag);
	for (int i = 0; i < HAMMER_CHILDREN; i++)
		CHECK(waits_for(&children[i].pid, true));
	for (int i = 0; i < HAMMER_CHILDREN && !sut_tap_failed; i++)
		check_child(&children[i]);
	for (int i = 0; i < HAMMER_CHILDREN; i++)
		__atomic_store_n(&children[i].end, 1, __ATOMIC_RELEASE);
	for (int i = 0; i < HAMMER_CHILDREN; i++) {
		CHECK(waits_for(&children[i].pid, false));
		children[i] = (struct hammer_child){0};
	}
	CHECK_EQUAL(load->page->failed, 0);
	CHECK_EQUAL(load_mixed(load), 0);
}

/* New ones, for the first command in a target is another one. */
static void test_children(void)
{
	for (int i = 0; i < HAMMERS && !sut_tap_failed; i++) {
		struct load load;

		load_start(&load, &settings.fixes,
			   (struct load_options){.storm_us = STORM_US, .forkers = true});
		for (unsigned int k = 0; k < settings.rounds / HAMMERS && !sut_tap_failed; k++)
			round_of(&load);
		load_end(&load);
	}
	printf("# %u children, %u forked in a transition, %u refused; longest command %.1f ms\n",
	       settings.children, settings.moving, settings.refused,
	       (double)settings.longest_ns / 1e6);
	CHECK(settings.moving > 0);
}

static const struct sut_tap_test tests[] = {
	{"a child lives and is led home, whenever it was forked", test_children},
};

int main(int argc, char **argv)
{
	if (argc < 2) {
		fprintf(stderr, "usage: fork FOLDER [ROUNDS]\n");
		return 2;
	}
	fixes_read(&settings.fixes, argv[1]);
	settings.rounds = argc > 2 ? (unsigned int)strtoul(argv[2], NULL, 10) : ROUNDS;
	return sut_tap_run(tests, sizeof(tests) / sizeof(tests[0]));
}
