// SPDX-License-Identifier: GPL-2.0-or-later
/* Writes the seed corpus of the patch file fuzzer into the folder named by its argument. */
#include "base/guard.h"
#include "base/io.h"
#include "elf/patch-sample.h"

static bool save(struct sut_arena *arena, const char *folder, const char *name,
		 const struct sut_patch *patch)
{
	struct sut_diag diag = {0};
	unsigned char *data;
	size_t size;
	const char *path = sut_arena_printf(arena, "%s/%s", folder, name);

	if (sut_patch_write(arena, patch, &data, &size, &diag) == SUT_OK &&
	    sut_file_write(path, data, size, 0644, &diag) == SUT_OK)
		return true;
	fprintf(stderr, "%s: %s\n", name, diag.entry[0]);
	return false;
}

int main(int argc, char **argv)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_patch *full = sut_patch_sample(&arena);
	struct sut_patch empty = {.name = "empty", .version = "1"}, code, data;

	if (argc != 2) {
		fputs("usage: patchfile-seed FOLDER\n", stderr);
		return 1;
	}
	empty.object_count = 1;
	empty.objects = full->objects;

	code = empty; /* one changed function that refers to nothing */
	code.section_count = 1;
	code.sections = &full->sections[SUT_SAMPLE_HELPER];
	code.symbol_count = 1;
	code.symbols = sut_arena_memdup(&arena, &full->symbols[0], sizeof(full->symbols[0]));
	code.symbols[0].size = code.sections[0].size;
	code.func_count = 1;
	code.funcs = sut_arena_memdup(&arena, &full->funcs[0], sizeof(full->funcs[0]));
	code.funcs[0].new_piece_count = 0;

	data = empty; /* zeros, and nothing that names them */
	data.section_count = 1;
	data.sections = &full->sections[SUT_SAMPLE_BSS];

	return save(&arena, argv[1], "full", full) && save(&arena, argv[1], "empty", &empty) &&
			       save(&arena, argv[1], "code", &code) &&
			       save(&arena, argv[1], "data", &data)
		       ? 0
		       : 1;
}
