// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * jumper: four threads leave outer() by longjmp() out of inner(), again and again, at different
 * depths. Each of the two is of a version; on SIGUSR1 it says how often they were not the same, and
 * the version that was seen last.
 */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { THREADS = 4, DEPTH = 5 };

struct place {
	jmp_buf back;
	int outer;
};

void outer(struct place *place, int depth);
void inner(struct place *place);

static unsigned long mixed, jumps;
static int last;

__attribute__((noinline)) void inner(struct place *place)
{
	longjmp(place->back, 1);
}

__attribute__((noinline)) void outer(struct place *place, int depth)
{
	place->outer = 1;
	if (depth > 0)
		outer(place, depth - 1);
	if (depth % 2)
		usleep(50);
	inner(place);
}

static void *run(void *argument)
{
	struct place place;
	volatile unsigned int turn = 0;
	int met = setjmp(place.back);

	if (met) {
		if (met != place.outer)
			__atomic_add_fetch(&mixed, 1, __ATOMIC_RELAXED);
		__atomic_add_fetch(&jumps, 1, __ATOMIC_RELAXED);
		__atomic_store_n(&last, met, __ATOMIC_RELAXED);
	}
	turn++;
	outer(&place, (int)(turn % DEPTH));
	return argument;
}

int main(void)
{
	pthread_t thread;
	sigset_t wanted;
	int signal;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigemptyset(&wanted);
	sigaddset(&wanted, SIGUSR1);
	sigprocmask(SIG_BLOCK, &wanted, NULL);
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&thread, NULL, run, NULL) != 0)
			return 1;
	printf("ready\n");
	fflush(stdout);
	while (sigwait(&wanted, &signal) == 0) {
		printf("version %d, %s, %lu mixed\n", last,
		       jumps > 1000 ? "many jumps" : "few jumps", mixed);
		fflush(stdout);
	}
	return 0;
}
