/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Preprocessed text: what the compiler proper would see, and which files it came from. */
#ifndef SUT_UNITS_TOKENS_H
#define SUT_UNITS_TOKENS_H

#include "base/arena.h"
#include "base/diag.h"
#include "base/io.h"

#include <stdbool.h>
#include <stddef.h>

struct sut_tokens {
	struct sut_bytes text; /* no line markers, one blank where there were several */
	size_t name_count;
	const char **names; /* of the line markers, each once */
};

/* Reads the output of a compiler's -E. */
enum sut_rc sut_tokens_read(struct sut_arena *arena, const char *path, struct sut_tokens *tokens,
			    struct sut_diag *diag);

/*
 * Whether the same machine code must come of both: the tokens are the same, but for declarations of
 * functions and extern variables that the unit does not use. A fix often declares a function in a
 * header that everything includes.
 */
bool sut_tokens_same_code(const struct sut_tokens *before, const struct sut_tokens *after);

#endif
