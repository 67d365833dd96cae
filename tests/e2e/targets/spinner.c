// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * spinner: a thread loops in spin(), which never ends by itself. SIGUSR1 lets it return; then it
 * prints what it returned and calls it again.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

static volatile sig_atomic_t released;

long spin(long turns);

__attribute__((noinline)) long spin(long turns)
{
	while (!released)
		turns++;
	released = 0;
	return turns ? 1 : 0;
}

static void release(int signal)
{
	(void)signal;
	released = 1;
}

static void *run(void *argument)
{
	for (;;) {
		printf("version %ld\n", spin((long)argument));
		fflush(stdout);
	}
	return NULL;
}

int main(void)
{
	pthread_t thread;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGUSR1, release);
	if (pthread_create(&thread, NULL, run, (void *)1) != 0)
		return 1;
	printf("ready\n");
	fflush(stdout);
	for (;;)
		pause();
}
