// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Any bytes may be called a patch file. The parser is called behind the digest, which no mutation
 * would get past. What it takes must be writable, and be the same when it is read again; it must be
 * the same as itself to a reviewer, and nothing in it may get past what shows it to one.
 */
#include "elf/patch-format.h"
#include "review/compare.h"
#include "review/render.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_twice(struct sut_arena *arena, const struct sut_patch *patch)
{
	struct sut_patch again;
	struct sut_diag diag = {0};
	unsigned char *first, *second;
	size_t first_size, second_size;

	if (sut_patch_write(arena, patch, &first, &first_size, &diag) != SUT_OK ||
	    sut_patch_read(arena, first, first_size, &again, &diag) != SUT_OK ||
	    sut_patch_write(arena, &again, &second, &second_size, &diag) != SUT_OK)
		abort();
	if (first_size != second_size || memcmp(first, second, first_size) != 0)
		abort();
}

/* No control character but what our own lines have. */
static void check_text(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if ((unsigned char)text[i] < 0x20 && text[i] != '\n' && text[i] != '\t')
			abort();
}

static void show(const struct sut_review *review, void (*print)(FILE *, const struct sut_review *))
{
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	if (!file)
		abort();
	print(file, review);
	if (fclose(file))
		abort();
	check_text(text, size);
	if (strstr(text, "<script") && print == sut_review_page)
		abort();
	free(text);
}

static void print_text(FILE *file, const struct sut_review *review)
{
	sut_review_text(file, review, false);
}

static void show_all(struct sut_arena *arena, const struct sut_patch *patch)
{
	const struct sut_find find = {0};
	struct sut_comparison comparison;
	struct sut_review review;
	struct sut_diag diag = {0};

	sut_compare(arena, patch, patch, &comparison);
	if (!comparison.same)
		abort();
	if (sut_review_make(arena, patch, &find, &review, &diag)) {
		if (!diag.entry[0][0])
			abort(); /* a refusal must say why */
		return;
	}
	show(&review, print_text);
	show(&review, sut_review_page);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sut_arena arena = {0};
	struct sut_patch patch;
	struct sut_diag diag = {0};

	if (sut_patch_parse(&arena, data, size, &patch, &diag) == SUT_OK) {
		write_twice(&arena, &patch);
		show_all(&arena, &patch);
	} else if (!diag.count || !diag.entry[0][0]) {
		abort(); /* a refusal must say why */
	}
	sut_arena_deinit(&arena);
	return 0;
}
