// SPDX-License-Identifier: GPL-2.0-or-later
/* Any text may come as Module.symvers, and as the running kernel's list of symbols. */
#include "base/guard.h"
#include "kernel/image/symbols.h"
#include "kernel/image/symvers.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_bytes text = {data, size};
	struct sut_kernel_symbols symbols;
	struct sut_symvers symvers;
	struct sut_diag diag = {0};

	if (sut_symvers_parse(&arena, "fuzz", text, &symvers, &diag) == SUT_OK)
		for (size_t i = 0; i < symvers.count; i++)
			if (!sut_symvers_find(&symvers, symvers.list[i].name))
				abort();
	sut_kernel_symbols_text(&arena, text, NULL, &symbols, &diag);
	sut_kernel_symbols_text(&arena, text, "loop", &symbols, &diag);
	return 0;
}
