/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The words of C text as it is written, before the preprocessor. */
#ifndef SUT_SOURCE_LEX_H
#define SUT_SOURCE_LEX_H

#include <stdbool.h>
#include <stddef.h>

enum sut_word_kind {
	SUT_WORD_END,
	SUT_WORD_NAME,
	SUT_WORD_OTHER,     /* one character, or a number or literal as a whole */
	SUT_WORD_DIRECTIVE, /* from the # that begins a line to the end of the line */
};

struct sut_word {
	enum sut_word_kind kind;
	size_t start, end; /* offsets in the text */
};

/* The word at or behind offset and before end; blanks and comments lie between words. */
struct sut_word sut_word_next(const char *text, size_t offset, size_t end);

bool sut_word_is(const char *text, const struct sut_word *word, const char *expected);

/* How the word changes the depth of (), [] and {}: 1, -1 or 0. */
int sut_word_depth(const char *text, const struct sut_word *word);

#endif
