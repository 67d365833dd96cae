// SPDX-License-Identifier: GPL-2.0-or-later
/* Any bytes may come as a module's file. */
#include "base/guard.h"
#include "kernel/image/module.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_kernel_module module;
	struct sut_diag diag = {0};

	if (sut_kernel_module_parse(&arena, "fuzz", (struct sut_bytes){data, size}, &module, &diag))
		return 0;
	for (size_t i = 0; i < module.symbols.count; i++) {
		const struct sut_kernel_symbol *symbol = &module.symbols.list[i];
		uint32_t sympos;

		if (symbol->early_namesakes < symbol->namesakes ||
		    (sut_kernel_sympos(symbol, &sympos) && !sympos && symbol->namesakes != 1))
			abort();
	}
	return 0;
}
