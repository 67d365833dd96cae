// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * target idle|busy|timers THREADS: a program to be patched.
 *
 * Idle threads sleep in read(). Busy ones call step() and look at the clock, and keep the longest
 * time between two looks: how long the thread was away, whoever took it away. Those with timers
 * sleep until a time, ten times a second, call step(), and count how late they wake. The main
 * thread obeys lines on standard input:
 *
 *   gaps     print the longest gap of all threads since the last time, in microseconds
 *   late     print how late timers were since the last time, in microseconds: half of them not
 *            later than, 999 of 1000, all
 *   hold     let one more thread sleep inside hold(), which keeps a transition open
 *   release  let it go on, and wait until it is gone
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { THREADS_MAX = 16384, LATE_MAX_US = 1 << 20 };

struct worker {
	_Alignas(64) _Atomic uint64_t longest_ns;
};

static struct worker workers[THREADS_MAX];
static _Atomic uint32_t late[LATE_MAX_US]; /* timers, by microseconds */
static int idle_pipe[2], hold_pipe[2];
static _Atomic int caller; /* thread id of a busy thread */

/* What the patch changes: as many instructions before as after. */
__attribute__((noinline)) long step(long x)
{
	return x + 1;
}

__attribute__((noinline)) long hold(long x)
{
	char byte;
	ssize_t n = read(hold_pipe[0], &byte, 1);

	return n + x * 3;
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void *run_busy(void *argument)
{
	struct worker *worker = argument;
	uint64_t last = now_ns();
	volatile long sum = 0;

	atomic_store(&caller, gettid());
	for (;;) {
		uint64_t now = now_ns();

		if (now - last > atomic_load_explicit(&worker->longest_ns, memory_order_relaxed))
			atomic_store_explicit(&worker->longest_ns, now - last,
					      memory_order_relaxed);
		last = now;
		sum = step(sum);
	}
	return NULL;
}

static void *run_timers(void *argument)
{
	enum { PERIOD_NS = 100 * 1000 * 1000 };
	/* Spread over the period. */
	uint64_t next =
		now_ns() + (uint64_t)((struct worker *)argument - workers) * 97001 % PERIOD_NS;

	for (volatile long sum = 0;; sum = step(sum)) {
		struct timespec t = {(time_t)(next / 1000000000), (long)(next % 1000000000)};
		uint64_t us;

		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
		us = (now_ns() - next) / 1000;
		atomic_fetch_add(&late[us < LATE_MAX_US ? us : LATE_MAX_US - 1], 1);
		next += PERIOD_NS;
	}
	return NULL;
}

static void *run_idle(void *argument)
{
	char byte;

	while (read(idle_pipe[0], &byte, 1) == 1)
		continue;
	return argument;
}

static void *run_hold(void *argument)
{
	*(volatile long *)argument = hold(1);
	return NULL;
}

static uint64_t take_longest_gap(void)
{
	uint64_t longest = 0;

	for (int i = 0; i < THREADS_MAX; i++) {
		uint64_t gap = atomic_exchange(&workers[i].longest_ns, 0);

		if (gap > longest)
			longest = gap;
	}
	return longest / 1000;
}

static void print_late(void)
{
	static uint32_t counts[LATE_MAX_US];
	const unsigned int shares[] = {500, 999, 1000};
	uint64_t total = 0, sum = 0;
	unsigned int us = 0;

	for (unsigned int i = 0; i < LATE_MAX_US; i++)
		total += counts[i] = atomic_exchange(&late[i], 0);
	for (int i = 0; i < 3; i++) {
		while (us < LATE_MAX_US &&
		       (!total || (sum + counts[us]) * 1000 < total * shares[i]))
			sum += counts[us++];
		printf(i < 2 ? "%u " : "%u\n", us);
	}
}

static void obey(void)
{
	char line[32];
	pthread_t holder;
	static long result;

	while (fgets(line, sizeof(line), stdin)) {
		if (strcmp(line, "gaps\n") == 0) {
			printf("%llu\n", (unsigned long long)take_longest_gap());
		} else if (strcmp(line, "late\n") == 0) {
			print_late();
		} else if (strcmp(line, "hold\n") == 0) {
			pthread_create(&holder, NULL, run_hold, &result);
			puts("held");
		} else if (strcmp(line, "release\n") == 0) {
			if (write(hold_pipe[1], "", 1) == 1)
				pthread_join(holder, NULL);
			puts("released");
		}
		fflush(stdout);
	}
}

int main(int argc, char **argv)
{
	int busy = argc == 3 && strcmp(argv[1], "busy") == 0;
	int timers = argc == 3 && strcmp(argv[1], "timers") == 0;
	int count = argc == 3 ? atoi(argv[2]) : 0;
	pthread_attr_t attributes;

	if (count < 1 || count > THREADS_MAX || pipe(idle_pipe) || pipe(hold_pipe)) {
		fputs("usage: target idle|busy|timers THREADS\n", stderr);
		return 1;
	}
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 64 * 1024);
	for (int i = 0; i < count; i++) {
		pthread_t thread;

		if (pthread_create(&thread, &attributes,
				   busy     ? run_busy
				   : timers ? run_timers
					    : run_idle,
				   &workers[i]))
			return 1;
	}
	while (busy && !atomic_load(&caller))
		continue;
	printf("caller=%d step=%p\n", atomic_load(&caller), (void *)step);
	fflush(stdout);
	obey();
	return 0;
}
