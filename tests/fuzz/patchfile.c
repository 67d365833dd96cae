// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Any bytes may be called a patch file. The parser is called behind the digest, which no mutation
 * would get past. What it takes must be writable, and be the same when it is read again.
 */
#include "elf/patch-format.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_twice(struct sut_arena *arena, const struct sut_patch *patch)
{
	struct sut_patch again;
	struct sut_diag diag = {0};
	unsigned char *first, *second;
	size_t first_size, second_size;

	if (sut_patch_write(arena, patch, &first, &first_size, &diag) != SUT_OK ||
	    sut_patch_read(arena, first, first_size, &again, &diag) != SUT_OK ||
	    sut_patch_write(arena, &again, &second, &second_size, &diag) != SUT_OK)
		abort();
	if (first_size != second_size || memcmp(first, second, first_size) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sut_arena arena = {0};
	struct sut_patch patch;
	struct sut_diag diag = {0};

	if (sut_patch_parse(&arena, data, size, &patch, &diag) == SUT_OK)
		write_twice(&arena, &patch);
	else if (!diag.count || !diag.entry[0][0])
		abort(); /* a refusal must say why */
	sut_arena_deinit(&arena);
	return 0;
}
