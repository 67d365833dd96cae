/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whole files in, whole files out. */
#ifndef SUT_BASE_IO_H
#define SUT_BASE_IO_H

#include "base/arena.h"
#include "base/diag.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct sut_bytes {
	const unsigned char *data;
	size_t size;
};

/* Reads a regular file into the arena, up to max bytes (more is SUT_INVALID); a zero byte follows
 * the data. */
enum sut_rc sut_file_read(struct sut_arena *arena, const char *path, size_t max,
			  struct sut_bytes *bytes, struct sut_diag *diag);

/*
 * Writes a file so that the name never shows a half-written one: temporary name in the same
 * folder, fsync, rename. On failure the temporary file is gone and an older file is untouched.
 */
enum sut_rc sut_file_write(const char *path, const void *data, size_t size, mode_t mode,
			   struct sut_diag *diag);

/* What lies behind the last slash of a path. */
const char *sut_base_name(const char *path);

/* Reads exactly size bytes at offset; false on any error or short read. */
bool sut_pread_all(int fd, void *data, size_t size, uint64_t offset);

/* Monotonic clock in nanoseconds. */
uint64_t sut_now_ns(void);

/* Lower-case hex of data into out, which has room for 2 * size + 1 characters. Returns out. */
char *sut_hex(char *out, const void *data, size_t size);

/* Reads exactly size bytes of hex from s (2 * size digits, nothing more). */
bool sut_unhex(const char *s, void *data, size_t size);

#endif
