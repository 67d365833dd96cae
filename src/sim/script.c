// SPDX-License-Identifier: GPL-2.0-or-later
#include "sim/script.h"

#include "base/io.h"

#include <string.h>

enum { FILE_MAX = 16 << 20 };

static enum sut_line_kind line_kind(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if ((text[i] < ' ' || text[i] > '~') && text[i] != '\t')
			return SUT_LINE_BINARY;
	}
	if (*text == '|')
		return SUT_LINE_TRANSCRIPT;
	if (*text == '#' || !text[strspn(text, " \t")])
		return SUT_LINE_EMPTY;
	return *text == ' ' || *text == '\t' ? SUT_LINE_INDENTED : SUT_LINE_COMMAND;
}

enum sut_rc sut_script_read(struct sut_arena *arena, const char *path, struct sut_script *script,
			    struct sut_diag *diag)
{
	struct sut_bytes bytes;
	enum sut_rc rc = sut_file_read(arena, path, FILE_MAX, &bytes, diag);

	if (rc)
		return rc;
	*script = (struct sut_script){.path = path};
	for (size_t start = 0, size; start < bytes.size; start += size + 1) {
		const char *text = (const char *)bytes.data + start;
		const char *end = memchr(text, '\n', bytes.size - start);

		size = end ? (size_t)(end - text) : bytes.size - start;
		text = sut_arena_strndup(arena, text, size);
		SUT_PUSH(arena, script->lines, script->count, script->capacity) =
			(struct sut_line){line_kind(text, size), text};
	}
	return SUT_OK;
}
