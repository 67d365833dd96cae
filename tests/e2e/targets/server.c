// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * server: echoes lines on a loopback port, which it prints, and says which version of reply() did
 * it. Four threads wait for connections and the main thread waits for a signal.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <signal.h>
#include <unistd.h>

enum { THREADS = 4 };

void reply(FILE *stream, const char *line);

__attribute__((noinline)) void reply(FILE *stream, const char *line)
{
	fprintf(stream, "version 1 got %s", line);
	fflush(stream);
}

static void *serve(void *argument)
{
	int listener = *(int *)argument;

	for (;;) {
		FILE *stream = fdopen(accept(listener, NULL, NULL), "r+");
		char line[256];

		while (stream && fgets(line, sizeof(line), stream))
			reply(stream, line);
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
	if (bind(listener, (struct sockaddr *)&address, size) < 0 || listen(listener, 8) < 0 ||
	    getsockname(listener, (struct sockaddr *)&address, &size) < 0)
		return 1;
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&thread, NULL, serve, &listener) != 0)
			return 1;
	printf("%d\n", ntohs(address.sin_port));
	fflush(stdout);
	for (;;)
		pause();
}
