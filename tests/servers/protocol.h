/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Questions with known answers, in the protocol of each server that is tested. */
#ifndef PROTOCOL_H
#define PROTOCOL_H

#include <stdbool.h>
#include <stddef.h>

enum { ANSWER_MAX = 256 * 1024 };

struct connection {
	int fd;
	bool closing; /* the server said so: the next question needs a new connection */
	size_t have;  /* bytes received and not used yet */
	char input[ANSWER_MAX];
	size_t length;           /* of what the last question was answered, as text */
	char answer[ANSWER_MAX]; /* with an end */
};

/* A question. old, new: its answers without and with the patch; new NULL: the same. */
struct question {
	char *ask;
	char *old;
	char *new; /* how it begins */
};

struct protocol {
	const char *name;
	/* After connect(). false: the server does not take it. */
	bool (*greet)(struct connection *connection);
	bool (*send)(struct connection *connection, const char *ask);
	/* Reads the whole answer. false: the connection is lost. */
	bool (*receive)(struct connection *connection);
	/*
	 * The questions of a round, in their order; the last has the one that the patch changes.
	 * The caller frees the strings. Returns their number, at most QUESTIONS_MAX.
	 */
	size_t (*questions)(unsigned int session, unsigned long round, struct question *questions);
};

enum { QUESTIONS_MAX = 8 };

/* NULL: there is none of that name. */
const struct protocol *protocol_find(const char *name);

#endif
