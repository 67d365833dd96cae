// SPDX-License-Identifier: GPL-2.0-or-later
/* The short stop of a whole process, and the search of its memory, on a child that takes part. */
#include "process/halt.h"
#include "process/scan.h"
#include "base/io.h"
#include "base/tap.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SLEEPERS = 3, SPINNERS = 2 };

/* Nothing lies there; another place for each child, which inherits what the parent has. */
static uint64_t wanted = UINT64_C(0x123456789000);
static const uint64_t long_ns = 2000 * 1000 * 1000ull;

/* Shared with the child. */
static struct shared {
	unsigned int ready;
	unsigned int wake; /* futex of the sleepers */
	uint64_t turns[SPINNERS];
	uint64_t place;      /* where the child has put the word ... */
	uint64_t complement; /* ... which is 8 behind this one */
} * shared;

enum where { NOWHERE, HEAP, UNALIGNED, MANGLED, BELOW_STACK, READ_ONLY };

static void *run_sleeper(void *argument)
{
	__atomic_add_fetch(&shared->ready, 1, __ATOMIC_RELEASE);
	for (;;)
		syscall(SYS_futex, &shared->wake, 0 /* FUTEX_WAIT */, 0, NULL, NULL, 0);
	return argument;
}

static void *run_spinner(void *argument)
{
	__atomic_add_fetch(&shared->ready, 1, __ATOMIC_RELEASE);
	for (;;)
		__atomic_add_fetch((uint64_t *)argument, 1, __ATOMIC_RELAXED);
	return NULL;
}

static uint64_t mangled(uint64_t word)
{
	uint64_t guard;

	__asm__("movq %%fs:0x30, %0" : "=r"(guard));
	word ^= guard;
	return word << 17 | word >> 47;
}

/* No copy of the word may lie anywhere else: it is made where it is stored. */
static void put(enum where where)
{
	unsigned char *heap =
		mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	volatile uint64_t *at = (volatile uint64_t *)(heap + 5000 * 8);

	if (where == UNALIGNED)
		at = (volatile uint64_t *)(heap + SUT_PAGE_SIZE - 3);
	if (where == BELOW_STACK)
		at = (volatile uint64_t *)(((uint64_t)__builtin_frame_address(0) - 8192) & ~7ull);
	while (!__atomic_load_n(&shared->complement, __ATOMIC_ACQUIRE))
		sched_yield();
	if (where == MANGLED)
		*at = mangled(~shared->complement + 8);
	else if (where != NOWHERE)
		*at = ~shared->complement + 8;
	if (where == READ_ONLY)
		mprotect(heap, 1 << 20, PROT_NONE);
	shared->place = (uint64_t)at;
}

static void run_child(enum where where, int spinners)
{
	pthread_t thread;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	put(where);
	for (int i = 1; i < SLEEPERS; i++)
		pthread_create(&thread, NULL, run_sleeper, NULL);
	for (int i = 0; i < spinners; i++)
		pthread_create(&thread, NULL, run_spinner, &shared->turns[i]);
	run_sleeper(NULL);
}

struct fixture {
	pid_t pid;
	struct sut_target target;
	struct sut_runtime runtime;
	struct sut_arena arena;
	struct sut_halt halt;
	struct sut_diag diag;
};

static void begin(struct fixture *f, enum where where, int spinners)
{
	*f = (struct fixture){0};
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	f->pid = fork();
	if (f->pid == 0)
		run_child(where, spinners);
	wanted += 1 << 20;
	__atomic_store_n(&shared->complement, ~wanted, __ATOMIC_RELEASE);
	while (__atomic_load_n(&shared->ready, __ATOMIC_ACQUIRE) < SLEEPERS + (unsigned)spinners)
		sched_yield();
	usleep(1000); /* until they sleep; a look at one that does not fails and is repeated */
	CHECK_EQUAL(sut_target_open(f->pid, false, &f->target, &f->diag), SUT_OK);
	f->runtime.target = &f->target;
	CHECK_EQUAL(sut_thread_layout(&f->target, &f->runtime.layout, &f->diag), SUT_OK);
	f->halt = (struct sut_halt){.runtime = &f->runtime, .arena = &f->arena, .max_ns = long_ns};
}

static void end(struct fixture *f)
{
	kill(f->pid, SIGKILL);
	waitpid(f->pid, NULL, 0);
	sut_target_close(&f->target);
	sut_arena_deinit(&f->arena);
	munmap(shared, sizeof(*shared));
}

static uint64_t all_turns(void)
{
	uint64_t sum = 0;

	for (int i = 0; i < SPINNERS; i++)
		sum += __atomic_load_n(&shared->turns[i], __ATOMIC_RELAXED);
	return sum;
}

