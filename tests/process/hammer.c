// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * hammer PAGE STORM_US VISITORS FORKERS: four threads call outer() and inner() as fast as they can.
 * Fixes change both at once, so that they must never meet in two versions on one stack: not by a
 * call, not by recursion, not in a signal handler that interrupts one of them (one every STORM_US
 * microseconds in each thread; 0: none), not in threads that come and go on stacks that others have
 * left (VISITORS 1), not where hop() leaves by a jump and no frame of it stays, not in threads that
 * sleep in the middle of outer() and fork there when the test wants a child (FORKERS 1), nor in
 * those children. Counts go to the file PAGE (hammer.h), which the test looks at.
 */
#include "hammer.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef sigev_notify_thread_id /* glibc's, before 2.38 */
#define sigev_notify_thread_id _sigev_un._tid
#endif

struct hammer_page *page;
static long storm_us;
static pid_t parent; /* of children */
static bool is_child;
__thread struct hammer_counts *counts;
static __thread struct hammer_child *child; /* that this thread forks, or is */
static __thread long active; /* version of the outer() that runs in this thread, or 0 */

long inner(unsigned int seed);
long outer(unsigned int depth, unsigned int seed);
long land(unsigned int seed, long from);
long hop(unsigned int seed, long from);
long beside(unsigned int seed);
long glance(void);
void note(int owner, int which);

static void spend(unsigned int turns)
{
	for (volatile unsigned int i = 0; i < turns; i++)
		;
}

static void nap(long us)
{
	struct timespec t = {.tv_nsec = us * 1000};

	nanosleep(&t, NULL);
}

/* Takes the allocator's lock: so large that glibc has none of it at hand for each thread. */
static void allocate(unsigned int seed)
{
	void *volatile block = malloc(2000 + (seed & 1023)); /* not to be optimised away */

	free(block);
}

static void allocate_seen(unsigned int seed, bool shown)
{
	if (!__atomic_load_n(&page->allocating, __ATOMIC_RELAXED))
		return;
	if (shown)
		__atomic_store_n(&page->allocates, 1, __ATOMIC_SEQ_CST);
	allocate(seed);
	if (shown)
		__atomic_store_n(&page->allocates, 0, __ATOMIC_SEQ_CST);
}

static unsigned int next(unsigned int seed)
{
	return seed * 1103515245 + 12345;
}

static void expect(long version, long other)
{
	if (version == other)
		return;
	__atomic_or_fetch(&counts->met, HAMMER_MET(version, other), __ATOMIC_RELAXED);
	__atomic_add_fetch(&counts->mixed, 1, __ATOMIC_RELAXED);
}

/* A child works on from here, with the frames of its parent's thread. */
static void fork_child(void)
{
	pid_t pid;

	pid = fork();
	if (pid == 0) {
		is_child = true;
		counts = &child->counts;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(1);
	} else if (pid > 0) {
		__atomic_store_n(&child->pid, pid, __ATOMIC_RELEASE);
	}
}

/* Forkers mostly sleep in here, amid of outer(): some milliseconds, now and then many. */
static void linger(unsigned int seed)
{
	if (!is_child)
		nap((seed >> 12 & 4095) * (seed >> 24 & 7 ? 1 : 8));
	if (!is_child && __atomic_load_n(&child->wanted, __ATOMIC_ACQUIRE) && !--child->wanted)
		fork_child();
}

__attribute__((noinline)) long inner(unsigned int seed)
{
	spend(seed & 31);
	return 1;
}

__attribute__((noinline)) long outer(unsigned int depth, unsigned int seed)
{
	const long version = 1;
	long before = active;
	char stale[512]; /* return addresses of earlier calls stay in it, where it is not wiped */

	if (seed >> 24 & 1)
		memset(stale, 0, sizeof(stale));
	__asm__ volatile("" : : "r"(stale) : "memory");
	active = version;
	if (before)
		expect(version, before);
	spend(seed >> 8 & 63);
	if ((seed >> 16 & 1023) == 0)
		nap(20);
	if (child && !depth)
		linger(seed);
	expect(version, inner(seed >> 4));
	if (depth)
		expect(version, outer(depth - 1, next(seed)));
	expect(version, inner(seed >> 12));
	counts->calls[version]++;
	active = before;
	return version;
}

/* from: version of the hop() that jumped here; 0: this is a call. */
__attribute__((noinline)) long land(unsigned int seed, long from)
{
	const long version = 1;

	if (from)
		expect(version, from);
	active = version;
	spend(seed & 15);
	counts->calls[version]++;
	active = 0;
	return version;
}

static long (*volatile landing)(unsigned int seed, long from) = land;

/* Goes on to land() by a jump: directly, or through a pointer; at once, or after a call. */
__attribute__((noinline)) long hop(unsigned int seed, long from)
{
	const long version = 1;

	(void)from;
	active = version;
	spend(seed >> 4 & 255);
	if (seed >> 9 & 1)
		expect(version, inner(seed >> 10));
	if (seed >> 15 & 1)
		return landing(seed, version);
	return land(seed, version);
}

/* Two that have nothing to do with the above; other fixes change them. */
__attribute__((noinline)) long beside(unsigned int seed)
{
	spend(seed & 7);
	return 1;
}

__attribute__((noinline)) long glance(void)
{
	__asm__ volatile("");
	return 1;
}

