// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is found out about the threads of a child process that knows it better: each of its threads
 * says where its control block and stack are.
 */
#include "process/thread.h"
#include "base/guard.h"
#include "base/tap.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum { INSIDE = 2, SLEEPERS, SPINNER = SLEEPERS, THREADS, FORKED = THREADS, ALL };
enum { STACK_SIZE = 256 * 1024 };

struct own_words {
	pid_t tid;
	uint64_t tcb;
	uint64_t frame; /* an address on its stack */
};

/* Shared with the child. */
static struct shared {
	struct own_words threads[ALL];
	unsigned int ready;
	unsigned int stop; /* the spinner ends */
	unsigned int wake; /* futex of the sleepers */
} * shared;

static void describe(struct own_words *words)
{
	words->tid = gettid();
	words->tcb = (uint64_t)pthread_self();
	words->frame = (uint64_t)__builtin_frame_address(0);
	__atomic_add_fetch(&shared->ready, 1, __ATOMIC_RELEASE);
}

static void *run_sleeper(void *argument)
{
	describe(argument);
	for (;;)
		syscall(SYS_futex, &shared->wake, 0 /* FUTEX_WAIT */, 0, NULL, NULL, 0);
	return NULL;
}

static void *run_spinner(void *argument)
{
	describe(argument);
	while (!__atomic_load_n(&shared->stop, __ATOMIC_ACQUIRE))
		;
	return NULL;
}

/* The main thread is the first sleeper. The stack of one other is in a frame of it. */
static void run_child(void)
{
	unsigned char room[STACK_SIZE] __attribute__((aligned(4096)));
	pthread_attr_t attributes;
	pthread_t thread;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	pthread_attr_init(&attributes);
	pthread_attr_setstack(&attributes, room, sizeof(room));
	for (int i = 1; i < THREADS; i++)
		pthread_create(&thread, i == INSIDE ? &attributes : NULL,
			       i == SPINNER ? run_spinner : run_sleeper, &shared->threads[i]);
	run_sleeper(&shared->threads[0]);
}

struct fixture {
	pid_t pid;
	struct sut_target target;
	struct sut_thread_layout layout;
	struct sut_diag diag;
};

static void wait_asleep(const struct fixture *f, pid_t tid, struct sut_thread_state *state)
{
	do
		sut_thread_state(&f->target, tid, state);
	while (state->activity != SUT_THREAD_ASLEEP);
}

static void begin(struct fixture *f)
{
	struct sut_thread_state state;

	*f = (struct fixture){0};
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	f->pid = fork();
	if (f->pid == 0)
		run_child();
	while (__atomic_load_n(&shared->ready, __ATOMIC_ACQUIRE) < THREADS)
		sched_yield();
	CHECK_EQUAL(sut_target_open(f->pid, false, &f->target, &f->diag), SUT_OK);
	CHECK_EQUAL(sut_thread_layout(&f->target, &f->layout, &f->diag), SUT_OK);
	for (int i = 0; i < SLEEPERS; i++)
		wait_asleep(f, shared->threads[i].tid, &state);
}

static void end(struct fixture *f)
{
	kill(f->pid, SIGKILL);
	waitpid(f->pid, NULL, 0);
	sut_target_close(&f->target);
	munmap(shared, sizeof(*shared));
}

static void test_layout(void)
{
	struct fixture f;

	begin(&f);
	CHECK_EQUAL(f.layout.main_tcb, shared->threads[0].tcb);
	CHECK(shared->threads[0].frame >= f.layout.main_low);
	CHECK(shared->threads[0].frame < f.layout.main_high);
	end(&f);
}

static void test_list(void)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_thread_list list;
	struct fixture f;

	begin(&f);
	CHECK_EQUAL(sut_thread_list(&f.target, &arena, &list, &f.diag), SUT_OK);
	CHECK_EQUAL(list.count, THREADS);
	for (size_t i = 0; i < list.count; i++) {
		size_t known = 0;

		CHECK(i == 0 || list.tids[i - 1] < list.tids[i]);
		for (int k = 0; k < THREADS; k++)
			known += shared->threads[k].tid == list.tids[i];
		CHECK_EQUAL(known, 1);
	}
	end(&f);
}

