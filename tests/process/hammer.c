// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * hammer PAGE STORM_US VISITORS: four threads call outer() and inner() as fast as they can. A fix
 * changes both at once, so that they must never meet in two versions on one stack: not by a call,
 * not by recursion, not in a signal handler that interrupts one of them (one every STORM_US
 * microseconds in each thread; 0: none), not in threads that come and go on stacks that others have
 * left (VISITORS 1). Counts go to the file PAGE (hammer.h), which the test looks at.
 */
#include "hammer.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

static struct hammer_page *page;
static long storm_us;
static __thread struct hammer_counts *counts;
static __thread long active; /* version of the outer() that runs in this thread, or 0 */

long inner(unsigned int seed);
long outer(unsigned int depth, unsigned int seed);

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

static unsigned int next(unsigned int seed)
{
	return seed * 1103515245 + 12345;
}

static void expect(long version, long other)
{
	if (version != other)
		__atomic_add_fetch(&counts->mixed, 1, __ATOMIC_RELAXED);
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
	volatile char stale[512]; /* never written: return addresses of earlier calls stay in it */

	active = version;
	if (before)
		expect(version, before);
	spend(seed >> 8 & 63);
	if ((seed >> 16 & 1023) == 0)
		nap(20);
	expect(version, inner(seed >> 4));
	if (depth)
		expect(version, outer(depth - 1, next(seed)));
	expect(version, inner(seed >> 12));
	counts->calls[version]++;
	active = before;
	(void)stale[seed & 511];
	return version;
}

/* A handler belongs to the stack that it interrupts. */
static void on_signal(int signal)
{
	(void)signal;
	if (!active)
		return;
	expect(active, inner(7));
	counts->signals++;
}

static void start_storm(void)
{
	struct itimerspec interval = {{0, storm_us * 1000}, {0, storm_us * 1000}};
	struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGUSR1};
	timer_t timer;

	event._sigev_un._tid = gettid();
	if (storm_us && timer_create(CLOCK_MONOTONIC, &event, &timer) == 0)
		timer_settime(timer, 0, &interval, NULL);
}

static void *run(void *argument)
{
	unsigned int seed = (unsigned int)(uintptr_t)argument;

	counts = &page->counts[seed];
	start_storm();
	for (unsigned long n = 1;; n++) {
		seed = next(seed);
		/* Mostly shallow; now and then 200 frames, which a decision has to scan. */
		outer((seed >> 10 & 255) == 0 ? 200 : seed >> 20 & 3, seed);
		inner(seed >> 8);
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

static int start_threads(int visitors)
{
	pthread_t thread;

	for (uintptr_t i = 0; i < HAMMER_THREADS; i++)
		if (pthread_create(&thread, NULL, run, (void *)i) != 0)
			return -1;
	return visitors ? pthread_create(&thread, NULL, run_host, NULL) : 0;
}

static void wait_for_all(int visitors)
{
	for (int i = 0; i < HAMMER_THREADS + visitors; i++)
		while (!__atomic_load_n(&page->counts[i].calls[1], __ATOMIC_RELAXED))
			nap(50);
	__atomic_store_n(&page->ready, 1, __ATOMIC_RELEASE);
}

int main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
	int file = argc == 4 ? open(argv[1], O_RDWR) : -1;
	int visitors = argc == 4 && argv[3][0] == '1';
	sigset_t block;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	page = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	if (page == MAP_FAILED)
		return 1;
	storm_us = strtol(argv[2], NULL, 10);
	sigaction(SIGUSR1, &action, NULL);
	if (start_threads(visitors) != 0)
		return 1;
	sigfillset(&block);
	pthread_sigmask(SIG_SETMASK, &block, NULL);
	wait_for_all(visitors);
	for (;;)
		pause();
}
