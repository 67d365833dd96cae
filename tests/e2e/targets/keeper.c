// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * keeper COMMANDS: does what each line of that file says, and answers with a line. It keeps what
 * functions of it return: the fix lets them return addresses of its own.
 */
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

typedef void handler(int number);

const char *greeting(int number);
handler *chosen(int number);
void snooze(int number);

static sem_t bell;

static struct {
	const char *text;
	handler *function;
	char packed[16]; /* a pointer at an odd place */
} kept;

__attribute__((noinline)) const char *greeting(int number)
{
	return number > 1 ? NULL : "version 1";
}

__attribute__((noinline)) handler *chosen(int number)
{
	return number > 1 ? NULL : SIG_DFL;
}

__attribute__((noinline)) void snooze(int number)
{
	if (number > 1)
		return;
	sem_post(&bell);
}

static void *run_sleeper(void *argument)
{
	snooze(1);
	return argument;
}

/* Dead stack is not looked at, but it may become a part of a frame again. */
static void wipe(void)
{
	volatile char stack[16 * 1024];

	for (size_t i = 0; i < sizeof(stack); i++)
		stack[i] = 0;
}

static void obey(const char *command)
{
	pthread_t thread;

	if (!strcmp(command, "call"))
		puts(greeting(1));
	else if (!strcmp(command, "keep text"))
		kept.text = greeting(1);
	else if (!strcmp(command, "keep packed")) {
		const char *text = greeting(1);

		memcpy(kept.packed + 3, &text, sizeof(text));
	} else if (!strcmp(command, "keep function"))
		kept.function = chosen(1);
	else if (!strcmp(command, "keep handler"))
		signal(SIGUSR1, chosen(1));
	else if (!strcmp(command, "drop handler"))
		signal(SIGUSR1, SIG_DFL);
	else if (!strcmp(command, "drop"))
		memset(&kept, 0, sizeof(kept));
	else if (!strcmp(command, "sleep"))
		pthread_create(&thread, NULL, run_sleeper, NULL);
	else if (!strcmp(command, "wake"))
		sem_post(&bell);
	if (strcmp(command, "call"))
		puts("done");
	fflush(stdout);
}

int main(int argc, char **argv)
{
	char command[64];
	FILE *file;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sem_init(&bell, 0, 0);
	printf("ready\n");
	fflush(stdout);
	file = argc == 2 ? fopen(argv[1], "r") : NULL;
	while (file && fgets(command, sizeof(command), file)) {
		command[strcspn(command, "\n")] = '\0';
		obey(command);
		wipe();
	}
	return 0;
}
