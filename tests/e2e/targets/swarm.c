// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * swarm COUNT [stay]: a parent and its children, each of which calls work() now and then. stay: the
 * first child never leaves it. SIGUSR1 to the parent: until SIGUSR2 it forks children that end
 * soon.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

long work(long turns, int stay);

__attribute__((noinline)) long work(long turns, int stay)
{
	while (stay)
		pause();
	return turns + 1;
}

static volatile sig_atomic_t storm;

static void begin(int signal)
{
	storm = signal == SIGUSR1;
}

static void child(int stay, int turns)
{
	long done = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int i = 0; turns < 0 || i < turns; i++) {
		done = work(done, stay);
		poll(NULL, 0, 20);
	}
	_exit(done ? 0 : 1);
}

int main(int argc, char **argv)
{
	int count = argc > 1 ? atoi(argv[1]) : 1;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGUSR1, begin);
	signal(SIGUSR2, begin);
	for (int i = 0; i < count; i++)
		if (fork() == 0)
			child(i == 0 && argc > 2, -1);
	printf("ready\n");
	fflush(stdout);
	for (;;) {
		if (storm && fork() == 0)
			child(0, 5);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		poll(NULL, 0, storm ? 2 : 20);
	}
}
