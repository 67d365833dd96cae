// SPDX-License-Identifier: GPL-2.0-or-later
/* symbols FILE: what suture knows of a kernel's or a module's symbols, as /proc/kallsyms has it. */
#include "base/guard.h"
#include "kernel/image/image.h"
#include "kernel/image/module.h"

#include <string.h>

int main(int argc, char **argv)
{
	SUT_ARENA struct sut_arena arena = {0};
	const struct sut_kernel_symbols *symbols;
	const char *behind = "";
	struct sut_kernel_image image;
	struct sut_kernel_symbols of_image;
	struct sut_kernel_module module;
	struct sut_diag diag = {0};
	bool is_module = argc == 2 && strstr(argv[1], ".ko");
	enum sut_rc rc;

	if (argc != 2) {
		fputs("usage: symbols FILE\n", stderr);
		return 1;
	}
	if (is_module)
		rc = sut_kernel_module_open(&arena, argv[1], &module, &diag);
	else
		rc = sut_kernel_image_open(&arena, argv[1], &image, &diag);
	if (rc == SUT_OK && !is_module)
		rc = sut_kernel_image_symbols(&arena, &image, &of_image, &diag);
	if (rc) {
		fprintf(stderr, "%s\n", diag.entry[0]);
		return 1;
	}
	symbols = is_module ? &module.symbols : &of_image;
	if (is_module)
		behind = sut_arena_printf(&arena, "\t[%s]", module.name);
	/* The kernel lists no symbols without a name. */
	for (size_t i = 0; i < symbols->count; i++)
		if (*symbols->list[i].name)
			printf("%016llx %c %s%s\n", (unsigned long long)symbols->list[i].address,
			       symbols->list[i].type, symbols->list[i].name, behind);
	return 0;
}
