// SPDX-License-Identifier: GPL-2.0-or-later
/* Any text may come as Module.symvers. */
#include "base/guard.h"
#include "kernel/image/symvers.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_symvers symvers;
	struct sut_diag diag = {0};

	if (sut_symvers_parse(&arena, "fuzz", (struct sut_bytes){data, size}, &symvers, &diag) ==
	    SUT_OK)
		for (size_t i = 0; i < symvers.count; i++)
			if (!sut_symvers_find(&symvers, symvers.list[i].name))
				abort();
	return 0;
}
