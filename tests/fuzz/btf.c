// SPDX-License-Identifier: GPL-2.0-or-later
/* The accelerator's reader of BTF: what it finds lies in a structure that it finds, too. */
#include "kernel/module/accel-btf.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {"a", "b", "c", "low", "high", "pair"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		long whole = accel_btf_look(data, size, "pair", NULL);

		if (accel_btf_look(data, size, "pair", names[i]) >= 0 && whole < 0)
			abort();
	}
	return 0;
}
