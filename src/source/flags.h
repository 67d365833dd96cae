/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A unit's compile command, as clang 14 can take it: what decides how the source is read is kept,
 * what only decides about code is dropped, and what might decide and clang does not know is named.
 */
#ifndef SUT_SOURCE_FLAGS_H
#define SUT_SOURCE_FLAGS_H

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>

struct sut_flags {
	size_t count, capacity;
	const char **list;
	bool interposable; /* -fPIC: another object may define what the unit defines */
	/* Options that may decide what is read, and that clang does not get; each once. */
	const char *left_out; /* "-fplan9-extensions, -fpack-struct", or "" */
};

/* argv is a compiler's command line without its input; NULL-terminated. */
struct sut_flags sut_flags_for_clang(struct sut_arena *arena, const char *const *argv,
				     const char *directory);

#endif
