// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bench-floor PID ROUNDS: what it costs to stop all threads of a process by ptrace and let them go
 * again, and nothing else: what a patcher that stops its target cannot be below. Prints the least
 * and the median time in milliseconds from the first thread that stands to the last that goes.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { THREADS_MAX = 1 << 16, ROUNDS_MAX = 1000 };

static pid_t tids[THREADS_MAX];

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static size_t list(const char *pid)
{
	char path[64];
	struct dirent *entry;
	size_t count = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%s/task", pid);
	dir = opendir(path);
	while (dir && (entry = readdir(dir)) && count < THREADS_MAX) {
		pid_t tid = atoi(entry->d_name);

		if (tid > 0)
			tids[count++] = tid;
	}
	if (dir)
		closedir(dir);
	return count;
}

static double stop_all(size_t count)
{
	double begin = now_ms();

	for (size_t i = 0; i < count; i++) {
		ptrace(PTRACE_SEIZE, tids[i], 0, 0);
		ptrace(PTRACE_INTERRUPT, tids[i], 0, 0);
	}
	for (size_t i = 0; i < count; i++)
		waitpid(tids[i], NULL, __WALL);
	for (size_t i = 0; i < count; i++)
		ptrace(PTRACE_DETACH, tids[i], 0, 0);
	return now_ms() - begin;
}

static int compare(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

int main(int argc, char **argv)
{
	int rounds = argc == 3 ? atoi(argv[2]) : 0;
	double ms[ROUNDS_MAX];

	if (rounds < 1 || rounds > ROUNDS_MAX) {
		fputs("usage: bench-floor PID ROUNDS\n", stderr);
		return 2;
	}
	for (int i = 0; i < rounds; i++) {
		ms[i] = stop_all(list(argv[1]));
		usleep(10000);
	}
	qsort(ms, (size_t)rounds, sizeof(ms[0]), compare);
	printf("min=%.2f median=%.2f\n", ms[0], ms[rounds / 2]);
	return 0;
}
