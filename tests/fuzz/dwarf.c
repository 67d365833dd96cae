// SPDX-License-Identifier: GPL-2.0-or-later
/* Any debugging information may come with an object: its types are read. */
#include "base/guard.h"
#include "create/types.h"
#include "file.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_types types;
	struct sut_diag diag = {0};

	if (sut_types_read(&arena, fuzz_file(data, size), &types, &diag))
		return 0;
	for (size_t i = 1; i < types.count; i++) {
		if (strcmp(types.list[i - 1].name, types.list[i].name) >= 0)
			abort();
	}
	return 0;
}
