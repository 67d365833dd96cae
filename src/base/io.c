// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/io.h"
#include "base/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum sut_rc sut_file_read(struct sut_arena *arena, const char *path, size_t max,
			  struct sut_bytes *bytes, struct sut_diag *diag)
{
	/* Opening a named pipe would wait for its writer. */
	SUT_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	unsigned char *data;

	if (fd < 0) {
		enum sut_rc rc = sut_fail_errno(diag, "%s", path);

		return errno == ENOENT ? SUT_GONE : rc;
	}
	if (fstat(fd, &st) < 0)
		return sut_fail_errno(diag, "%s", path);
	if (!S_ISREG(st.st_mode))
		return sut_fail(diag, SUT_INVALID, "file", "%s: not a regular file", path);
	if ((uint64_t)st.st_size > max)
		return sut_fail(diag, SUT_INVALID, "file",
				"%s: %lld bytes is more than the %zu allowed", path,
				(long long)st.st_size, max);
	data = sut_arena_alloc(arena, (size_t)st.st_size + 1);
	if (!sut_pread_all(fd, data, (size_t)st.st_size, 0))
		return sut_fail_errno(diag, "%s: short read", path);
	*bytes = (struct sut_bytes){.data = data, .size = (size_t)st.st_size};
	return SUT_OK;
}

static bool write_all(int fd, const unsigned char *data, size_t size)
{
	while (size) {
		ssize_t n = write(fd, data, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		data += n;
		size -= (size_t)n;
	}
	return true;
}

enum sut_rc sut_file_write(const char *path, const void *data, size_t size, mode_t mode,
			   struct sut_diag *diag)
{
	SUT_ARENA struct sut_arena arena = {0};
	char *temporary = sut_arena_printf(&arena, "%s.tmp-XXXXXX", path);
	struct stat st;
	bool written;
	int fd;

	/* A device, say, would be replaced by the file. */
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return sut_fail(diag, SUT_INVALID, "file", "%s: not a regular file", path);
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return sut_fail_errno(diag, "%s: cannot create a file beside it", path);
	written = write_all(fd, data, size) && fchmod(fd, mode) == 0 && fsync(fd) == 0;
	if (close(fd) < 0 || !written || rename(temporary, path) < 0) {
		enum sut_rc rc = sut_fail_errno(diag, "%s: cannot write", path);

		unlink(temporary);
		return rc;
	}
	return SUT_OK;
}

bool sut_pread_all(int fd, void *data, size_t size, uint64_t offset)
{
	unsigned char *p = data;

	while (size) {
		ssize_t n = pread(fd, p, size, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		p += n;
		offset += (uint64_t)n;
		size -= (size_t)n;
	}
	return true;
}

uint64_t sut_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

char *sut_hex(char *out, const void *data, size_t size)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *p = data;

	for (size_t i = 0; i < size; i++) {
		out[2 * i] = digits[p[i] >> 4];
		out[2 * i + 1] = digits[p[i] & 15];
	}
	out[2 * size] = '\0';
	return out;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

bool sut_unhex(const char *s, void *data, size_t size)
{
	unsigned char *p = data;

	if (strlen(s) != 2 * size)
		return false;
	for (size_t i = 0; i < size; i++) {
		int high = digit(s[2 * i]);
		int low = digit(s[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		p[i] = (unsigned char)(high << 4 | low);
	}
	return true;
}

const char *sut_base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}