static void test_nobody_moves(void)
{
	struct fixture f;
	uint64_t turns;

	begin(&f, NOWHERE, SPINNERS);
	for (int i = 0; i < 20; i++) {
		f.halt.depth = (enum sut_halt_depth)(i % 3);
		CHECK_EQUAL(sut_halt_begin(&f.halt, &f.diag), SUT_OK);
		CHECK_EQUAL(f.halt.count, SLEEPERS + SPINNERS);
		turns = all_turns();
		usleep(500);
		CHECK_EQUAL(all_turns(), turns);
		CHECK(sut_halt_held(&f.halt));
		sut_halt_end(&f.halt);
		usleep(500);
		while (all_turns() == turns)
			sched_yield();
	}
	CHECK_EQUAL(f.runtime.cost.halts, 20);
	CHECK(f.runtime.cost.pause_ns_max > 500 * 1000);
	end(&f);
}

static void test_waking_is_seen(void)
{
	struct fixture f;

	begin(&f, NOWHERE, 0);
	CHECK_EQUAL(sut_halt_begin(&f.halt, &f.diag), SUT_OK);
	CHECK_EQUAL(f.halt.since_ns, 0); /* nobody had to be interrupted */
	CHECK(sut_halt_held(&f.halt));
	syscall(SYS_futex, &shared->wake, 1 /* FUTEX_WAKE */, 1, NULL, NULL, 0);
	usleep(2000);
	CHECK(!sut_halt_held(&f.halt));
	sut_halt_end(&f.halt);
	end(&f);
}

static void test_time_is_bounded(void)
{
	struct fixture f;

	begin(&f, NOWHERE, SPINNERS);
	f.halt.max_ns = 0;
	CHECK_EQUAL(sut_halt_begin(&f.halt, &f.diag), SUT_RETRY);
	CHECK_STRING(f.diag.rule, "pause");
	for (uint64_t turns = all_turns(); all_turns() == turns;)
		sched_yield();
	end(&f);
}

static enum sut_scan_end scan(struct fixture *f, bool anywhere, struct sut_scan *scan)
{
	struct sut_rt_range *range = sut_arena_alloc(&f->arena, sizeof(*range));

	CHECK(sut_scan_init(scan, &f->target, &f->runtime.layout, &f->arena));
	*range = (struct sut_rt_range){wanted, wanted + 4096, SUT_RT_RANGE_OLD, 7};
	scan->ranges = range;
	scan->range_count = 1;
	scan->anywhere = anywhere;
	for (size_t i = 0; i < f->halt.count; i++) {
		struct sut_thread_stack stack;

		if (sut_thread_stack(&f->target, &f->runtime.layout, f->halt.threads[i].tid,
				     f->halt.threads[i].sp, &stack))
			sut_scan_skip(scan, &f->arena, stack.low, f->halt.threads[i].sp - 128);
	}
	return sut_scan_memory(scan);
}

static void check_scan(enum where where, bool anywhere, enum sut_scan_end expected)
{
	struct sut_scan result;
	struct fixture f;

	begin(&f, where, 0);
	CHECK_EQUAL(sut_halt_begin(&f.halt, &f.diag), SUT_OK);
	CHECK_EQUAL(scan(&f, anywhere, &result), expected);
	CHECK(sut_halt_held(&f.halt));
	sut_halt_end(&f.halt);
	if (expected == SUT_SCAN_FOUND) {
		CHECK_EQUAL(result.hit.address, shared->place);
		CHECK_EQUAL(result.hit.word, wanted + 8);
		CHECK_EQUAL(result.hit.range->func, 7);
	}
	CHECK(result.bytes > 16 * SUT_PAGE_SIZE || expected == SUT_SCAN_FOUND);
	end(&f);
}

static void test_finds(void)
{
	check_scan(HEAP, false, SUT_SCAN_FOUND);
	check_scan(READ_ONLY, false, SUT_SCAN_FOUND);
	check_scan(MANGLED, false, SUT_SCAN_FOUND);
	check_scan(UNALIGNED, true, SUT_SCAN_FOUND);
}

static void test_leaves_out(void)
{
	check_scan(NOWHERE, true, SUT_SCAN_CLEAN);
	check_scan(UNALIGNED, false, SUT_SCAN_CLEAN);
	check_scan(BELOW_STACK, true, SUT_SCAN_CLEAN);
}

static void test_late(void)
{
	struct sut_scan result;
	struct fixture f;

	begin(&f, NOWHERE, 0);
	scan(&f, false, &result);
	result.until_ns = 1;
	CHECK_EQUAL(sut_scan_memory(&result), SUT_SCAN_LATE);
	end(&f);
}

static const struct sut_tap_test tests[] = {
	{"in the stop nobody moves, and afterwards everybody goes on", test_nobody_moves},
	{"a thread that wakes meanwhile is noticed", test_waking_is_seen},
	{"a stop that would be too long is none", test_time_is_bounded},
	{"a word is found on the heap, without access, mangled, and anywhere if asked", test_finds},
	{"nothing is found where nothing lies, and below a stack pointer", test_leaves_out},
	{"a search ends when its time is over", test_late},
};

SUT_TAP_MAIN(tests)
