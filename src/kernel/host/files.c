// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/host/files.h"
#include "base/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* /proc/kallsyms is the longest; ten times of what it has. */
enum { TEXT_START = 4096, TEXT_MAX = 64 << 20 };

/* The path below the root; false (ENAMETOOLONG): it does not fit. */
static bool make_path(const struct sut_host *host, char path[PATH_MAX], const char *fmt, va_list ap)
{
	int used = snprintf(path, PATH_MAX, "%s", host->root), more;

	if (used >= 0 && used < PATH_MAX) {
		more = vsnprintf(path + used, (size_t)(PATH_MAX - used), fmt, ap);
		if (more >= 0 && more < PATH_MAX - used)
			return true;
	}
	errno = ENAMETOOLONG;
	return false;
}

#define MAKE_PATH(host, path, fmt)                                                                 \
	({                                                                                         \
		va_list ap_;                                                                       \
		bool made_;                                                                        \
                                                                                                   \
		va_start(ap_, fmt);                                                                \
		made_ = make_path(host, path, fmt, ap_);                                           \
		va_end(ap_);                                                                       \
		made_;                                                                             \
	})

/* All bytes and a zero behind them; NULL: errno. */
static char *read_all(struct sut_arena *arena, const char *path, size_t *size)
{
	SUT_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t capacity = TEXT_START;
	char *text = fd < 0 ? NULL : sut_arena_alloc(arena, capacity);

	*size = 0;
	while (text) {
		ssize_t n = read(fd, text + *size, capacity - *size - 1);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return NULL;
		if (n == 0)
			break;
		*size += (size_t)n;
		if (*size + 1 < capacity)
			continue;
		if (capacity >= TEXT_MAX) {
			errno = EFBIG;
			return NULL;
		}
		text = sut_arena_grow(arena, text, capacity, &capacity, 1);
	}
	if (text)
		text[*size] = '\0';
	return text;
}

static char *read_text(struct sut_arena *arena, const char *path)
{
	size_t size;
	char *text = read_all(arena, path, &size);

	if (text && size && text[size - 1] == '\n')
		text[size - 1] = '\0';
	return text;
}

struct sut_bytes sut_host_bytes(const struct sut_host *host, struct sut_arena *arena,
				const char *fmt, ...)
{
	struct sut_bytes bytes = {0};
	char path[PATH_MAX];

	if (MAKE_PATH(host, path, fmt))
		bytes.data = (unsigned char *)read_all(arena, path, &bytes.size);
	return bytes;
}

bool sut_host_same(const struct sut_host *host, const void *data, size_t size, const char *fmt, ...)
{
	SUT_ARENA struct sut_arena arena = {0};
	char path[PATH_MAX];
	size_t there;
	char *bytes = MAKE_PATH(host, path, fmt) ? read_all(&arena, path, &there) : NULL;

	return bytes && there == size && memcmp(bytes, data, size) == 0;
}

char *sut_host_text(const struct sut_host *host, struct sut_arena *arena, const char *fmt, ...)
{
	char path[PATH_MAX];

	return MAKE_PATH(host, path, fmt) ? read_text(arena, path) : NULL;
}

long sut_host_number(const struct sut_host *host, long missing, const char *fmt, ...)
{
	SUT_ARENA struct sut_arena arena = {0};
	char path[PATH_MAX];
	char *text = MAKE_PATH(host, path, fmt) ? read_text(&arena, path) : NULL, *end;
	long value;

	if (!text)
		return missing;
	errno = 0;
	value = strtol(text, &end, 0);
	return errno || end == text ? missing : value;
}

bool sut_host_exists(const struct sut_host *host, const char *fmt, ...)
{
	char path[PATH_MAX];

	return MAKE_PATH(host, path, fmt) && access(path, F_OK) == 0;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const char **sut_host_list(const struct sut_host *host, struct sut_arena *arena, size_t *count,
			   const char *fmt, ...)
{
	char path[PATH_MAX];
	SUT_CLOSEDIR DIR *dir = MAKE_PATH(host, path, fmt) ? opendir(path) : NULL;
	const char **names = NULL;
	size_t capacity = 0;
	struct dirent *entry;

	*count = 0;
	while (dir && (entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			SUT_PUSH(arena, names, *count, capacity) =
				sut_arena_strdup(arena, entry->d_name);
	if (*count)
		qsort(names, *count, sizeof(names[0]), compare_names);
	return names;
}

const char *sut_host_link(const struct sut_host *host, struct sut_arena *arena, const char *fmt,
			  ...)
{
	char path[PATH_MAX], target[PATH_MAX];
	ssize_t n = MAKE_PATH(host, path, fmt) ? readlink(path, target, sizeof(target)) : -1;

	return n < 0 ? NULL : sut_arena_strndup(arena, target, (size_t)n);
}

int sut_host_write(const struct sut_host *host, const char *value, const char *fmt, ...)
{
	char path[PATH_MAX];

	if (!MAKE_PATH(host, path, fmt))
		return -errno;
	return host->calls->write(host->context, path, value);
}
