// SPDX-License-Identifier: GPL-2.0-or-later
/* Any text may come as a source patch; what is found lies in it. */
#include "base/guard.h"
#include "units/hunks.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_name(const char *name)
{
	for (unsigned int level = 0; name && level < 3; level++) {
		const char *path = sut_hunks_strip(name, level);

		if (path &&
		    (path[0] == '/' || strncmp(path, "../", 3) == 0 || strstr(path, "/../")))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	SUT_ARENA struct sut_arena arena = {0};
	/* As sut_file_read() gives it, with a zero byte at the end. */
	unsigned char *text = sut_arena_alloc(&arena, size + 1);
	struct sut_bytes diff = {.data = text, .size = size};
	struct sut_diag diag = {0};
	struct sut_hunks *files;
	size_t count;

	if (size)
		memcpy(text, data, size);
	if (sut_hunks_find(&arena, "fuzz", diff, &files, &count, &diag))
		return 0;
	for (size_t i = 0; i < count; i++) {
		const unsigned char *start = (const unsigned char *)files[i].text;

		/* Nothing but a new name may have no hunks. */
		if ((!files[i].count && files[i].origin == SUT_HUNKS_SAME) || start < text ||
		    start + files[i].size > text + size)
			abort();
		check_name(files[i].old_name);
		check_name(files[i].new_name);
	}
	return 0;
}
