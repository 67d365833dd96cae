// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * callbacks FOLDER: the hammer's threads allocate memory all the time, and so do the callbacks of
 * fixes. They may only run in a thread that does not hold the allocator's lock, for it would
 * wait for itself. The hammer says when it is in the allocator: a second
 * opinion on what unwinding says.
 */
#include "load.h"
#include "base/guard.h"
#include "base/io.h"
#include "base/tap.h"
#include "process/apply.h"
#include "process/calls.h"
#include "process/switch.h"
#include "process/symbol.h"

#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

enum { PROBES = 4000, ENOUGH = 20, TRIES = 200, CYCLES = 20 };

static const uint64_t bound_ns = 30 * 1000 * 1000 * 1000ull;

static struct fixes fixes;

struct probe {
	const struct load *load;
	struct sut_calls calls;
	pid_t tid; /* of one of the threads that allocate */
	bool seen, safe, allocates;
};

static void start(struct load *load, bool visitors)
{
	load_start(load, &fixes, (struct load_options){.visitors = visitors});
	load->page->allocating = 1;
}

/* The hammer's own code, around its calls of the allocator. */
static bool is_around(const struct probe *p, uint64_t pc)
{
	static const char *const functions[] = {"allocate", "allocate_seen", "run"};
	SUT_ARENA struct sut_arena arena = {0};
	const struct sut_unwind *unwind = &p->calls.unwind;

	for (size_t i = 0; i < unwind->count; i++) {
		const struct sut_unwind_object *o = &unwind->objects[i];
		const char *name = "";

		if (pc >= o->low && pc < o->high)
			name = sut_symbol_find(&arena, o, pc).function;
		for (size_t k = 0; k < SUT_ARRAY_SIZE(functions); k++)
			if (strcmp(name, functions[k]) == 0)
				return true;
	}
	return false;
}

/* Takes nobody, but notes what would be said of the thread. */
static bool note(struct sut_runtime *runtime, const struct sut_stopped *stopped, void *context)
{
	struct probe *p = context;

	if (stopped->tid != p->tid)
		return false;
	p->seen = true;
	p->allocates = p->load->page->allocates && !is_around(p, stopped->pc);
	p->safe = sut_calls_safe(runtime, stopped, &p->calls);
	return false;
}

static void test_allocator(void)
{
	unsigned int taken = 0, refused = 0, inside = 0;
	struct sut_diag diag = {0};
	struct sut_stopped stopped;
	struct sut_runtime runtime;
	SUT_TARGET struct sut_target target;
	struct load load;
	struct probe p = {.load = &load};

	start(&load, false);
	p.tid = (pid_t)load.page->allocator;
	CHECK_EQUAL(sut_target_open(load.pid, true, &target, &diag), SUT_OK);
	CHECK_EQUAL(sut_runtime_find(&target, &runtime, &diag), SUT_OK);
	CHECK_EQUAL(sut_calls_init(&runtime, &p.calls, &diag), SUT_OK);
	for (int i = 0; i < PROBES && (taken < ENOUGH || inside < ENOUGH) && !sut_tap_failed; i++) {
		p.seen = false;
		sut_stop_any(&runtime, p.tid, note, &p, &stopped, &diag);
		if (!p.seen)
			continue;
		CHECK(!p.safe || !p.allocates);
		taken += p.safe;
		refused += !p.safe;
		inside += p.allocates;
	}
	printf("# taken %u times, refused %u times, %u times in the allocator\n", taken, refused,
	       inside);
	CHECK(taken >= ENOUGH);
	CHECK(inside >= ENOUGH);
	sut_calls_deinit(&p.calls);
	load_end(&load);
}

static void test_cycles(void)
{
	struct load load;
	uint64_t notes;

	start(&load, true);
	notes = load.page->note_count;
	for (int i = 0; i < CYCLES && !sut_tap_failed; i++)
		CHECK(load_apply(&load, FIX_3) && load_revert(&load, FIX_3));
	/* Four of its own and four of a set, each time. */
	CHECK_EQUAL(load.page->note_count - notes, 8 * CYCLES);
	CHECK_EQUAL(load_mixed(&load), 0);
	load_end(&load);
}

/* Nobody else can stop the thread that sleeps, so one that works is taken. */
static void hold(pid_t tid)
{
	CHECK_EQUAL(ptrace(PTRACE_SEIZE, tid, NULL, NULL), 0);
}

static void let_go(pid_t tid)
{
	ptrace(PTRACE_INTERRUPT, tid, NULL, NULL);
	CHECK_EQUAL(waitpid(tid, NULL, __WALL), tid);
	ptrace(PTRACE_DETACH, tid, NULL, NULL);
}

static bool is_hung(enum sut_rc rc, const struct sut_diag *diag)
{
	if (rc == SUT_RETRY && strcmp(diag->rule, "thread") == 0)
		return true;
	if (rc != SUT_OK)
		load_failed("a switch", diag);
	return false;
}

/* FIX_3 goes in, and its transition ends, in threads that work, wherever those are. */
static bool hangs_anywhere(struct load *load)
{
	static const struct sut_effect_options options = {.wait_ns = 1000 * 1000 * 1000};
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_application a = {.patch = &fixes.list[FIX_3].patch,
				    .digest = fixes.list[FIX_3].digest,
				    .arena = &arena};
	struct sut_diag diag = {0};
	uint64_t calls = 0;
	enum sut_rc rc = sut_application_open(&a, load->pid, true, &diag);

	if (rc == SUT_OK)
		rc = sut_application_prepare(&a, &diag);
	CHECK_EQUAL(rc, SUT_OK);
	/* Then nobody asks whether the thread may run callbacks. */
	CHECK(sut_target_write(&a.target, a.transition + offsetof(struct sut_rt_transition, calls),
			       &calls, sizeof(calls)));
	hold(load->pid);
	if (rc == SUT_OK)
		rc = sut_switch_start(&a.runtime, &a.memory, a.transition, &options, &diag);
	let_go(load->pid);
	sut_target_close(&a.target);
	if (is_hung(rc, &diag))
		return true;
	rc = fix_revert(&fixes.list[FIX_3], load->pid, true, NULL, &diag);
	return is_hung(rc, &diag);
}

static void test_anywhere(void)
{
	uint64_t begin = sut_now_ns();
	unsigned int tries = 0;
	struct load load;
	bool hangs = false;

	start(&load, false);
	while (!hangs && ++tries < TRIES && sut_now_ns() - begin < bound_ns && !sut_tap_failed)
		hangs = hangs_anywhere(&load);
	printf("# hangs after %u tries\n", tries);
	CHECK(hangs);
	load_end(&load);
}

static const struct sut_tap_test tests[] = {
	{"a thread that is in the allocator is never taken for a callback", test_allocator},
	{"callbacks allocate while all other threads do", test_cycles},
	{"a callback in any thread hangs", test_anywhere},
};

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: callbacks FOLDER\n");
		return 2;
	}
	fixes_read(&fixes, argv[1]);
	return sut_tap_run(tests, sizeof(tests) / sizeof(tests[0]));
}
