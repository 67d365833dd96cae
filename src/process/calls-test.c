// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which threads are taken for a callback: each test has a child process with one thread at a place
 * of interest. The child is a fork, so addresses mean the same in both.
 */
#include "process/calls-places.h"
#include "process/calls.h"
#include "base/guard.h"
#include "base/tap.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum {
	PROBES_MAX = 10000,   /* until the thread of interest could be stopped */
	HAMMER_PROBES = 3000, /* at most, until each verdict was seen often enough */
	HAMMER_ENOUGH = 20,
	SLEEPER_MAX = 16 << 20,
};

struct fixture {
	pid_t pid;
	struct sut_target target;
	struct sut_runtime runtime;
	struct sut_calls calls;
	struct sut_diag diag;
	/* Of the last probe. */
	bool seen;
	bool safe;
	long syscall;
	uint64_t pc;
	bool outside;
};

static void run_child(void (*run)(void))
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	run();
	_exit(1);
}

static bool has_ended(pid_t pid)
{
	siginfo_t info = {0};

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid;
}

static void wait_thread(const struct fixture *f, bool asleep)
{
	struct sut_thread_state state = {0};

	while (!__atomic_load_n(&sut_places->tid, __ATOMIC_ACQUIRE)) {
		if (has_ended(f->pid)) {
			printf("Bail out! a place was not reached\n");
			exit(1);
		}
		sched_yield();
	}
	while (asleep && state.activity != SUT_THREAD_ASLEEP) {
		sched_yield();
		sut_thread_state(&f->target, sut_places->tid, &state);
	}
}

