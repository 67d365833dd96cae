// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * model: three functions to patch and a log for callbacks to write into, asked over a loopback
 * port that it prints. Commands, one a line: ask, hold (calls a function that waits), free, log,
 * shadow (hangs data on an object; or says what hangs there).
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static sem_t gate;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char *notes;
long object;

int first(void);
int second(void);
int slow(void);
int shadow(void);
void note(const char *text);

__attribute__((noinline)) int first(void)
{
	__asm__ volatile("");
	return 1;
}

__attribute__((noinline)) int second(void)
{
	__asm__ volatile("");
	return 1;
}

__attribute__((noinline)) int slow(void)
{
	while (sem_wait(&gate) != 0)
		;
	return 1;
}

__attribute__((noinline)) int shadow(void)
{
	__asm__ volatile("");
	return -1;
}

/* Takes the allocator's lock and one of the program's, as real callbacks do. */
__attribute__((noinline)) void note(const char *text)
{
	size_t length = notes ? strlen(notes) : 0;

	pthread_mutex_lock(&lock);
	notes = realloc(notes, length + strlen(text) + 2);
	sprintf(notes + length, "%s,", text);
	pthread_mutex_unlock(&lock);
}

static void answer(FILE *stream, const char *line)
{
	if (strcmp(line, "ask\n") == 0)
		fprintf(stream, "first %d, second %d\n", first(), second());
	else if (strcmp(line, "hold\n") == 0)
		fprintf(stream, "slow %d\n", slow());
	else if (strcmp(line, "free\n") == 0)
		fprintf(stream, "%d\n", sem_post(&gate));
	else if (strcmp(line, "shadow\n") == 0)
		fprintf(stream, "shadow %d\n", shadow());
	else
		fprintf(stream, "log: %s\n", notes ? notes : "");
	if (strcmp(line, "log\n") == 0) {
		free(notes);
		notes = NULL;
	}
	fflush(stream);
}

static void *serve(void *argument)
{
	int listener = *(int *)argument;

	for (;;) {
		FILE *stream = fdopen(accept(listener, NULL, NULL), "r+");
		char line[256];

		while (stream && fgets(line, sizeof(line), stream))
			answer(stream, line);
		if (stream)
			fclose(stream);
	}
	return NULL;
}

int main(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	pthread_t thread;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sem_init(&gate, 0, 0);
	if (bind(listener, (struct sockaddr *)&address, size) < 0 || listen(listener, 8) < 0 ||
	    getsockname(listener, (struct sockaddr *)&address, &size) < 0)
		return 1;
	for (int i = 0; i < 3; i++)
		if (pthread_create(&thread, NULL, serve, &listener) != 0)
			return 1;
	printf("%d\n", ntohs(address.sin_port));
	fflush(stdout);
	for (;;)
		pause();
}