/* For callbacks of fixes. What children do is not the parent's. */
__attribute__((noinline)) void note(int owner, int which)
{
	uint64_t n = page->note_count;

	allocate((unsigned int)n);
	if (is_child)
		return;
	page->notes[n % HAMMER_NOTES] = (struct hammer_note){(uint8_t)owner, (uint8_t)which};
	__atomic_store_n(&page->note_count, n + 1, __ATOMIC_RELEASE);
}

/* A handler belongs to the stack that it interrupts. */
static void on_signal(int signal)
{
	long (*volatile call)(void) = glance; /* so that a fix of it does not change us */

	(void)signal;
	call();
	if (!active)
		return;
	expect(active, inner(7));
	counts->signals++;
}

static char **arguments;

/* Becomes another program, which happens to be the same. */
static void on_exec(int signal)
{
	sigset_t none;

	(void)signal;
	sigemptyset(&none);
	pthread_sigmask(SIG_SETMASK, &none, NULL);
	execv("/proc/self/exe", arguments);
}

static void start_storm(void)
{
	struct itimerspec interval = {{0, storm_us * 1000}, {0, storm_us * 1000}};
	struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGUSR1};
	timer_t timer;

	event.sigev_notify_thread_id = gettid();
	if (storm_us && timer_create(CLOCK_MONOTONIC, &event, &timer) == 0)
		timer_settime(timer, 0, &interval, NULL);
}

static void *run(void *argument)
{
	unsigned int seed = (unsigned int)(uintptr_t)argument;

	counts = &page->counts[seed];
	if (!seed)
		page->allocator = (uint64_t)gettid();
	start_storm();
	for (unsigned long n = 1;; n++) {
		seed = next(seed);
		/* Mostly shallow; now and then 200 frames, which a decision has to scan. */
		outer((seed >> 10 & 255) == 0 ? 200 : seed >> 20 & 3, seed);
		inner(seed >> 8);
		/* From one place, so that a call of land() looks like hop()'s jump. */
		(seed >> 12 & 3 ? hop : land)(seed >> 6, 0);
		counts->beside = (uint64_t)beside(seed >> 7);
		allocate_seen(seed, counts == page->counts);
		if (n % 2000 == 0)
			nap(50);
	}
	return NULL;
}

static void *run_visitor(void *argument)
{
	counts = &page->counts[HAMMER_VISITORS];
	outer(3, (unsigned int)(uintptr_t)argument);
	return NULL;
}

static void *run_host(void *argument)
{
	pthread_t visitor;

	for (uintptr_t n = (uintptr_t)argument;; n++)
		if (pthread_create(&visitor, NULL, run_visitor, (void *)n) == 0)
			pthread_join(visitor, NULL);
	return NULL;
}

static void reap(void)
{
	int status = 0;

	while (waitpid((pid_t)child->pid, &status, 0) < 0)
		;
	if (status)
		__atomic_add_fetch(&page->failed, 1, __ATOMIC_RELAXED);
	__atomic_store_n(&child->pid, 0, __ATOMIC_RELEASE);
}

static void *run_forker(void *argument)
{
	unsigned int i = (unsigned int)(uintptr_t)argument;

	child = &page->children[i];
	counts = &page->counts[HAMMER_FORKERS + i];
	for (unsigned int seed = i;; seed = next(seed)) {
		outer(seed >> 20 & 3, seed);
		counts->beside = (uint64_t)beside(seed >> 7);
		if (is_child && __atomic_load_n(&child->end, __ATOMIC_ACQUIRE))
			_exit(0);
		if (!is_child && child->pid)
			reap();
		if (is_child)
			nap(200);
	}
	return NULL;
}

static int start_threads(bool visitors, bool forkers)
{
	pthread_t thread;

	for (uintptr_t i = 0; i < HAMMER_THREADS; i++)
		if (pthread_create(&thread, NULL, run, (void *)i) != 0)
			return -1;
	for (uintptr_t i = 0; forkers && i < HAMMER_CHILDREN; i++)
		if (pthread_create(&thread, NULL, run_forker, (void *)i) != 0)
			return -1;
	return visitors ? pthread_create(&thread, NULL, run_host, NULL) : 0;
}

static void wait_for_all(bool visitors, bool forkers)
{
	for (int i = 0; i < HAMMER_COUNTS; i++) {
		if (i == HAMMER_VISITORS ? !visitors : i >= HAMMER_FORKERS && !forkers)
			continue;
		while (!__atomic_load_n(&page->counts[i].calls[1], __ATOMIC_RELAXED))
			nap(50);
	}
	__atomic_store_n(&page->ready, 1, __ATOMIC_RELEASE);
}

int main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
	struct sigaction exec = {.sa_handler = on_exec};
	int file = argc == 5 ? open(argv[1], O_RDWR) : -1;
	bool visitors = argc == 5 && argv[3][0] == '1', forkers = argc == 5 && argv[4][0] == '1';
	sigset_t block;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	page = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	if (page == MAP_FAILED)
		return 1;
	storm_us = strtol(argv[2], NULL, 10);
	parent = getpid();
	arguments = argv;
	sigaction(SIGUSR1, &action, NULL);
	sigaction(SIGUSR2, &exec, NULL);
	page->ready = 0;
	__atomic_add_fetch(&page->starts, 1, __ATOMIC_RELEASE);
	if (start_threads(visitors, forkers) != 0)
		return 1;
	sigfillset(&block);
	pthread_sigmask(SIG_SETMASK, &block, NULL);
	wait_for_all(visitors, forkers);
	for (;;)
		pause();
}
