// SPDX-License-Identifier: GPL-2.0-or-later
/* sleeper: a thread sleeps in serve(), which it never leaves, as main loops do. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

long serve(long turns);

__attribute__((noinline)) long serve(long turns)
{
	for (;;) {
		pause();
		turns++;
		if (turns == 0)
			return 1;
	}
}

static void *run(void *argument)
{
	serve((long)argument);
	return NULL;
}

int main(void)
{
	pthread_t thread;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (pthread_create(&thread, NULL, run, (void *)1) != 0)
		return 1;
	printf("ready\n");
	fflush(stdout);
	for (;;)
		pause();
}
