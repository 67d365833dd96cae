// SPDX-License-Identifier: GPL-2.0-or-later
/* Any two texts: the stabilised one without the lines that were put in is the second again. */
#include "base/guard.h"
#include "units/lines.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whether text is wanted with `directives` lines that start with "#line " put in. */
static bool is_with_directives(struct sut_bytes text, struct sut_bytes wanted, size_t directives)
{
	static const char start[] = "#line ";
	size_t at = 0, from = 0;

	while (at < text.size) {
		const unsigned char *line = text.data + at;
		const unsigned char *newline = memchr(line, '\n', text.size - at);
		size_t length = newline ? (size_t)(newline - line) + 1 : text.size - at;

		at += length;
		if (from + length <= wanted.size && memcmp(line, wanted.data + from, length) == 0) {
			from += length;
			continue;
		}
		if (!directives-- || length < sizeof(start) - 1 ||
		    memcmp(line, start, sizeof(start) - 1) != 0)
			return false;
	}
	return from == wanted.size;
}

static void try(const uint8_t *data, size_t size)
{
	SUT_ARENA struct sut_arena arena = {0};
	const uint8_t *cut = memchr(data, 0xff, size);
	size_t first = cut ? (size_t)(cut - data) : 0;
	struct sut_bytes before = {.data = data, .size = first}, text;
	struct sut_bytes after = {.data = data + first, .size = size - first};
	size_t inserted;

	/* Text that has directives already could be taken for ours. */
	if (memmem(data, size, "#line", 5))
		return;
	text = sut_lines_stabilise(&arena, before, after, &inserted);
	if (!is_with_directives(text, after, inserted))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size)
		try(data, size);
	return 0;
}