static void share(void)
{
	sut_places = mmap(NULL, sizeof(*sut_places), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	fflush(stdout); /* the child may call exit() */
}

static void begin(struct fixture *f, void (*run)(void), bool asleep)
{
	share();
	*f = (struct fixture){.pid = fork()};
	if (f->pid == 0)
		run_child(run);
	CHECK_EQUAL(sut_target_open(f->pid, false, &f->target, &f->diag), SUT_OK);
	wait_thread(f, asleep);
	CHECK_EQUAL(sut_target_refresh(&f->target, &f->diag), SUT_OK);
	CHECK_EQUAL(sut_runtime_find(&f->target, &f->runtime, &f->diag), SUT_OK);
	CHECK_EQUAL(sut_calls_init(&f->runtime, &f->calls, &f->diag), SUT_OK);
}

/* Another program, which sleeps in pause(). */
static void begin_program(struct fixture *f, int file)
{
	struct sut_thread_state state = {.syscall = -1};
	int ends[2];
	char byte;

	share();
	CHECK_EQUAL(pipe2(ends, O_CLOEXEC), 0);
	*f = (struct fixture){.pid = fork()};
	if (f->pid == 0) {
		fexecve(file, (char *[]){(char *)"sleeper", NULL}, environ);
		_exit(127);
	}
	sut_places->tid = f->pid;
	close(ends[1]);
	CHECK_EQUAL(read(ends[0], &byte, 1), 0); /* it is the other program, or has ended */
	close(ends[0]);
	CHECK_EQUAL(sut_target_open(f->pid, false, &f->target, &f->diag), SUT_OK);
	while (state.syscall != SYS_pause && !has_ended(f->pid)) {
		sched_yield();
		sut_thread_state(&f->target, f->pid, &state);
	}
	CHECK_EQUAL(sut_target_refresh(&f->target, &f->diag), SUT_OK);
}

static void end(struct fixture *f)
{
	sut_calls_deinit(&f->calls);
	kill(f->pid, SIGKILL);
	waitpid(f->pid, NULL, 0);
	sut_target_close(&f->target);
	munmap(sut_places, sizeof(*sut_places));
}

/* An accept function that takes nobody, but notes what it would say to the thread of interest. */
static bool note(struct sut_runtime *runtime, const struct sut_stopped *stopped, void *context)
{
	struct fixture *f = context;

	if (stopped->tid != sut_places->tid)
		return false;
	f->seen = true;
	f->outside = sut_places->outside;
	f->syscall = stopped->syscall;
	f->pc = stopped->pc;
	f->safe = sut_calls_safe(runtime, stopped, &f->calls);
	return false;
}

static bool probe(struct fixture *f)
{
	struct sut_stopped stopped;

	f->seen = false;
	for (int i = 0; i < PROBES_MAX && !f->seen; i++)
		if (sut_stop_any(&f->runtime, 0, note, f, &stopped, &f->diag) != SUT_RETRY)
			break;
	CHECK(f->seen);
	return f->seen && f->safe;
}

static void check_safe(void (*run)(void), bool asleep)
{
	struct fixture f;

	begin(&f, run, asleep);
	CHECK(probe(&f));
	if (sut_tap_failed && sut_calls_refuse(&f.calls, &f.diag) == SUT_RETRY)
		printf("# %s\n", f.diag.entry[0]);
	end(&f);
}

/* words: what the reason says after the thread's number. */
static void check_refused(void (*run)(void), bool asleep, const char *words)
{
	struct fixture f;
	char expected[SUT_DIAG_TEXT];

	begin(&f, run, asleep);
	CHECK(!probe(&f));
	CHECK_EQUAL(sut_calls_refuse(&f.calls, &f.diag), SUT_RETRY);
	CHECK_STRING(f.diag.rule, "callback-thread");
	snprintf(expected, sizeof(expected), "thread %d %s", sut_places->tid, words);
	if (!strstr(f.diag.entry[0], expected))
		CHECK_STRING(f.diag.entry[0], expected);
	end(&f);
}

static void test_own_code(void)
{
	check_safe(sut_place_code, false);
}

static void test_thread(void)
{
	check_safe(sut_place_thread, false);
}

static void test_realigned(void)
{
	check_safe(sut_place_realigned, false);
}

static void test_wrapper(void)
{
	check_safe(sut_place_epoll, true);
	check_safe(sut_place_read, true);
	check_safe(sut_place_pause, true);
	check_safe(sut_place_sigwait, true);
	check_safe(sut_place_sleep, true);
}

/* Having been stopped it sleeps on in restart_syscall. */
static void test_again(void)
{
	struct fixture f;

	begin(&f, sut_place_sleep, true);
	CHECK(probe(&f));
	CHECK_EQUAL(f.syscall, SYS_clock_nanosleep);
	/* Stopped again on its way there it is in no call. */
	for (int i = 0; i < PROBES_MAX && f.syscall != SYS_restart_syscall; i++)
		CHECK_EQUAL(probe(&f), f.syscall >= 0);
	CHECK_EQUAL(f.syscall, SYS_restart_syscall);
	CHECK(f.safe);
	end(&f);
}

static void test_futex(void)
{
	check_refused(sut_place_futex, true, "is in syscall of libc.so.6");
}

static void test_condition(void)
{
	check_refused(sut_place_condition, true, "is in pthread_cond_wait of libc.so.6");
}

static void test_condition_again(void)
{
	struct fixture f;

	begin(&f, sut_place_timed_condition, true);
	for (int i = 0; i < 3; i++) {
		CHECK(!probe(&f));
		wait_thread(&f, true);
	}
	end(&f);
}

static void test_stdio(void)
{
	check_refused(sut_place_fgets, true, "is in fgets of libc.so.6");
}

static void test_comparator(void)
{
	check_refused(sut_place_qsort, false, "is in qsort");
}

static void test_exit(void)
{
	check_refused(sut_place_exit, false, "is in exit of libc.so.6");
}

static void test_destructor(void)
{
	check_refused(sut_place_destructor, false, "is in libc.so.6");
}

static void test_allocator(void)
{
	check_refused(sut_place_allocator, false, "is in malloc of ");
}

static void test_handler(void)
{
	check_refused(sut_place_handler, false, "is in a signal handler");
}

static void test_foreign(void)
{
	check_refused(sut_place_other_stack, false, "is on a stack that is not its own");
}

static void test_unknown(void)
{
	check_refused(sut_place_unknown_code, false, "is in code without unwind tables (0x");
}

static void test_deep(void)
{
	check_refused(sut_place_deep, false, "has more than 256 frames");
}

static bool in_library(uint64_t pc)
{
	Dl_info info;

	return !dladdr((void *)(uintptr_t)pc, &info) || strstr(info.dli_fname, ".so");
}

/* What the child and the dynamic linker say of the place is a second opinion. */
static void test_malloc(void)
{
	unsigned int taken = 0, refused = 0;
	struct fixture f;

	begin(&f, sut_place_hammer, false);
	for (int i = 0; i < HAMMER_PROBES && (taken < HAMMER_ENOUGH || refused < HAMMER_ENOUGH);
	     i++) {
		bool safe = probe(&f);

		CHECK(!safe || !in_library(f.pc));
		CHECK(safe || !f.outside);
		taken += safe;
		refused += !safe;
	}
	CHECK(taken >= HAMMER_ENOUGH);
	CHECK(refused >= HAMMER_ENOUGH);
	end(&f);
}

static void test_static(void)
{
	SUT_CLOSE int file = open(getenv("SLEEPER_STATIC"), O_RDONLY | O_CLOEXEC);
	struct fixture f;

	begin_program(&f, file);
	CHECK_EQUAL(sut_runtime_find(&f.target, &f.runtime, &f.diag), SUT_OK);
	CHECK_EQUAL(sut_calls_init(&f.runtime, &f.calls, &f.diag), SUT_UNSUPPORTED);
	CHECK_STRING(f.diag.rule, "callback-thread");
	end(&f);
}

/* The file has no path, as after an upgrade. */
static void test_deleted(void)
{
	SUT_CLOSE int file = open(getenv("SLEEPER"), O_RDONLY | O_CLOEXEC);
	SUT_CLOSE int copy = memfd_create("sleeper", MFD_CLOEXEC);
	struct fixture f;

	CHECK(sendfile(copy, file, NULL, SLEEPER_MAX) > 0);
	begin_program(&f, copy);
	CHECK_EQUAL(sut_runtime_find(&f.target, &f.runtime, &f.diag), SUT_OK);
	CHECK_EQUAL(sut_calls_init(&f.runtime, &f.calls, &f.diag), SUT_OK);
	CHECK(probe(&f));
	end(&f);
}

static const struct sut_tap_test tests[] = {
	{"a thread in the program's code is taken", test_own_code},
	{"so is one that pthread_create() started", test_thread},
	{"so is one in a realigned frame", test_realigned},
	{"so is one asleep in a plain wrapper of a system call", test_wrapper},
	{"so is one asleep in a call that was interrupted before", test_again},
	{"one that waits for a futex in the library is not taken", test_futex},
	{"one that waits for a condition is not", test_condition},
	{"one in a timed wait is not, interrupted before or not", test_condition_again},
	{"one that reads by stdio is not", test_stdio},
	{"one in a function that the library calls is not", test_comparator},
	{"one in a handler at exit is not", test_exit},
	{"one in a destructor of an ending thread is not", test_destructor},
	{"one in another allocator is not", test_allocator},
	{"one in a signal handler is not", test_handler},
	{"one on another stack is not", test_foreign},
	{"one in code without tables is not", test_unknown},
	{"one that is too deep to be looked at is not", test_deep},
	{"one in malloc() is never taken", test_malloc},
	{"a program whose file was deleted is looked at as others", test_deleted},
	{"a static program is refused", test_static},
};

SUT_TAP_MAIN(tests)
