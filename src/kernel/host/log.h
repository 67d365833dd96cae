/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's log, /dev/kmsg. A refused module leaves its reason there and only there, and so does
 * the time at which a patch was enabled. Who may not read the log gets an empty one.
 */
#ifndef SUT_KERNEL_HOST_LOG_H
#define SUT_KERNEL_HOST_LOG_H

#include "kernel/host/host.h"

struct sut_log_line {
	double at_s; /* the log's own clock, which started at boot */
	const char *text;
};

struct sut_log {
	size_t count, capacity;
	struct sut_log_line *lines; /* oldest first */
};

/* A descriptor to read what comes from now on, or all that is still there; -1: not allowed. */
int sut_log_open(const struct sut_host *host, bool from_now);

/* Appends what has come since the last read; fd may be -1. */
void sut_log_read(struct sut_arena *arena, int fd, struct sut_log *log);

/* The same for text as /dev/kmsg has it. */
void sut_log_parse(struct sut_arena *arena, char *text, struct sut_log *log);

/*
 * Matches a line against a pattern in which each "*" stands for any text: true, and the texts that
 * the stars stand for in the arena (up to max of them).
 */
bool sut_log_match(struct sut_arena *arena, const char *line, const char *pattern,
		   const char **stars, size_t max);

/* When the newest line of this text was written; negative: it is not in the log. */
double sut_log_last(const struct sut_log *log, const char *text);

#endif
