// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A process that uses a library all the time, so that a live patch of it meets threads inside. Each
 * library has a file of its own beside this one with answer(). Two threads answer argv[1] for ever;
 * every line of standard input is answered with one line, by a third. End of input ends it.
 */
#include "host.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static void *keep_busy(void *question)
{
	for (;;) {
		char *text = NULL;
		size_t size;
		FILE *out = open_memstream(&text, &size);

		answer(question, out);
		fclose(out);
		free(text);
		usleep(1000);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	char line[4096];
	pthread_t thread;

	if (argc != 2)
		return 1;
	for (int i = 0; i < 2; i++)
		if (pthread_create(&thread, NULL, keep_busy, argv[1]))
			return 1;
	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = '\0';
		answer(line, stdout);
		puts("");
		fflush(stdout);
	}
	exit(0);
}
