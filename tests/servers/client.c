// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * servers-client SERVER PORT SESSIONS: clients on loopback that know every answer.
 *
 * Each session asks one question after the other. Every second one keeps its connection for ever,
 * the others come anew after some rounds. Commands come as lines:
 *
 *   any, old, new  what the answer to the question is now that the patch changes
 *   end            no further questions
 *
 * Each is answered by a line of totals when every session has made a whole round since, on a new
 * connection if it is one of those that come and go. The first answer that is wrong, and the first
 * connection that is lost, ends the program with a message and status 1.
 */
#include "protocol.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { SESSIONS_MAX = 64, ROUNDS_OF_CONNECTION = 5, PATIENCE_S = 30 };

enum phase { ANY, OLD, NEW, END };

static const char *const phase_names[] = {"any", "old", "new", "end"};

/* One number says the phase and tells commands apart: the command's number, times 4, + phase. */
static atomic_uint command;
static atomic_ulong answers, connections, longest_ns;

struct session {
	unsigned int number;
	uint16_t port;
	const struct protocol *protocol;
	atomic_uint done; /* the last command that it made a whole round under */
	struct connection connection;
};

static _Noreturn void failed(const struct session *s, const char *what, const char *ask)
{
	fprintf(stderr, "session %u: %s: asked %.80s, got %.200s\n", s->number, what, ask,
		s->connection.answer);
	exit(1);
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void connect_to_server(struct session *s)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(s->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	struct timeval patience = {.tv_sec = PATIENCE_S};
	struct connection *c = &s->connection;
	int on = 1;

	if (c->fd >= 0)
		close(c->fd);
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	c->closing = false;
	c->have = c->length = 0;
	c->answer[0] = '\0';
	if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&address, sizeof(address)))
		failed(s, strerror(errno), "for a connection");
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (!s->protocol->greet(c))
		failed(s, "not welcome", "for a connection");
	connections++;
}

static void note_time(uint64_t took)
{
	unsigned long longest = longest_ns;

	while (took > longest && !atomic_compare_exchange_weak(&longest_ns, &longest, took))
		continue;
}

static void ask(struct session *s, const struct question *q, enum phase phase)
{
	struct connection *c = &s->connection;
	uint64_t start = now_ns();
	bool old, new;

	c->length = 0;
	c->answer[0] = '\0';
	if (!s->protocol->send(c, q->ask) || !s->protocol->receive(c))
		failed(s, "the connection is lost", q->ask);
	note_time(now_ns() - start);
	answers++;
	old = strcmp(c->answer, q->old) == 0;
	new = q->new &&strncmp(c->answer, q->new, strlen(q->new)) == 0;
	if (!q->new)
		new = old;
	if (phase == OLD ? !old : phase == NEW ? !new : !old && !new)
		failed(s, "wrong answer", q->ask);
	if (c->closing)
		connect_to_server(s);
}

static void play_round(struct session *s, unsigned long round, enum phase phase)
{
	struct question questions[QUESTIONS_MAX];
	size_t count = s->protocol->questions(s->number, round, questions);

	for (size_t i = 0; i < count; i++) {
		ask(s, &questions[i], phase);
		free(questions[i].ask);
		free(questions[i].old);
		free(questions[i].new);
	}
}

static void *run_session(void *context)
{
	struct session *s = context;
	bool comes_anew = s->number % 2;

	connect_to_server(s);
	for (unsigned long round = 0;; round++) {
		unsigned int now = command;

		if (comes_anew && (now != s->done || round % ROUNDS_OF_CONNECTION == 0))
			connect_to_server(s);
		if (now % 4 != END)
			play_round(s, round, now % 4);
		s->done = now;
		if (now % 4 == END)
			return NULL;
	}
}

static void wait_for_all(struct session **sessions, unsigned int count, unsigned int wanted)
{
	for (unsigned int i = 0; i < count; i++)
		while (sessions[i]->done != wanted)
			usleep(1000);
}

static void obey(struct session **sessions, unsigned int count, enum phase phase)
{
	unsigned int next = (command / 4 + 1) * 4 + phase;
	unsigned long longest;

	command = next;
	wait_for_all(sessions, count, next);
	longest = atomic_exchange(&longest_ns, 0);
	printf("answers=%lu connections=%lu longest_us=%lu\n", answers, connections,
	       longest / 1000);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	const struct protocol *protocol = argc == 4 ? protocol_find(argv[1]) : NULL;
	unsigned long count = argc == 4 ? strtoul(argv[3], NULL, 10) : 0;
	struct session *sessions[SESSIONS_MAX];
	char line[16];

	if (!protocol || !count || count > SESSIONS_MAX) {
		fprintf(stderr, "usage: servers-client SERVER PORT SESSIONS (at most %d)\n",
			SESSIONS_MAX);
		return 2;
	}
	for (unsigned int i = 0; i < count; i++) {
		pthread_t thread;

		sessions[i] = calloc(1, sizeof(*sessions[i]));
		if (!sessions[i])
			return 1;
		sessions[i]->number = i;
		sessions[i]->port = (uint16_t)strtoul(argv[2], NULL, 10);
		sessions[i]->protocol = protocol;
		sessions[i]->connection.fd = -1;
		if (pthread_create(&thread, NULL, run_session, sessions[i]))
			return 1;
	}
	while (fgets(line, sizeof(line), stdin)) {
		enum phase phase = ANY;

		line[strcspn(line, "\n")] = '\0';
		while (phase < END && strcmp(line, phase_names[phase]) != 0)
			phase++;
		obey(sessions, (unsigned int)count, phase);
		if (phase == END)
			return 0;
	}
	return 1;
}
