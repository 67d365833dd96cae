// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * share: says "ready"; at SIGUSR1 it makes a process that runs in its memory without being a
 * thread, with the main thread's control block. That one calls outer(), and when it is in there the
 * main thread calls it, too; then each says which outer() called which inner(): 11 of the first
 * version, 22 of the second. A further thread is in outer() all the time.
 */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

typedef long (*wait_fn)(void);

long inner(long x);
long outer(wait_fn between);

static int entered[2], go_on[2];

__attribute__((noinline)) long inner(long x)
{
	static volatile long calls;

	calls += x;
	return 1;
}

__attribute__((noinline)) long outer(wait_fn between)
{
	long version = 10;

	version += between();
	return version + inner(version);
}

static long stay(void)
{
	while (pause())
		;
	return 0;
}

static long nothing(void)
{
	return 0;
}

/* The child's, in its outer(). */
static long tell_and_wait(void)
{
	char byte = 0;

	if (write(entered[1], &byte, 1) != 1 || read(go_on[0], &byte, 1) != 1)
		_exit(1);
	return 0;
}

static void *stay_in_outer(void *unused)
{
	outer(stay);
	return unused;
}

static int run_child(void *unused)
{
	(void)unused;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	return (int)outer(tell_and_wait);
}

int main(void)
{
	enum { SIZE = 256 * 1024 };
	pthread_t thread;
	int got, status;
	sigset_t set;
	char byte = 0;
	pid_t child;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	if (pipe(entered) != 0 || pipe(go_on) != 0 ||
	    pthread_create(&thread, NULL, stay_in_outer, NULL) != 0)
		return 1;
	puts("ready");
	fflush(stdout);
	sigwait(&set, &got);
	child = clone(run_child, (char *)malloc(SIZE) + SIZE, CLONE_VM | SIGCHLD, NULL);
	if (child < 0 || read(entered[0], &byte, 1) != 1)
		return 1;
	printf("main %ld", outer(nothing));
	if (write(go_on[1], &byte, 1) != 1 || waitpid(child, &status, 0) != child)
		return 1;
	printf(", child %d\n", WEXITSTATUS(status));
	fflush(stdout);
	stay();
}
