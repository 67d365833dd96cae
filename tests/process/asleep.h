/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a program that sleeps in system calls shares with the test that started it. */
#ifndef ASLEEP_H
#define ASLEEP_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

enum {
	ASLEEP_KINDS_MAX = 64,
	ASLEEP_TIMEOUT_MS = 120,
	ASLEEP_ALL = -1, /* instead of a kind: a thread for each */
};

enum asleep_nature {
	ASLEEP_WOKEN,   /* until somebody wakes it; the call is made once */
	ASLEEP_TIMED,   /* until its time-out; made again and again */
	ASLEEP_PARTIAL, /* woken; has done a part of its work, and may not be stopped */
};

struct asleep_call {
	char name[24];
	uint32_t nature;
	uint32_t tid;
	uint32_t begun; /* 1: it is made now, or was */
	uint32_t ended;
	uint32_t turns; /* calls that have ended */
	uint32_t wrong; /* with another result than the right one: */
	int64_t result;
	int64_t error;
	int64_t late_ns; /* the most that one ended after its time-out */
	int64_t early_ns;
	int32_t futex;
	int32_t ipc[3]; /* message queue, semaphores: 1 + id, to be removed */
};

struct asleep_page {
	int32_t wake; /* futex: 1: everybody shall be woken, and timed ones end */
	uint32_t count;
	struct asleep_call calls[ASLEEP_KINDS_MAX];
};

/* --- within the program --- */

/* What a kind works on: descriptors, or whatever else it needs. */
struct scene {
	struct asleep_call *call;
	int in, out, more;
	int waker; /* process id */
	unsigned long aio;
	void *entries, *ring; /* of an io_uring, */
	uint32_t tail;        /* and where it begins */
};

enum { ASLEEP_ANY = -2 /* as a result: 0 or more */ };

struct asleep_kind {
	const char *name;
	enum asleep_nature nature;
	void (*prepare)(struct scene *s);
	long (*call)(struct scene *s);
	void (*wake)(struct scene *s); /* in another process */
	long result;
	int error;
};

#define WOKEN(name, prepare, call, wake, result)                                                   \
	{                                                                                          \
		name, ASLEEP_WOKEN, prepare, call, wake, result, 0                                 \
	}
#define PARTIAL(name, prepare, call, wake, result)                                                 \
	{                                                                                          \
		name, ASLEEP_PARTIAL, prepare, call, wake, result, 0                               \
	}
#define TIMED(name, prepare, call, result, error)                                                  \
	{                                                                                          \
		name, ASLEEP_TIMED, prepare, call, NULL, result, error                             \
	}

extern const struct asleep_kind asleep_files[], asleep_waits[];
extern const int asleep_file_count, asleep_wait_count;

static const struct timespec asleep_span = {0, ASLEEP_TIMEOUT_MS * 1000000L};

/* Ends the program when something cannot be prepared. */
void asleep_must(bool condition, const char *what);

/* SIGUSR2, which is blocked. */
void asleep_wake_signal(struct scene *s);

#endif
