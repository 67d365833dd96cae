// SPDX-License-Identifier: GPL-2.0-or-later
#include "sim/transcript.h"

#include <string.h>

static size_t trimmed_length(const char *text)
{
	size_t length = strlen(text);

	while (length && (text[length - 1] == ' ' || text[length - 1] == '\t'))
		length--;
	return length;
}

static void push(struct sut_transcript *transcript, char *line)
{
	SUT_PUSH(transcript->arena, transcript->lines, transcript->count, transcript->capacity) =
		line;
}

void sut_transcript_copy(struct sut_transcript *transcript, const char *text)
{
	push(transcript, sut_arena_strdup(transcript->arena, text));
}

void sut_transcript_line(struct sut_transcript *transcript, const char *fmt, ...)
{
	char *text, *line;
	va_list ap;
	int size;

	va_start(ap, fmt);
	size = vsnprintf(NULL, 0, fmt, ap) + 1;
	va_end(ap);
	text = sut_arena_alloc(transcript->arena, size);
	va_start(ap, fmt);
	vsnprintf(text, size, fmt, ap);
	va_end(ap);
	line = sut_arena_printf(transcript->arena, "| %*s%s", 2 * (int)transcript->depth, "", text);
	line[trimmed_length(line)] = '\0';
	push(transcript, line);
}

void sut_transcript_print(const struct sut_transcript *transcript, FILE *file)
{
	for (size_t i = 0; i < transcript->count; i++)
		fprintf(file, "%s\n", transcript->lines[i]);
}

static bool same_line(const char *a, const char *b)
{
	size_t length = trimmed_length(a);

	return length == trimmed_length(b) && memcmp(a, b, length) == 0;
}

/* What stands in a line, for a message: only transcripts can differ. */
static const char *said(const char *line)
{
	return line && *line == '|' ? line : "nothing";
}

bool sut_transcript_check(const struct sut_transcript *transcript, const struct sut_script *script,
			  FILE *file)
{
	for (size_t i = 0; i < transcript->count || i < script->count; i++) {
		const char *comes = i < transcript->count ? transcript->lines[i] : NULL;
		const char *written = i < script->count ? script->lines[i].text : NULL;

		if (comes && written && same_line(comes, written))
			continue;
		fprintf(file, "%s:%zu: written is: %s, what comes is: %s\n", script->path, i + 1,
			said(written), said(comes));
		return false;
	}
	return true;
}
