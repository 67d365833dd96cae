// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * peers-target THREADS: what every patcher of tests/bench/peers gets. As many threads sleep in
 * epoll_wait() and count what disturbs them; one more calls outer(), keeps the longest time between
 * two looks at the clock, and counts calls that saw two versions. Each line on standard input is
 * answered by one: the longest gap in microseconds, disturbed calls, mixed calls, the version that
 * runs now. The counts begin anew.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>

int outer(void); /* of peers-work.c: the version of itself, ten times, and of inner() */

static _Atomic uint64_t longest_ns;
static _Atomic unsigned int disturbed, mixed, version;

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void *sleep_in_epoll(void *unused)
{
	struct epoll_event event;
	int epoll = epoll_create1(0);

	while (epoll >= 0) {
		epoll_wait(epoll, &event, 1, -1);
		disturbed++;
	}
	return unused;
}

static void *work(void *unused)
{
	for (uint64_t last = now_ns();;) {
		uint64_t now = now_ns();
		int said = outer();

		if (now - last > longest_ns)
			longest_ns = now - last;
		last = now;
		mixed += said / 10 != said % 10;
		version = (unsigned int)(said / 10);
	}
	return unused;
}

int main(int argc, char **argv)
{
	int count = argc == 2 ? atoi(argv[1]) : 0;
	pthread_attr_t attributes;
	pthread_t thread;
	char line[8];

	if (count < 1) {
		fputs("usage: peers-target THREADS\n", stderr);
		return 1;
	}
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 64 * 1024);
	for (int i = 0; i < count; i++)
		if (pthread_create(&thread, &attributes, sleep_in_epoll, NULL))
			return 1;
	if (pthread_create(&thread, NULL, work, NULL))
		return 1;
	while (fgets(line, sizeof(line), stdin)) {
		printf("%llu %u %u %u\n",
		       (unsigned long long)atomic_exchange(&longest_ns, 0) / 1000,
		       atomic_exchange(&disturbed, 0), atomic_exchange(&mixed, 0),
		       atomic_load(&version));
		fflush(stdout);
	}
	return 0;
}
