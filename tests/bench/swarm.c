// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * swarm COUNT: a parent and its children, all asleep. When standard input ends, each of them calls
 * work(), which is in a library, and the parent prints how many got 2 and how many another number.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

long work(long x);

int main(int argc, char **argv)
{
	int count = argc > 1 ? atoi(argv[1]) : 1, told[2], status, old = 0, other = 0;
	char byte;

	if (pipe(told))
		return 1;
	for (int i = 0; i < count; i++) {
		pid_t pid = fork();

		if (pid < 0)
			return 1;
		if (pid == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			close(told[1]);
			while (read(told[0], &byte, 1) > 0)
				continue;
			_exit(work(1) == 2 ? 0 : 1);
		}
	}
	printf("ready\n");
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		continue;
	close(told[1]);
	while (wait(&status) > 0) {
		old += status == 0;
		other += status != 0;
	}
	printf("%d %d\n", old, other);
	return 0;
}
