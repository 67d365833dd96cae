// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Any bytes may come as a relocatable object, of any machine: it is compared with itself with a bit
 * changed, as a program's unit and as a kernel's. Itself it equals.
 */
#include "base/guard.h"
#include "object/diff.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void compare(struct sut_arena *arena, const struct sut_object *before,
		    const struct sut_object *after)
{
	struct sut_verdict verdict = {.arena = arena};
	struct sut_diff diff;

	sut_diff_run(arena, before, after, &diff);
	sut_diff_judge(&diff, "fuzz.c", &verdict);
	sut_diff_kernel(arena, before, after, &diff);
	sut_diff_judge(&diff, "fuzz.c", &verdict);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_bytes one = {data, size};
	unsigned char *copy = size ? sut_arena_memdup(&arena, data, size) : NULL;
	struct sut_bytes other = {copy, size};
	struct sut_object before, after;
	struct sut_diag diag = {0};

	if (sut_object_parse(&arena, "fuzz.o", one, &before, &diag))
		return 0;
	compare(&arena, &before, &before);
	/* Where, the input says. */
	copy[(size_t)data[size / 2] * data[size - 1] % size] ^= 1u << data[size / 3] % 8;
	if (!sut_object_parse(&arena, "fuzz.o", other, &after, &diag)) {
		compare(&arena, &before, &after);
		compare(&arena, &after, &before);
	}
	return 0;
}
