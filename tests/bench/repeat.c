// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bench-repeat ROUNDS COMMAND... -- COMMAND...: runs the two commands in turn, and prints for each
 * the shortest, the median and the longest time from before its exec to its end, in milliseconds,
 * and the median of the processor time that it took, which other work on the machine changes less.
 * Their output goes to standard error when they fail, nowhere otherwise.
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS_MAX = 1000 };

struct command {
	char **argv;
	double ms[ROUNDS_MAX];
	double processor_ms[ROUNDS_MAX];
};

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static double of_timeval(struct timeval t)
{
	return (double)t.tv_sec * 1e3 + (double)t.tv_usec / 1e3;
}

static int run(char **argv, double *ms, double *processor_ms)
{
	posix_spawn_file_actions_t actions;
	double begin = now_ms();
	struct rusage usage;
	int status = -1;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	if (posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ) == 0 &&
	    wait4(pid, &status, 0, &usage) == pid) {
		*ms = now_ms() - begin;
		*processor_ms = of_timeval(usage.ru_utime) + of_timeval(usage.ru_stime);
	}
	posix_spawn_file_actions_destroy(&actions);
	return status;
}

static int compare(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

static void report(struct command *command, int rounds)
{
	qsort(command->ms, (size_t)rounds, sizeof(command->ms[0]), compare);
	qsort(command->processor_ms, (size_t)rounds, sizeof(command->processor_ms[0]), compare);
	printf("min=%.2f median=%.2f max=%.2f processor=%.2f\n", command->ms[0],
	       command->ms[rounds / 2], command->ms[rounds - 1], command->processor_ms[rounds / 2]);
}

int main(int argc, char **argv)
{
	static struct command commands[2];
	int rounds = argc > 1 ? atoi(argv[1]) : 0, split = 2;

	while (split < argc && strcmp(argv[split], "--") != 0)
		split++;
	if (rounds < 1 || rounds > ROUNDS_MAX || split == 2 || split >= argc - 1) {
		fputs("usage: bench-repeat ROUNDS COMMAND... -- COMMAND...\n", stderr);
		return 1;
	}
	argv[split] = NULL;
	commands[0].argv = argv + 2;
	commands[1].argv = argv + split + 1;
	for (int i = 0; i < rounds; i++) {
		for (int k = 0; k < 2; k++) {
			int status = run(commands[k].argv, &commands[k].ms[i],
					 &commands[k].processor_ms[i]);

			if (status) {
				fprintf(stderr, "bench-repeat: round %d: %s %s: status %d\n", i,
					commands[k].argv[0], commands[k].argv[1], status);
				return 1;
			}
		}
	}
	report(&commands[0], rounds);
	report(&commands[1], rounds);
	return 0;
}