static void test_stack(void)
{
	struct fixture f;

	begin(&f);
	for (int i = 0; i < THREADS; i++) {
		const struct own_words *own = &shared->threads[i];
		struct sut_thread_stack stack;

		CHECK(sut_thread_stack(&f.target, &f.layout, own->tid, own->frame, &stack));
		CHECK_EQUAL(stack.tcb, own->tcb);
		CHECK(own->frame >= stack.low && own->frame < stack.high);
	}
	end(&f);
}

static void test_foreign(void)
{
	struct sut_thread_stack stack;
	struct fixture f;

	begin(&f);
	CHECK(!sut_thread_stack(&f.target, &f.layout, f.pid, (uint64_t)shared, &stack));
	CHECK(!sut_thread_stack(&f.target, &f.layout, f.pid, (uint64_t)(uintptr_t)run_child,
				&stack));
	CHECK(!sut_thread_stack(&f.target, &f.layout, f.pid, 8, &stack));
	end(&f);
}

static void test_inside(void)
{
	const struct own_words *own;
	struct sut_thread_stack stack;
	struct fixture f;

	begin(&f);
	own = &shared->threads[INSIDE];
	CHECK(own->frame >= f.layout.main_low && own->frame < f.layout.main_high);
	CHECK(sut_thread_own_stack(&f.target, &f.layout, own->tid, &stack));
	CHECK_EQUAL(stack.tcb, own->tcb);
	CHECK(stack.high - stack.low <= STACK_SIZE);
	CHECK(sut_thread_stack(&f.target, &f.layout, f.pid, shared->threads[0].frame, &stack));
	CHECK_EQUAL(stack.tcb, shared->threads[0].tcb);
	end(&f);
}

/* Of running threads, too. */
static void test_tcb(void)
{
	struct fixture f;

	begin(&f);
	for (int i = 0; i < THREADS; i++)
		CHECK_EQUAL(sut_thread_tcb(&f.target, &f.layout, shared->threads[i].tid),
			    shared->threads[i].tcb);
	CHECK_EQUAL(sut_thread_tcb(&f.target, &f.layout, 1 << 30), 0);
	end(&f);
}

static void *run_fork(void *argument)
{
	if (fork() == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		run_sleeper(argument);
	}
	return run_sleeper(&shared->threads[0]);
}

static void run_forker(void)
{
	pthread_t thread;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	pthread_create(&thread, NULL, run_fork, &shared->threads[FORKED]);
	pause();
}

/* What the main thread of its parent had is still in its memory. */
static void test_forked(void)
{
	struct sut_thread_stack stack;
	struct sut_thread_state state;
	struct own_words *own;
	struct fixture f;
	pid_t forker;

	begin(&f);
	sut_target_close(&f.target);
	forker = fork();
	if (forker == 0)
		run_forker();
	own = &shared->threads[FORKED];
	while (__atomic_load_n(&shared->ready, __ATOMIC_ACQUIRE) < THREADS + 2)
		sched_yield();
	CHECK_EQUAL(sut_target_open(own->tid, false, &f.target, &f.diag), SUT_OK);
	CHECK_EQUAL(sut_thread_layout(&f.target, &f.layout, &f.diag), SUT_OK);
	wait_asleep(&f, own->tid, &state);
	CHECK(sut_thread_stack(&f.target, &f.layout, own->tid, state.sp, &stack));
	CHECK_EQUAL(stack.tcb, own->tcb);
	CHECK(f.layout.main_tcb != own->tcb);
	CHECK_EQUAL(sut_thread_tcb(&f.target, &f.layout, own->tid), 0);
	CHECK(!sut_thread_own_stack(&f.target, &f.layout, own->tid, &stack));
	kill(forker, SIGKILL);
	waitpid(forker, NULL, 0);
	end(&f);
}

static void test_asleep(void)
{
	struct sut_thread_state state;
	struct fixture f;

	begin(&f);
	for (int i = 0; i < SLEEPERS; i++) {
		const struct own_words *own = &shared->threads[i];
		const struct sut_map *map;

		sut_thread_state(&f.target, own->tid, &state);
		CHECK_EQUAL(state.activity, SUT_THREAD_ASLEEP);
		CHECK_EQUAL(state.syscall, SYS_futex);
		CHECK(state.sp < own->frame && own->frame - state.sp < 4096);
		map = sut_target_map(&f.target, state.pc);
		CHECK(map && map->exec);
		CHECK(sut_thread_slept(&f.target, own->tid, &state));
	}
	end(&f);
}

