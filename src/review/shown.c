// SPDX-License-Identifier: GPL-2.0-or-later
#include "review/shown.h"

#include "base/utf8.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

char *sut_shown(struct sut_arena *arena, const void *bytes, size_t size)
{
	const unsigned char *s = bytes;
	char *text = sut_arena_array(arena, size + 1, sizeof("\\u202e")), *to = text;

	while (size) {
		uint32_t code;
		size_t length = sut_utf8_next(s, size, &code);

		if (!length)
			to += sprintf(to, "\\x%02x", *s);
		else if (code != '\t' && sut_utf8_deceives(code))
			to += sprintf(to, "\\u%04" PRIx32, code);
		else
			to = mempcpy(to, s, length);
		s += length ? length : 1;
		size -= length ? length : 1;
	}
	return text;
}
