// SPDX-License-Identifier: GPL-2.0-or-later
#include "process/calls-places.h"
#include "process/target.h"
#include "process/unwind.h"
#include "base/guard.h"

#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>

enum { SMALL_STACK = 64 * 1024 };

struct sut_places *sut_places;

static void here(void)
{
	__atomic_store_n(&sut_places->tid, gettid(), __ATOMIC_RELEASE);
}

__attribute__((noinline)) void sut_place_code(void)
{
	here();
	while (__atomic_load_n(&sut_places->tid, __ATOMIC_RELAXED)) /* for good */
		__asm__ volatile("pause");
}

void sut_place_epoll(void)
{
	struct epoll_event event;
	int fd = epoll_create1(0);

	here();
	epoll_wait(fd, &event, 1, -1);
}

void sut_place_read(void)
{
	int ends[2];
	char byte;

	if (pipe(ends) != 0)
		return;
	here();
	if (read(ends[0], &byte, 1) != 1)
		return;
}

void sut_place_fgets(void)
{
	char line[80];
	int ends[2];

	if (pipe(ends) != 0)
		return;
	here();
	if (!fgets(line, sizeof(line), fdopen(ends[0], "r")))
		return;
}

void sut_place_sleep(void)
{
	here();
	sleep(1000);
}

void sut_place_pause(void)
{
	here();
	pause();
}

void sut_place_sigwait(void)
{
	sigset_t set;
	int signal;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	here();
	sigwait(&set, &signal);
}

void sut_place_futex(void)
{
	static int word;

	here();
	syscall(SYS_futex, &word, 0 /* FUTEX_WAIT */, 0, NULL, NULL, 0);
}

void sut_place_condition(void)
{
	pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	pthread_cond_t condition = PTHREAD_COND_INITIALIZER;

	pthread_mutex_lock(&mutex);
	here();
	pthread_cond_wait(&condition, &mutex);
}

void sut_place_timed_condition(void)
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
	sut_place_code();
	return a < b;
}

void sut_place_qsort(void)
{
	int items[] = {3, 1, 2};

	qsort(items, SUT_ARRAY_SIZE(items), sizeof(items[0]), spin_comparing);
}

void sut_place_exit(void)
{
	atexit(sut_place_code);
	exit(0);
}

static void handle(int signal)
{
	(void)signal;
	sut_place_code();
}

/* In the program's own code, interrupted in the library's. */
void sut_place_handler(void)
{
	signal(SIGUSR1, handle);
	raise(SIGUSR1);
}

static void *spin_in_thread(void *argument)
{
	sut_place_code();
	return argument;
}

void sut_place_thread(void)
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
	sut_place_code();
}

void sut_place_destructor(void)
{
	pthread_t thread;
	pthread_key_t key;

	pthread_key_create(&key, spin_destroying);
	pthread_create(&thread, NULL, leave_thread, &key);
	pthread_join(thread, NULL);
}

void sut_place_allocator(void)
{
	const char *path = getenv("ALLOCATOR");
	void *library = path ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
	void *(*allocate)(size_t size);

	*(void **)&allocate = library ? dlsym(library, "malloc") : NULL;
	if (!allocate) {
		printf("# ALLOCATOR=%s: %s\n", path ? path : "", path ? dlerror() : "not set");
		fflush(stdout);
		return;
	}
	allocate((size_t)(uintptr_t)sut_place_code);
}

void sut_place_other_stack(void)
{
	static char stack[SMALL_STACK];
	ucontext_t here_context, other;

	getcontext(&other);
	other.uc_stack.ss_sp = stack;
	other.uc_stack.ss_size = sizeof(stack);
	other.uc_link = NULL;
	makecontext(&other, sut_place_code, 0);
	swapcontext(&here_context, &other);
}

/* As new code of a patch: nothing describes it. */
void sut_place_unknown_code(void)
{
	unsigned char *code = mmap(NULL, SUT_PAGE_SIZE, PROT_READ | PROT_WRITE | PROT_EXEC,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	/* call *%rdi */
	memcpy(code, "\x55\xff\xd7", 3);
	((void (*)(void (*)(void)))(uintptr_t)code)(sut_place_code);
}

/* The frame is aligned anew; its table has an expression with a pointer to the caller's. */
__attribute__((noinline)) void sut_place_realigned(void)
{
	_Alignas(128) volatile char aligned[256];
	volatile char *more = __builtin_alloca((size_t)getpid() % 64 + 1);

	more[0] = aligned[0] = 1;
	sut_place_code();
	aligned[1] = more[0];
}

/* The barrier behind the call keeps it from becoming a loop. */
__attribute__((noinline)) static void spin_deep(int depth)
{
	if (depth)
		spin_deep(depth - 1);
	else
		sut_place_code();
	__asm__ volatile("");
}

void sut_place_deep(void)
{
	spin_deep(SUT_FRAMES_MAX);
}

void sut_place_hammer(void)
{
	volatile unsigned int work;
	void *volatile small, *volatile large; /* not to be optimised away */

	here();
	for (unsigned int turn = 0;; turn++) {
		__atomic_store_n(&sut_places->outside, false, __ATOMIC_SEQ_CST);
		small = malloc(100 + turn % 1000);
		large = malloc(1000 + turn % 4000);
		free(small);
		free(large);
		__atomic_store_n(&sut_places->outside, true, __ATOMIC_SEQ_CST);
		for (work = 0; work < 100; work++)
			;
	}
}
