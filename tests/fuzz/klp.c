// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Any bytes may come as a livepatch module. What can be read can be written again, with its
 * undefined symbols bound to vmlinux and to a module in turn, or is refused; what was written can
 * be read.
 */
#include "base/guard.h"
#include "kernel/klp/patch.h"
#include "kernel/klp/relink.h"
#include "kernel/klp/sign.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Half of them late, and some whose sympos the input says. */
static size_t bind(struct sut_arena *arena, const struct sut_ko *ko, size_t size,
		   struct sut_klp_binding **bindings)
{
	size_t count = 0;

	*bindings = sut_arena_array(arena, ko->symbol_count, sizeof(**bindings));
	for (size_t i = 1; i < ko->symbol_count; i++) {
		bool late = (i ^ size) & 1;

		if (ko->symbols[i].st_shndx == SHN_UNDEF &&
		    ELF64_ST_BIND(ko->symbols[i].st_info) != STB_LOCAL)
			(*bindings)[count++] = (struct sut_klp_binding){
				.symbol = sut_ko_symbol_name(ko, i),
				.object = late ? "loop" : "vmlinux",
				.sympos = ko->symbols[i].st_value,
				.with = late ? "loop" : NULL,
			};
	}
	return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	SUT_ARENA struct sut_arena arena = {0};
	const struct sut_bytes bytes = {data, size};
	struct sut_klp_relink options = {.late_text = true};
	struct sut_klp_signature signature;
	struct sut_klp_relinked relinked;
	struct sut_klp_binding *bindings;
	struct sut_klp_patch patch;
	struct sut_diag diag = {0};
	struct sut_ko ko;

	sut_klp_signature_read(&arena, "fuzz.ko", bytes, &signature, &diag);
	if (sut_ko_read(&arena, "fuzz.ko", bytes, &ko, &diag))
		return 0;
	sut_klp_patch_read(&arena, &ko, &patch, &diag);
	options.binding_count = bind(&arena, &ko, size, &bindings);
	options.bindings = bindings;
	switch (sut_klp_relink(&arena, &ko, &options, &relinked, &diag)) {
	case SUT_OK:
		break;
	case SUT_BUG:
		abort();
	default:
		return 0;
	}
	if (sut_ko_read(&arena, "again.ko", relinked.bytes, &ko, &diag) ||
	    (options.binding_count && !relinked.symbol_count))
		abort();
	sut_klp_patch_read(&arena, &ko, &patch, &diag);
	return 0;
}
