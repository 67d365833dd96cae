// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which threads are taken for a callback: each test has a child process with one thread at a place
 * of interest. The child is a fork, so addresses mean the same in both.
 */
#include "process/calls.h"
#include "base/guard.h"
#include "base/tap.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>

enum {
	PROBES_MAX = 1000,    /* until the thread of interest could be stopped */
	HAMMER_PROBES = 3000, /* at most, until each verdict was seen often enough */
	HAMMER_ENOUGH = 20,
	SMALL_STACK = 64 * 1024,
	SLEEPER_MAX = 16 << 20,
};

/* Shared with the child. */
static struct shared {
	pid_t tid;    /* of the thread of interest, once it is there; 0 before */
	bool outside; /* the hammer is in code of its own */
} * shared;

static void here(void)
{
	__atomic_store_n(&shared->tid, gettid(), __ATOMIC_RELEASE);
}

__attribute__((noinline)) static void spin(void)
{
	here();
	while (__atomic_load_n(&shared->tid, __ATOMIC_RELAXED)) /* for good */
		__asm__ volatile("pause");
}

static void sleep_in_epoll(void)
{
	struct epoll_event event;
	int fd = epoll_create1(0);

	here();
	epoll_wait(fd, &event, 1, -1);
}

static void sleep_in_read(void)
{
	int ends[2];
	char byte;

	if (pipe(ends) != 0)
		return;
	here();
	if (read(ends[0], &byte, 1) != 1)
		return;
}

static void sleep_in_fgets(void)
{
	char line[80];
	int ends[2];

	if (pipe(ends) != 0)
		return;
	here();
	if (!fgets(line, sizeof(line), fdopen(ends[0], "r")))
		return;
}

static void sleep_in_sleep(void)
{
	here();
	sleep(1000);
}

static void sleep_in_pause(void)
{
	here();
	pause();
}

static void sleep_in_sigwait(void)
{
	sigset_t set;
	int signal;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	here();
	sigwait(&set, &signal);
}

static void sleep_in_futex(void)
{
	static int word;

	here();
	syscall(SYS_futex, &word, 0 /* FUTEX_WAIT */, 0, NULL, NULL, 0);
}

static void sleep_in_condition(void)
{
	pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	pthread_cond_t condition = PTHREAD_COND_INITIALIZER;

	pthread_mutex_lock(&mutex);
	here();
	pthread_cond_wait(&condition, &mutex);
}

static void sleep_in_timed_condition(void)
{
	pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
	struct timespec end;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += 1000;
	pthread_mutex_lock(&mutex);
	here();
	pthread_cond_timedwait(&condition, &mutex, &end);
}

static int spin_comparing(const void *a, const void *b)
{
	spin();
	return a < b;
}

static void spin_in_qsort(void)
{
	int items[] = {3, 1, 2};

	qsort(items, SUT_ARRAY_SIZE(items), sizeof(items[0]), spin_comparing);
}

static void spin_at_exit(void)
{
	atexit(spin);
	exit(0);
}

static void handle(int signal)
{
	(void)signal;
	spin();
}

/* In the program's own code, interrupted in the library's. */
static void spin_in_handler(void)
{
	signal(SIGUSR1, handle);
	raise(SIGUSR1);
}

static void *spin_in_thread(void *argument)
{
	spin();
	return argument;
}

static void start_thread(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, spin_in_thread, NULL);
	pthread_join(thread, NULL);
}

static void *leave_thread(void *argument)
{
	pthread_setspecific(*(pthread_key_t *)argument, argument);
	return NULL;
}

static void spin_destroying(void *argument)
{
	(void)argument;
	spin();
}

static void end_thread(void)
{
	pthread_t thread;
	pthread_key_t key;

	pthread_key_create(&key, spin_destroying);
	pthread_create(&thread, NULL, leave_thread, &key);
	pthread_join(thread, NULL);
}

static void spin_in_allocator(void)
{
	void *library = dlopen(getenv("ALLOCATOR"), RTLD_NOW | RTLD_LOCAL);
	void *(*allocate)(size_t size);

	*(void **)&allocate = library ? dlsym(library, "malloc") : NULL;
	if (allocate)
		allocate((size_t)(uintptr_t)spin);
}

static void spin_on_other_stack(void)
{
	static char stack[SMALL_STACK];
	ucontext_t here_context, other;

	getcontext(&other);
	other.uc_stack.ss_sp = stack;
	other.uc_stack.ss_size = sizeof(stack);
	other.uc_link = NULL;
	makecontext(&other, spin, 0);
	swapcontext(&here_context, &other);
}

