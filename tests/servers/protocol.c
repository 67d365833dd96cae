// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

static char *text(const char *format, ...) __attribute__((format(printf, 1, 2)));

static char *text(const char *format, ...)
{
	va_list arguments;
	char *made;

	va_start(arguments, format);
	if (vasprintf(&made, format, arguments) < 0)
		abort();
	va_end(arguments);
	return made;
}

static bool send_bytes(struct connection *c, const void *bytes, size_t size)
{
	const char *p = bytes;

	while (size) {
		ssize_t n = send(c->fd, p, size, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		p += n;
		size -= (size_t)n;
	}
	return true;
}

static bool send_text(struct connection *c, const char *ask)
{
	return send_bytes(c, ask, strlen(ask));
}

/* So many bytes of input at least. */
static bool fill(struct connection *c, size_t size)
{
	while (c->have < size) {
		ssize_t n = recv(c->fd, c->input + c->have, sizeof(c->input) - c->have, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		c->have += (size_t)n;
	}
	return true;
}

static void use(struct connection *c, size_t size)
{
	c->have -= size;
	memmove(c->input, c->input + size, c->have);
}

static bool put(struct connection *c, const char *bytes, size_t size)
{
	if (size >= sizeof(c->answer) - c->length)
		return false;
	memcpy(c->answer + c->length, bytes, size);
	c->length += size;
	c->answer[c->length] = '\0';
	return true;
}

/* Moves size bytes of input to the answer. */
static bool take(struct connection *c, size_t size)
{
	if (size > sizeof(c->input) || !fill(c, size) || !put(c, c->input, size))
		return false;
	use(c, size);
	return true;
}

/* The length of the next line, its end included; 0: lost. */
static size_t line_length(struct connection *c)
{
	for (;;) {
		char *end = memmem(c->input, c->have, "\r\n", 2);

		if (end)
			return (size_t)(end - c->input) + 2;
		if (c->have == sizeof(c->input) || !fill(c, c->have + 1))
			return 0;
	}
}

static bool no_greeting(struct connection *c)
{
	(void)c;
	return true;
}

/* redis: the answer is what came, unchanged. */

static bool redis_receive(struct connection *c)
{
	unsigned long left = 1;

	while (left--) {
		size_t length = line_length(c);
		long number = length ? strtol(c->input + 1, NULL, 10) : 0;
		char kind = c->input[0];

		if (!length || !take(c, length))
			return false;
		if (kind == '*' && number > 0)
			left += (unsigned long)number;
		if (kind == '$' && number >= 0 && !take(c, (size_t)number + 2))
			return false;
	}
	return true;
}

static size_t redis_questions(unsigned int session, unsigned long round, struct question *q)
{
	size_t n = 0;

	if (!round)
		q[n++] = (struct question){text("SET count:%u 0\r\n", session), text("+OK\r\n"), 0};
	q[n++] =
		(struct question){text("SET value:%u %lu\r\n", session, round), text("+OK\r\n"), 0};
	q[n++] = (struct question){text("INCR count:%u\r\n", session), text(":%lu\r\n", round + 1),
				   0};
	q[n++] = (struct question){text("KEYS v?lue:%u\r\n", session),
				   text("*1\r\n$%d\r\nvalue:%u\r\n",
					snprintf(NULL, 0, "value:%u", session), session),
				   0};
	q[n++] = (struct question){text("KEYS %01100d\r\n", 0), text("*0\r\n"),
				   text("-ERR the pattern is longer")};
	return n;
}

/* memcached: likewise. */

static bool memcached_receive(struct connection *c)
{
	size_t length = line_length(c);
	unsigned int size;

	if (!length)
		return false;
	if (sscanf(c->input, "VALUE %*s %*u %u", &size) != 1)
		return take(c, length);
	return take(c, length + size + strlen("\r\nEND\r\n"));
}

static size_t memcached_questions(unsigned int session, unsigned long round, struct question *q)
{
	char *value = text("%lu", round);
	size_t n = 0;

	q[n++] = (struct question){text("set key:%u 0 0 %zu\r\n%s\r\n", session, strlen(value),
					value),
				   text("STORED\r\n"), 0};
	q[n++] = (struct question){
		text("get key:%u\r\n", session),
		text("VALUE key:%u 0 %zu\r\n%s\r\nEND\r\n", session, strlen(value), value), 0};
	q[n++] = (struct question){text("incr key:%u 7\r\n", session), text("%lu\r\n", round + 7),
				   0};
	q[n++] = (struct question){text("incr key:%u 4294967296\r\n", session),
				   text("%lu\r\n", round + 7 + 4294967296),
				   text("CLIENT_ERROR invalid numeric delta argument\r\n")};
	free(value);
	return n;
}

/* HTTP: the answer is status and body, "200 ..."; the same for both servers. */

static bool http_receive(struct connection *c)
{
	size_t length = line_length(c), body = 0;

	if (length < strlen("HTTP/1.1 200") || !put(c, c->input + 9, 4))
		return false;
	for (;;) {
		use(c, length);
		length = line_length(c);
		if (length <= 2)
			break;
		if (!strncasecmp(c->input, "Content-Length:", 15))
			body = strtoul(c->input + 15, NULL, 10);
		if (!strncasecmp(c->input, "Connection: close", 17))
			c->closing = true;
	}
	if (!length)
		return false;
	use(c, length);
	return take(c, body);
}

static char *get(const char *path)
{
	return text("GET %s HTTP/1.1\r\nHost: test\r\n\r\n", path);
}

/* The address of some length is given back by whoever answers behind the proxy. */
static size_t haproxy_questions(unsigned int session, unsigned long round, struct question *q)
{
	char *path = text("/%u/%lu", session, round), *longer = text("/%01100d", 0);

	q[0] = (struct question){get(path), text("200 path %s", path), 0};
	q[1] = (struct question){get(longer), text("200 path %s", longer), text("400 ")};
	free(path);
	free(longer);
	return 2;
}

/* What `seq FIRST LAST` prints, behind the status. */
static char *numbers(unsigned int first, unsigned int last)
{
	size_t length = 0;
	char *made = malloc(ANSWER_MAX);

	if (!made)
		abort();
	length += (size_t)sprintf(made, "200 ");
	while (first <= last && length < ANSWER_MAX - 16)
		length += (size_t)sprintf(made + length, "%u\n", first++);
	return made;
}

static size_t nginx_questions(unsigned int session, unsigned long round, struct question *q)
{
	unsigned int last = 1 + (unsigned int)(round + session) % 5;
	char *path = text("/%u", last);

	q[0] = (struct question){get(path), numbers(1, last), 0};
	q[1] = (struct question){get("/large"), numbers(1, 20000), 0};
	q[2] = (struct question){get("/1~"), numbers(1, 1), text("403 ")};
	free(path);
	return 3;
}

/* PostgreSQL: the answer is the values of all rows, a newline behind each, or the error's words. */

enum { POSTGRES_HEAD = 5 }; /* kind and length of a message */

static uint32_t number_at(const char *bytes)
{
	uint32_t value;

	memcpy(&value, bytes, sizeof(value));
	return ntohl(value);
}

static bool postgres_row(struct connection *c, const char *body, const char *end)
{
	for (body += 2; body + 4 <= end;) {
		uint32_t size = number_at(body);

		body += 4;
		if (size > (size_t)(end - body) || !put(c, body, size) || !put(c, "\n", 1))
			return false;
		body += size;
	}
	return true;
}

/* The field M of an error is its message. */
static bool postgres_error(struct connection *c, const char *body, const char *end)
{
	while (body < end && *body && *body != 'M')
		body += strnlen(body, (size_t)(end - body)) + 1;
	return body < end && put(c, "error: ", 7) &&
	       put(c, body + 1, strnlen(body + 1, (size_t)(end - body - 1)));
}

static bool postgres_receive(struct connection *c)
{
	for (;;) {
		uint32_t size;
		char kind;

		if (!fill(c, POSTGRES_HEAD))
			return false;
		kind = c->input[0];
		size = number_at(c->input + 1) + 1;
		if (size < POSTGRES_HEAD || size > sizeof(c->input) || !fill(c, size))
			return false;
		if (kind == 'D' && !postgres_row(c, c->input + POSTGRES_HEAD, c->input + size))
			return false;
		if (kind == 'E' && !postgres_error(c, c->input + POSTGRES_HEAD, c->input + size))
			return false;
		use(c, size);
		if (kind == 'Z')
			return true;
	}
}

static bool postgres_greet(struct connection *c)
{
	static const char parameters[] = "user\0test\0database\0postgres\0";
	uint32_t head[2] = {htonl(sizeof(head) + sizeof(parameters)), htonl(3 << 16)};

	return send_bytes(c, head, sizeof(head)) && send_bytes(c, parameters, sizeof(parameters)) &&
	       postgres_receive(c) && !c->length;
}

static bool postgres_send(struct connection *c, const char *ask)
{
	uint32_t length = htonl((uint32_t)(4 + strlen(ask) + 1));

	return send_bytes(c, "Q", 1) && send_bytes(c, &length, sizeof(length)) &&
	       send_bytes(c, ask, strlen(ask) + 1);
}

static size_t postgres_questions(unsigned int session, unsigned long round, struct question *q)
{
	size_t n = 0;

	if (!round)
		q[n++] = (struct question){text("INSERT INTO counts VALUES (%u, 0) RETURNING n",
						session),
					   text("0\n"), 0};
	q[n++] = (struct question){text("UPDATE counts SET n = n + 1 WHERE id = %u RETURNING n",
					session),
				   text("%lu\n", round + 1), 0};
	q[n++] = (struct question){
		text("SELECT repeat('ab', 3), sum(g) FROM generate_series(1, 100) g"),
		text("ababab\n5050\n"), 0};
	q[n++] = (struct question){text("SELECT 1 / 0"), text("error: division by zero"), 0};
	q[n++] = (struct question){text("SELECT length(repeat('ab', 1000000))"), text("2000000\n"),
				   text("error: requested length too large")};
	return n;
}

/*
 * DNS: the answer is its code, the name that was asked for, and what that is an alias of, if of
 * anything; a dot is behind each label.
 */

enum {
	DNS_LENGTH = 2, /* stands before each message */
	DNS_HEAD = 12,
	DNS_TYPE_AND_CLASS = 4,
	DNS_RECORD_HEAD = 12, /* of a record whose name is a reference to the question's */
	DNS_LABEL_MAX = 63,
	DNS_NAME_MAX = 255,
};

static size_t short_at(const char *bytes)
{
	uint16_t value;

	memcpy(&value, bytes, sizeof(value));
	return ntohs(value);
}

static bool dns_send(struct connection *c, const char *ask)
{
	char message[DNS_LENGTH + DNS_HEAD + DNS_NAME_MAX + DNS_TYPE_AND_CLASS] = {
		[DNS_LENGTH + 5] = 1, /* one question */
	};
	char *end = message + DNS_LENGTH + DNS_HEAD;

	if (strlen(ask) + 2 > DNS_NAME_MAX)
		return false;
	while (*ask) {
		size_t size = strcspn(ask, ".");

		*end++ = (char)size;
		end = mempcpy(end, ask, size);
		ask += size + (ask[size] == '.');
	}
	/* The root, an address, of the internet. */
	end = mempcpy(end, "\0\0\1\0\1", 1 + DNS_TYPE_AND_CLASS);
	message[1] = (char)(end - message - DNS_LENGTH);
	message[0] = (char)((end - message - DNS_LENGTH) >> 8);
	return send_bytes(c, message, (size_t)(end - message));
}

/* Returns what is behind the name; NULL: it is none. */
static const char *dns_put_name(struct connection *c, const char *at, const char *end)
{
	while (at < end && *at) {
		size_t size = (unsigned char)*at++;

		if (size > DNS_LABEL_MAX || size > (size_t)(end - at) || !put(c, at, size) ||
		    !put(c, ".", 1))
			return NULL;
		at += size;
	}
	return at < end ? at + 1 : NULL;
}

static bool dns_receive(struct connection *c)
{
	const char *message = c->input + DNS_LENGTH, *at, *end;
	char code[8];
	size_t size;

	if (!fill(c, DNS_LENGTH))
		return false;
	size = short_at(c->input);
	if (size < DNS_HEAD || !fill(c, DNS_LENGTH + size))
		return false;
	end = message + size;
	sprintf(code, "%d ", message[3] & 15);
	at = put(c, code, strlen(code)) ? dns_put_name(c, message + DNS_HEAD, end) : NULL;
	if (at && short_at(message + 6)) {
		at += DNS_TYPE_AND_CLASS + DNS_RECORD_HEAD;
		at = put(c, " ", 1) ? dns_put_name(c, at, end) : NULL;
	}
	use(c, DNS_LENGTH + size);
	return at;
}

static size_t dnsdist_questions(unsigned int session, unsigned long round, struct question *q)
{
	char *name = text("%u.%lu.test", session, round);
	char *longer = text("%050d.%050d.%050d.%050d.%s", 0, 0, 0, 0, name);

	q[0] = (struct question){text("%s", name), text("0 %s. name.%s.", name, name), 0};
	q[1] = (struct question){text("refused.test"), text("5 refused.test."), 0};
	q[2] = (struct question){text("%s", longer), text("0 %s. name.%s.", longer, longer),
				 text("2 %s.", longer)};
	free(name);
	free(longer);
	return 3;
}

static const struct protocol protocols[] = {
	{"redis", no_greeting, send_text, redis_receive, redis_questions},
	{"memcached", no_greeting, send_text, memcached_receive, memcached_questions},
	{"nginx", no_greeting, send_text, http_receive, nginx_questions},
	{"haproxy", no_greeting, send_text, http_receive, haproxy_questions},
	{"postgresql", postgres_greet, postgres_send, postgres_receive, postgres_questions},
	{"dnsdist", no_greeting, dns_send, dns_receive, dnsdist_questions},
};

const struct protocol *protocol_find(const char *name)
{
	for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++)
		if (strcmp(protocols[i].name, name) == 0)
			return &protocols[i];
	return NULL;
}
