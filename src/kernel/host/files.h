/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's small files, below the host's root. They have no size before they are read, may go
 * between two looks, and hold one value mostly: so reading gives the text or NULL, and errno says
 * why.
 */
#ifndef SUT_KERNEL_HOST_FILES_H
#define SUT_KERNEL_HOST_FILES_H

#include "base/io.h"
#include "kernel/host/host.h"

/* The whole text without the newline at its end, in the arena. NULL: errno; EFBIG: absurdly long.
 */
char *sut_host_text(const struct sut_host *host, struct sut_arena *arena, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The whole content; data is NULL where the text is, and so is errno. */
struct sut_bytes sut_host_bytes(const struct sut_host *host, struct sut_arena *arena,
				const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Whether the file holds exactly these bytes. */
bool sut_host_same(const struct sut_host *host, const void *data, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* The text as a number (decimal, or as its prefix says); missing: there is no such file, or no
 * number in it. */
long sut_host_number(const struct sut_host *host, long missing, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

bool sut_host_exists(const struct sut_host *host, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* The names in a folder without . and .., sorted; *count is 0 when there is none. */
const char **sut_host_list(const struct sut_host *host, struct sut_arena *arena, size_t *count,
			   const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* What a symbolic link says, or NULL. */
const char *sut_host_link(const struct sut_host *host, struct sut_arena *arena, const char *fmt,
			  ...) __attribute__((format(printf, 3, 4)));

/* Writes the value to a control file. Returns 0 or a negative errno. */
int sut_host_write(const struct sut_host *host, const char *value, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
