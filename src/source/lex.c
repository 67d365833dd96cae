// SPDX-License-Identifier: GPL-2.0-or-later
#include "source/lex.h"

#include <ctype.h>
#include <string.h>

static bool is_name(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '$';
}

/* The first line end behind offset that no backslash joins to the next line. */
static size_t skip_line(const char *text, size_t offset, size_t end)
{
	while (offset < end && text[offset] != '\n') {
		if (offset + 1 < end && text[offset] == '/' && text[offset + 1] == '*') {
			for (offset += 2; offset + 1 < end; offset++)
				if (text[offset] == '*' && text[offset + 1] == '/')
					break;
			offset++;
		}
		offset += text[offset] == '\\' && offset + 1 < end ? 2 : 1;
	}
	return offset < end ? offset : end;
}

/* Blanks, joined lines and comments; *fresh: a line began. */
static size_t skip_blanks(const char *text, size_t offset, size_t end, bool *fresh)
{
	while (offset < end) {
		if (text[offset] == '\n')
			*fresh = true;
		if (isspace((unsigned char)text[offset])) {
			offset++;
		} else if (text[offset] == '\\' && offset + 1 < end && text[offset + 1] == '\n') {
			offset += 2;
		} else if (text[offset] == '/' && offset + 1 < end && text[offset + 1] == '/') {
			offset = skip_line(text, offset, end);
		} else if (text[offset] == '/' && offset + 1 < end && text[offset + 1] == '*') {
			for (offset += 2; offset + 1 < end; offset++)
				if (text[offset] == '*' && text[offset + 1] == '/')
					break;
			offset = offset + 2 < end ? offset + 2 : end;
		} else {
			break;
		}
	}
	return offset;
}

static size_t skip_literal(const char *text, size_t offset, size_t end)
{
	char quote = text[offset++];

	while (offset < end && text[offset] != quote && text[offset] != '\n')
		offset += text[offset] == '\\' && offset + 1 < end ? 2 : 1;
	return offset < end ? offset + 1 : end;
}

struct sut_word sut_word_next(const char *text, size_t offset, size_t end)
{
	bool fresh = !offset || text[offset - 1] == '\n';
	struct sut_word word;

	offset = skip_blanks(text, offset, end, &fresh);
	word = (struct sut_word){SUT_WORD_OTHER, offset, offset + 1};
	if (offset >= end) {
		word = (struct sut_word){SUT_WORD_END, end, end};
	} else if (text[offset] == '#' && fresh) {
		word.kind = SUT_WORD_DIRECTIVE;
		word.end = skip_line(text, offset, end);
	} else if (text[offset] == '"' || text[offset] == '\'') {
		word.end = skip_literal(text, offset, end);
	} else if (is_name(text[offset])) {
		if (!isdigit((unsigned char)text[offset]))
			word.kind = SUT_WORD_NAME;
		/* A number's letters and dots belong to it. */
		while (word.end < end && (is_name(text[word.end]) ||
					  (word.kind != SUT_WORD_NAME && text[word.end] == '.')))
			word.end++;
	}
	return word;
}

bool sut_word_is(const char *text, const struct sut_word *word, const char *expected)
{
	size_t length = word->end - word->start;

	return strlen(expected) == length && strncmp(text + word->start, expected, length) == 0;
}

int sut_word_depth(const char *text, const struct sut_word *word)
{
	if (word->kind != SUT_WORD_OTHER || word->end != word->start + 1)
		return 0;
	switch (text[word->start]) {
	case '(':
	case '[':
	case '{':
		return 1;
	case ')':
	case ']':
	case '}':
		return -1;
	default:
		return 0;
	}
}
