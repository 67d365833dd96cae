// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/host/log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { RECORD_MAX = 8192, LOG_MAX = 32 << 20 };

int sut_log_open(const struct sut_host *host, bool from_now)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s/dev/kmsg", host->root);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd >= 0 && from_now)
		lseek(fd, 0, SEEK_END);
	return fd;
}

/* One record: "PRIORITY,NUMBER,MICROSECONDS,FLAGS;TEXT"; lines that begin with a blank add to it.
 */
static void take_record(struct sut_arena *arena, char *record, struct sut_log *log)
{
	char *text = strchr(record, ';'), *time = strchr(record, ',');

	if (*record == ' ' || !text || !time)
		return;
	time = strchr(time + 1, ',');
	if (!time || time > text)
		return;
	SUT_PUSH(arena, log->lines, log->count, log->capacity) = (struct sut_log_line){
		.at_s = (double)strtoull(time + 1, NULL, 10) / 1e6,
		.text = text + 1,
	};
}

void sut_log_parse(struct sut_arena *arena, char *text, struct sut_log *log)
{
	char *rest = text, *record;

	while ((record = strsep(&rest, "\n")))
		take_record(arena, record, log);
}

void sut_log_read(struct sut_arena *arena, int fd, struct sut_log *log)
{
	size_t size = 0, capacity = 2 * RECORD_MAX;
	char *text = sut_arena_alloc(arena, capacity);

	while (fd >= 0 && size < LOG_MAX) {
		ssize_t n;

		if (capacity - size <= RECORD_MAX)
			text = sut_arena_grow(arena, text, capacity, &capacity, 1);
		n = read(fd, text + size, RECORD_MAX - 1);
		/* EPIPE: records that we had not read yet were overwritten. */
		if (n < 0 && (errno == EINTR || errno == EPIPE))
			continue;
		if (n <= 0)
			break;
		size += (size_t)n;
	}
	text[size] = '\0';
	sut_log_parse(arena, text, log);
}

bool sut_log_match(struct sut_arena *arena, const char *line, const char *pattern,
		   const char **stars, size_t max)
{
	size_t count = 0;

	while (*pattern) {
		size_t length = strcspn(pattern, "*");
		const char *end;

		if (strncmp(line, pattern, length) != 0)
			return false;
		line += length;
		pattern += length;
		if (!*pattern)
			break;
		/* The star ends where what follows it in the pattern is found first. */
		length = strcspn(++pattern, "*");
		end = length ? memmem(line, strlen(line), pattern, length) : line + strlen(line);
		if (!end)
			return false;
		if (count < max)
			stars[count++] = sut_arena_strndup(arena, line, (size_t)(end - line));
		line = end;
	}
	return *line == '\0';
}

double sut_log_last(const struct sut_log *log, const char *text)
{
	for (size_t i = log->count; i-- > 0;)
		if (strcmp(log->lines[i].text, text) == 0)
			return log->lines[i].at_s;
	return -1;
}
