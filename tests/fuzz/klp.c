// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Any bytes may come as a livepatch module. What can be read is looked up, and can be written
 * again, with its undefined symbols bound to vmlinux and to a module in turn, or is refused; what
 * was written can be read.
 */
#include "base/guard.h"
#include "kernel/klp/check.h"
#include "kernel/klp/convert.h"
#include "kernel/klp/sign.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Looks its symbols up in a kernel that has some of those that the seeds name. */
static void look_up(struct sut_arena *arena, const struct sut_ko *ko,
		    const struct sut_klp_patch *patch)
{
	struct sut_kernel_symbol list[] = {
		{.name = "m_show", .address = 0x1000, .size = 16, .type = 't'},
		{.name = "m_show", .address = 0x2000, .size = 16, .type = 't'},
		{.name = "private_variable", .address = 0x3000, .size = 8, .type = 'd'},
		{.name = "cmdline_proc_show", .address = 0x4000, .size = 16, .type = 't'},
	};
	struct sut_klp_kernel kernel = {.arena = arena, .image.release = "6.1.0-50-amd64"};
	struct sut_verdict verdict = {.arena = arena};
	struct sut_klp_conversion conversion;
	struct sut_diag diag = {0};

	kernel.symbols.list = list;
	kernel.symbols.count = SUT_ARRAY_SIZE(list);
	sut_kernel_symbols_index(arena, &kernel.symbols);
	sut_klp_resolve(ko, patch, &kernel, NULL, 0, &conversion, &verdict, &diag);
	sut_klp_check(ko, patch, &kernel, &verdict, &diag);
}

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
	if (!sut_klp_patch_read(&arena, &ko, &patch, &diag))
		look_up(&arena, &ko, &patch);
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
