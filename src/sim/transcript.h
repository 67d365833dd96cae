/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a played scenario looks like: the lines of its file and, between them, what came of them. */
#ifndef SUT_SIM_TRANSCRIPT_H
#define SUT_SIM_TRANSCRIPT_H

#include "sim/script.h"

#include <stdbool.h>
#include <stdio.h>

struct sut_transcript {
	struct sut_arena *arena; /* borrowed */
	char **lines;
	size_t count;
	size_t capacity;
	unsigned int depth; /* of calls that do something: two blanks each */
};

/* A line of the file, as it is. */
void sut_transcript_copy(struct sut_transcript *transcript, const char *text);
/* A line that came of a command; trailing blanks are dropped. */
void sut_transcript_line(struct sut_transcript *transcript, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

void sut_transcript_print(const struct sut_transcript *transcript, FILE *file);
/* Is it what the script says? If not, the first difference is printed. */
bool sut_transcript_check(const struct sut_transcript *transcript, const struct sut_script *script,
			  FILE *file);

#endif