/* It sleeps again as before, in the same call; only the counters tell. */
static void test_woken(void)
{
	struct sut_thread_state before, after;
	struct fixture f;
	pid_t tid;

	begin(&f);
	tid = shared->threads[1].tid;
	sut_thread_state(&f.target, tid, &before);
	while (syscall(SYS_futex, &shared->wake, 1 /* FUTEX_WAKE */, SLEEPERS, NULL, NULL, 0) !=
	       SLEEPERS)
		sched_yield();
	do
		wait_asleep(&f, tid, &after);
	while (strcmp(before.schedstat, after.schedstat) == 0);
	CHECK_STRING(after.raw, before.raw);
	CHECK(!sut_thread_slept(&f.target, tid, &before));
	end(&f);
}

static void test_running_and_gone(void)
{
	struct sut_thread_state state;
	struct fixture f;
	pid_t tid;

	begin(&f);
	tid = shared->threads[SPINNER].tid;
	sut_thread_state(&f.target, tid, &state);
	CHECK_EQUAL(state.activity, SUT_THREAD_RUNNING);
	__atomic_store_n(&shared->stop, 1, __ATOMIC_RELEASE);
	while (syscall(SYS_tgkill, f.pid, tid, 0) == 0)
		sched_yield();
	sut_thread_state(&f.target, tid, &state);
	CHECK_EQUAL(state.activity, SUT_THREAD_GONE);
	CHECK(!sut_thread_slept(&f.target, tid, &state));
	end(&f);
}

/* What is asked of one thread and the other in turn is each one's own. */
static void test_in_turns(void)
{
	struct sut_thread_state first, second;
	struct fixture f;

	begin(&f);
	for (int i = 0; i < 3; i++) {
		const struct own_words *own = shared->threads;

		sut_thread_state(&f.target, own[0].tid, &first);
		sut_thread_state(&f.target, own[1].tid, &second);
		CHECK(first.sp < own[0].frame && own[0].frame - first.sp < 4096);
		CHECK(second.sp < own[1].frame && own[1].frame - second.sp < 4096);
		CHECK(sut_thread_slept(&f.target, own[0].tid, &first));
		CHECK(!sut_thread_is_helper(&f.target, own[1].tid));
		CHECK(sut_thread_slept(&f.target, own[1].tid, &second));
	}
	end(&f);
}

/* One that is taken for gone would be no reason to wait. */
static void test_no_files(void)
{
	struct rlimit limit, none;
	struct sut_thread_state state;
	struct fixture f;

	begin(&f);
	sut_thread_files_close(f.target.files);
	getrlimit(RLIMIT_NOFILE, &limit);
	none = (struct rlimit){0, limit.rlim_max};
	setrlimit(RLIMIT_NOFILE, &none);
	for (int i = 0; i < THREADS; i++) {
		sut_thread_state(&f.target, shared->threads[i].tid, &state);
		CHECK_EQUAL(state.activity, SUT_THREAD_RUNNING);
		sut_thread_glance(&f.target, shared->threads[i].tid, &state);
		CHECK_EQUAL(state.activity, SUT_THREAD_RUNNING);
	}
	setrlimit(RLIMIT_NOFILE, &limit);
	end(&f);
}

static const struct sut_tap_test tests[] = {
	{"the layout of the C library is found", test_layout},
	{"every thread is listed once, in order", test_list},
	{"a stack belongs to its thread", test_stack},
	{"a stack that is a part of the main thread's has its own thread", test_inside},
	{"an address on no stack belongs to nobody", test_foreign},
	{"the control block of a thread is found while it runs", test_tcb},
	{"the child of a fork by another thread is not its parent's main thread", test_forked},
	{"a sleeping thread shows its call, stack and place", test_asleep},
	{"a thread that slept again has not slept all the time", test_woken},
	{"running and gone threads are told apart", test_running_and_gone},
	{"threads that are asked in turns are told apart", test_in_turns},
	{"a thread that cannot be asked, for want of files, is not gone", test_no_files},
};

SUT_TAP_MAIN(tests)
