// SPDX-License-Identifier: GPL-2.0-or-later
/* Any text may come as a recorded command. */
#include "base/guard.h"
#include "units/compile.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	SUT_ARENA struct sut_arena arena = {0};
	const char *text = sut_arena_strndup(&arena, size ? (const char *)data : "", size);
	struct sut_compile compile;
	struct sut_diag diag = {0};
	const char **words;
	size_t count;

	/* Response files would let the fuzzer read the machine's files. */
	if (strchr(text, '@') || !sut_words_split(&arena, text, &count, &words) || !count ||
	    sut_compile_read(&arena, "/", count, words, &compile, &diag))
		return 0;
	for (size_t i = 0; i < compile.source_count; i++) {
		const char **argv = sut_compile_command(&arena, &compile, i, SUT_COMPILE_SECTIONS,
							"/out.o", NULL);

		if (!argv[0] || compile.sources[i].index >= compile.argc)
			abort();
	}
	return 0;
}
