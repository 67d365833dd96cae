// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Any bytes may come as a kernel's image, packed or not. What is found in it is counted as the
 * kernel would: each symbol is the one at its position.
 */
#include "base/guard.h"
#include "kernel/image/image.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_kernel_symbols symbols;
	struct sut_kernel_image image;
	struct sut_diag diag = {0};

	if (sut_kernel_image_parse(&arena, "fuzz", (struct sut_bytes){data, size}, &image, &diag) ||
	    sut_kernel_image_symbols(&arena, &image, &symbols, &diag))
		return 0;
	for (size_t i = 0; i < symbols.count; i++) {
		const struct sut_kernel_symbol *symbol = &symbols.list[i];
		size_t count;
		const uint32_t *found = sut_kernel_symbols_find(&symbols, symbol->name, &count);

		if (count != symbol->namesakes || found[symbol->position - 1] != i)
			abort();
		sut_kernel_elf_bytes(&image.elf, symbol->address, symbol->size);
	}
	return 0;
}
