/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What scenario lines are made of: words, names, numbers, codes. docs/scenarios.md defines them. */
#ifndef SUT_SIM_WORDS_H
#define SUT_SIM_WORDS_H

#include "base/arena.h"

#include <stdbool.h>

struct sut_words {
	char **word;
	size_t count;
	size_t capacity;
};

/*
 * Cuts text at blanks; what stands in "..." is one word, with its quotes. False: a quote does not
 * end, or something follows it directly.
 */
bool sut_words_split(struct sut_arena *arena, const char *text, struct sut_words *words);

/* Words from..end, with one blank between them. */
char *sut_words_join(struct sut_arena *arena, const struct sut_words *words, size_t from);

/* Cuts text at a separator; the parts have no blanks around them. */
struct sut_words sut_parts_split(struct sut_arena *arena, const char *text, char separator);

/* A name that something may be declared by: letters, digits, _, and not one of the language's. */
bool sut_name_valid(const char *name);

bool sut_number_parse(const char *text, unsigned long *number);

/* 0, a positive number, or -ENAME. */
bool sut_code_parse(const char *text, int *code);

enum { SUT_CODE_TEXT_MAX = 16 };
/* The reverse; returns text. */
char *sut_code_format(int code, char text[SUT_CODE_TEXT_MAX]);

#endif
