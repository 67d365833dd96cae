// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Runs a fuzzer's corpus without libFuzzer: what once was found stays found, with every compiler.
 * Its argument is a folder; one TAP test for each file.
 */
#include "base/guard.h"
#include "base/io.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool run(const char *path)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_diag diag = {0};
	struct sut_bytes bytes;
	SUT_FREE unsigned char *exact = NULL;

	if (sut_file_read(&arena, path, SIZE_MAX, &bytes, &diag) != SUT_OK) {
		printf("# %s\n", diag.entry[0]);
		return false;
	}
	exact = malloc(bytes.size); /* so that a sanitizer sees one byte too many */
	for (size_t i = 0; i < bytes.size; i++)
		exact[i] = bytes.data[i];
	return LLVMFuzzerTestOneInput(exact, bytes.size) == 0;
}

int main(int argc, char **argv)
{
	struct dirent **entries;
	int count = argc == 2 ? scandir(argv[1], &entries, NULL, alphasort) : -1;
	int tests = 0;

	if (count < 0) {
		fputs("usage: replay FOLDER\n", stderr);
		return 1;
	}
	for (int i = 0; i < count; i++) {
		SUT_ARENA struct sut_arena arena = {0};

		if (entries[i]->d_name[0] != '.')
			printf("%s %d - %s\n",
			       run(sut_arena_printf(&arena, "%s/%s", argv[1], entries[i]->d_name))
				       ? "ok"
				       : "not ok",
			       ++tests, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	printf("1..%d\n", tests);
	return 0;
}
