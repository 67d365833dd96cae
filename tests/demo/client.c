// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * demo-client PORT: a redis client on loopback that knows every answer.
 *
 * Asks one question after the other until SIGTERM or SIGINT, then prints how many answers it got,
 * how many were wrong, how many requests failed, and the longest time between two answers. A
 * server that is patched meanwhile must not be noticed. KEYS and ACL SETUSER are among the
 * questions because they call the functions that the demo's patches change.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { TEXT_MAX = 256 };

struct session {
	int fd;
	uint64_t round;
	uint64_t answers, wrong, failed;
	uint64_t last_ns, longest_ns;
};

/* Written by the signal handler, the one thing that a handler may do. */
static volatile sig_atomic_t stopped;

static void stop(int signal)
{
	(void)signal;
	stopped = 1;
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int connect_to(unsigned int port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address))) {
		close(fd);
		return -1;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd;
}

static bool send_all(int fd, const char *text, size_t size)
{
	while (size) {
		ssize_t n = send(fd, text, size, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		text += n;
		size -= (size_t)n;
	}
	return true;
}

/* Reads exactly size bytes: the expected answer fixes how many to wait for. */
static bool receive(int fd, char *text, size_t size)
{
	size_t have = 0;

	while (have < size) {
		ssize_t n = recv(fd, text + have, size - have, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		have += (size_t)n;
		/* An error reply is a line, and shorter than many an answer. */
		if (text[0] == '-' && memchr(text, '\n', have))
			return true;
	}
	return true;
}

/* Sends one inline command and compares the answer byte by byte. */
static bool ask(struct session *session, const char *command, const char *expected)
{
	char answer[TEXT_MAX] = {0};
	uint64_t now;

	if (!send_all(session->fd, command, strlen(command)) ||
	    !receive(session->fd, answer, strlen(expected))) {
		session->failed++;
		return false;
	}
	now = now_ns();
	if (session->last_ns && now - session->last_ns > session->longest_ns)
		session->longest_ns = now - session->last_ns;
	session->last_ns = now;
	session->answers++;
	if (strcmp(answer, expected) != 0) {
		session->wrong++;
		fprintf(stderr, "demo-client: asked %sexpected %sgot %s\n", command, expected,
			answer);
		return false; /* what follows in the stream is not known any more */
	}
	return true;
}

static bool ask_round(struct session *session)
{
	unsigned long long n = (unsigned long long)++session->round;
	char command[TEXT_MAX], expected[TEXT_MAX], digits[32];

	snprintf(digits, sizeof(digits), "%llu", n);
	snprintf(command, sizeof(command), "SET demo:value %s\r\n", digits);
	if (!ask(session, command, "+OK\r\n"))
		return false;
	snprintf(expected, sizeof(expected), "$%zu\r\n%s\r\n", strlen(digits), digits);
	if (!ask(session, "GET demo:value\r\n", expected))
		return false;
	snprintf(command, sizeof(command), "ECHO %s\r\n", digits);
	if (!ask(session, command, expected))
		return false;
	snprintf(expected, sizeof(expected), ":%s\r\n", digits);
	if (!ask(session, "INCR demo:count\r\n", expected))
		return false;
	if (!ask(session, "ACL SETUSER demo:user resetkeys %R~demo:*\r\n", "+OK\r\n"))
		return false;
	return ask(session, "KEYS d*mo:v?l[t-v]e\r\n", "*1\r\n$10\r\ndemo:value\r\n");
}

int main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = stop};
	unsigned long port = argc == 2 ? strtoul(argv[1], NULL, 10) : 0;
	struct session session = {0};

	if (port == 0 || port > UINT16_MAX) {
		fputs("usage: demo-client PORT\n", stderr);
		return 1;
	}
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	session.fd = connect_to((unsigned int)port);
	if (session.fd < 0) {
		fprintf(stderr, "demo-client: port %lu: %s\n", port, strerror(errno));
		return 1;
	}
	if (!ask(&session, "SET demo:count 0\r\n", "+OK\r\n"))
		return 1;
	while (!stopped && ask_round(&session))
		continue;
	close(session.fd);
	printf("answers=%llu wrong=%llu failed=%llu longest_us=%llu\n",
	       (unsigned long long)session.answers, (unsigned long long)session.wrong,
	       (unsigned long long)session.failed, (unsigned long long)session.longest_ns / 1000);
	return session.wrong || session.failed;
}
