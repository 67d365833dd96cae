// SPDX-License-Identifier: GPL-2.0-or-later
#include "review/shown.h"

#include "base/utf8.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { SPELLED_MAX = sizeof("\\u202e") };

/* How the character at s is written, and how many bytes of s it takes. */
static size_t spell(const unsigned char *s, size_t size, char text[SPELLED_MAX])
{
	uint32_t code;
	size_t length = sut_utf8_next(s, size, &code);

	if (!length) {
		snprintf(text, SPELLED_MAX, "\\x%02x", *s);
		return 1;
	}
	if (code != '\t' && sut_utf8_deceives(code)) {
		snprintf(text, SPELLED_MAX, "\\u%04" PRIx32, code);
		return length;
	}
	memcpy(text, s, length);
	text[length] = '\0';
	return length;
}

char *sut_shown(struct sut_arena *arena, const void *bytes, size_t size)
{
	const unsigned char *s = bytes;
	char spelled[SPELLED_MAX], *text, *to;
	size_t length = 1;

	for (size_t at = 0; at < size; length += strlen(spelled))
		at += spell(s + at, size - at, spelled);
	text = to = sut_arena_alloc(arena, length);
	for (size_t at = 0; at < size;) {
		at += spell(s + at, size - at, spelled);
		to = stpcpy(to, spelled);
	}
	return text;
}
