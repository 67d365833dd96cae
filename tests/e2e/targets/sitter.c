// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Threads that sit in sit() and do what they are told there: standard input says who does what,
 * and each line is answered with one.
 *
 *   sit N, leave N    thread N calls sit(), and returns from it
 *   in N LINE         it does LINE where it sits
 *   load FILE, drop, ask   without a sitter: by a new thread
 */
#include <dlfcn.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SITTERS = 2 };

static struct sitter {
	pthread_t thread;
	sem_t told, done;
	const char *line; /* NULL: leave */
} sitters[SITTERS];

static void *plugin;

static int call(const char *name, int n)
{
	int (*function)(int) = plugin ? dlsym(plugin, name) : NULL;

	return function ? function(n) : -1;
}

__attribute__((noipa)) static int obey(const char *line, int version)
{
	if (strncmp(line, "load ", 5) == 0) {
		plugin = dlopen(line + 5, RTLD_NOW);
		puts(plugin ? "loaded" : dlerror());
	} else if (strcmp(line, "drop") == 0) {
		puts(plugin && dlclose(plugin) == 0 ? "dropped" : "not dropped");
		plugin = NULL;
	} else {
		printf("version %d, answer %d, at start %d\n", version, call("answer", 1),
		       call("at_start", 0));
	}
	return version;
}

__attribute__((noipa)) static const char *await(struct sitter *sitter)
{
	sem_wait(&sitter->told);
	return sitter->line;
}

/* Once without a sitter, else until that one leaves. */
__attribute__((noipa)) int sit(struct sitter *sitter, const char *line)
{
	int version = 1, sum = 0;

	do {
		if (sitter && !(line = await(sitter)))
			break;
		sum += obey(line, version);
		if (sitter)
			sem_post(&sitter->done);
	} while (sitter);
	return sum;
}

static void *run(void *sitter)
{
	sit(sitter, NULL);
	return NULL;
}

static void *run_once(void *line)
{
	sit(NULL, line);
	return NULL;
}

static struct sitter *number(const char *digit)
{
	return &sitters[*digit == '1'];
}

static void tell(struct sitter *sitter, const char *line)
{
	sitter->line = line;
	sem_post(&sitter->told);
	if (line)
		sem_wait(&sitter->done);
}

static void begin(struct sitter *sitter)
{
	sem_init(&sitter->told, 0, 0);
	sem_init(&sitter->done, 0, 0);
	if (pthread_create(&sitter->thread, NULL, run, sitter) != 0)
		exit(1);
	tell(sitter, "ask");
}

static void leave(struct sitter *sitter)
{
	tell(sitter, NULL);
	pthread_join(sitter->thread, NULL);
	puts("left");
}

/* In a thread of its own, which leaves nothing behind on main's stack. */
static void do_once(char *line)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, run_once, line) != 0)
		exit(1);
	pthread_join(thread, NULL);
}

int main(void)
{
	static char line[4096];

	setvbuf(stdout, NULL, _IOLBF, 0);
	puts("ready");
	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, "sit ", 4) == 0)
			begin(number(line + 4));
		else if (strncmp(line, "leave ", 6) == 0)
			leave(number(line + 6));
		else if (strncmp(line, "in ", 3) == 0)
			tell(number(line + 3), line + 5);
		else
			do_once(line);
	}
	return 0;
}
