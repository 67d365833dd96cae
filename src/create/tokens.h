/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Preprocessed text: what the compiler proper would see, and which files it came from. */
#ifndef SUT_CREATE_TOKENS_H
#define SUT_CREATE_TOKENS_H

#include "base/arena.h"
#include "base/diag.h"
#include "base/io.h"

#include <stddef.h>

struct sut_tokens {
	struct sut_bytes text; /* no line markers, one blank where there were several */
	size_t name_count;
	const char **names; /* of the line markers, each once */
};

/* Reads the output of a compiler's -E. Two texts are equal when they have the same tokens. */
enum sut_rc sut_tokens_read(struct sut_arena *arena, const char *path, struct sut_tokens *tokens,
			    struct sut_diag *diag);

#endif
