// SPDX-License-Identifier: GPL-2.0-or-later
/* Writes the samples as files into folders below the one that is named: seeds of the fuzzers. */
#include "base/guard.h"
#include "kernel/image/sample.h"

#include <sys/stat.h>

static bool save(struct sut_arena *arena, const char *folder, const char *name,
		 struct sut_bytes bytes)
{
	struct sut_diag diag = {0};

	mkdir(folder, 0755);
	return sut_file_write(sut_arena_printf(arena, "%s/%s", folder, name), bytes.data,
			      bytes.size, 0644, &diag) == SUT_OK;
}

int main(int argc, char **argv)
{
	SUT_ARENA struct sut_arena arena = {0};
	const char *images, *modules;
	bool whole = true;

	if (argc != 2) {
		fputs("usage: kernel-samples FOLDER\n", stderr);
		return 1;
	}
	images = sut_arena_printf(&arena, "%s/kernel-image", argv[1]);
	modules = sut_arena_printf(&arena, "%s/kernel-module", argv[1]);
	mkdir(argv[1], 0755);
	for (unsigned int i = SUT_SAMPLE_6_1; i <= SUT_SAMPLE_6_15; i++)
		whole &= save(&arena, images, sut_arena_printf(&arena, "%u", i),
			      sut_sample_vmlinux(&arena, i));
	whole &= save(&arena, modules, "module", sut_sample_module(&arena));
	return whole ? 0 : 1;
}