/* As new code of a patch: nothing describes it. */
static void spin_in_unknown_code(void)
{
	unsigned char *code = mmap(NULL, SUT_PAGE_SIZE, PROT_READ | PROT_WRITE | PROT_EXEC,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	/* call *%rdi */
	memcpy(code, "\x55\xff\xd7", 3);
	((void (*)(void (*)(void)))(uintptr_t)code)(spin);
}

/* The frame is aligned anew; its table has an expression with a pointer to the caller's. */
__attribute__((noinline)) static void spin_realigned(void)
{
	_Alignas(128) volatile char aligned[256];
	volatile char *more = __builtin_alloca((size_t)getpid() % 64 + 1);

	more[0] = aligned[0] = 1;
	spin();
	aligned[1] = more[0];
}

/* The barrier behind the call keeps it from becoming a loop. */
__attribute__((noinline)) static void spin_deep(int depth)
{
	if (depth)
		spin_deep(depth - 1);
	else
		spin();
	__asm__ volatile("");
}

static void spin_too_deep(void)
{
	spin_deep(SUT_FRAMES_MAX);
}

static void hammer(void)
{
	volatile unsigned int work;
	void *volatile small, *volatile large; /* not to be optimised away */

	here();
	for (unsigned int turn = 0;; turn++) {
		__atomic_store_n(&shared->outside, false, __ATOMIC_SEQ_CST);
		small = malloc(100 + turn % 1000);
		large = malloc(1000 + turn % 4000);
		free(small);
		free(large);
		__atomic_store_n(&shared->outside, true, __ATOMIC_SEQ_CST);
		for (work = 0; work < 100; work++)
			;
	}
}

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

static void wait_thread(const struct fixture *f, bool asleep)
{
	struct sut_thread_state state = {0};

	while (!__atomic_load_n(&shared->tid, __ATOMIC_ACQUIRE))
		sched_yield();
	while (asleep && state.activity != SUT_THREAD_ASLEEP) {
		sched_yield();
		sut_thread_state(&f->target, shared->tid, &state);
	}
}

static void share(void)
{
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
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
	CHECK_EQUAL(sut_calls_init(&f->target, &f->calls, &f->diag), SUT_OK);
}

static bool has_ended(pid_t pid)
{
	siginfo_t info = {0};

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid;
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
	shared->tid = f->pid;
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
	munmap(shared, sizeof(*shared));
}

/* An accept function that takes nobody, but notes what it would say to the thread of interest. */
static bool note(struct sut_runtime *runtime, const struct sut_stopped *stopped, void *context)
{
	struct fixture *f = context;

	if (stopped->tid != shared->tid)
		return false;
	f->seen = true;
	f->outside = shared->outside;
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
	snprintf(expected, sizeof(expected), "thread %d %s", shared->tid, words);
	if (!strstr(f.diag.entry[0], expected))
		CHECK_STRING(f.diag.entry[0], expected);
	end(&f);
}

static void test_own_code(void)
{
	check_safe(spin, false);
}

static void test_thread(void)
{
	check_safe(start_thread, false);
}

static void test_realigned(void)
{
	check_safe(spin_realigned, false);
}

static void test_wrapper(void)
{
	check_safe(sleep_in_epoll, true);
	check_safe(sleep_in_read, true);
	check_safe(sleep_in_pause, true);
	check_safe(sleep_in_sigwait, true);
	check_safe(sleep_in_sleep, true);
}

/* Having been stopped it sleeps on in restart_syscall. */
static void test_again(void)
{
	struct fixture f;

	begin(&f, sleep_in_sleep, true);
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
	check_refused(sleep_in_futex, true, "is in syscall of libc.so.6");
}

static void test_condition(void)
{
	check_refused(sleep_in_condition, true, "is in pthread_cond_wait of libc.so.6");
}

static void test_condition_again(void)
{
	struct fixture f;

	begin(&f, sleep_in_timed_condition, true);
	for (int i = 0; i < 3; i++) {
		CHECK(!probe(&f));
		wait_thread(&f, true);
	}
	end(&f);
}

static void test_stdio(void)
{
	check_refused(sleep_in_fgets, true, "is in fgets of libc.so.6");
}

static void test_comparator(void)
{
	check_refused(spin_in_qsort, false, "is in qsort");
}

static void test_exit(void)
{
	check_refused(spin_at_exit, false, "is in exit of libc.so.6");
}

static void test_destructor(void)
{
	check_refused(end_thread, false, "is in libc.so.6");
}

static void test_allocator(void)
{
	check_refused(spin_in_allocator, false, "is in malloc of ");
}

static void test_handler(void)
{
	check_refused(spin_in_handler, false, "is in a signal handler");
}

static void test_foreign(void)
{
	check_refused(spin_on_other_stack, false, "is on a stack that is not its own");
}

static void test_unknown(void)
{
	check_refused(spin_in_unknown_code, false, "is in code without unwind tables (0x");
}

static void test_deep(void)
{
	check_refused(spin_too_deep, false, "has more than 256 frames");
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

	begin(&f, hammer, false);
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
	CHECK_EQUAL(sut_calls_init(&f.target, &f.calls, &f.diag), SUT_UNSUPPORTED);
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
	CHECK_EQUAL(sut_calls_init(&f.target, &f.calls, &f.diag), SUT_OK);
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
