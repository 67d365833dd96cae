// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/image/image.h"
#include "kernel/image/sample.h"
#include "base/guard.h"
#include "base/tap.h"

#include <lzma.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

enum { SYMBOLS_6_1 = 2 + 1 + 4 + 300 };

static enum sut_rc parse(struct sut_arena *arena, struct sut_bytes bytes,
			 struct sut_kernel_image *image, struct sut_diag *diag)
{
	return sut_kernel_image_parse(arena, "sample", bytes, image, diag);
}

static void check_symbols(enum sut_sample_layout layout)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_bytes bytes = sut_sample_vmlinux(&arena, layout);
	size_t percpu = layout == SUT_SAMPLE_6_15 ? 0 : 2, count;
	struct sut_kernel_symbols symbols = {0};
	struct sut_kernel_image image;
	struct sut_diag diag = {0};
	const uint32_t *same;
	uint32_t sympos;

	CHECK_EQUAL(parse(&arena, bytes, &image, &diag), SUT_OK);
	CHECK_EQUAL(sut_kernel_image_symbols(&arena, &image, &symbols, &diag), SUT_OK);
	CHECK_STRING(diag.entry[0], "");
	CHECK_EQUAL(symbols.count, SYMBOLS_6_1 - 2 + percpu);
	if (symbols.count < 10)
		return;
	CHECK_STRING(symbols.list[percpu].name, "_text");
	CHECK_EQUAL(symbols.list[percpu].address, SUT_SAMPLE_TEXT);
	CHECK_EQUAL(symbols.list[percpu].type, 'T');
	CHECK_STRING(symbols.list[percpu + 3].name, "second");
	CHECK_EQUAL(symbols.list[percpu + 3].size, 0x10);
	same = sut_kernel_symbols_find(&symbols, "same", &count);
	CHECK_EQUAL(count, 2);
	CHECK_EQUAL(symbols.list[same[1]].address, SUT_SAMPLE_TEXT + 0x40);
	CHECK(sut_kernel_sympos(&symbols.list[same[1]], &sympos) && sympos == 2);
	CHECK(sut_kernel_sympos(&symbols.list[percpu], &sympos) && sympos == 0);
	sut_kernel_symbols_find(&symbols, "sam", &count);
	CHECK_EQUAL(count, 0);
}

static void symbols_of_6_1(void)
{
	check_symbols(SUT_SAMPLE_6_1);
}

static void symbols_of_6_2(void)
{
	check_symbols(SUT_SAMPLE_6_2);
}

static void symbols_of_6_4(void)
{
	check_symbols(SUT_SAMPLE_6_4);
}

static void symbols_of_6_15(void)
{
	check_symbols(SUT_SAMPLE_6_15);
}

static void says_what_it_is(void)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_kernel_image image = {0};
	struct sut_diag diag = {0};
	const unsigned char *code;

	CHECK_EQUAL(parse(&arena, sut_sample_vmlinux(&arena, SUT_SAMPLE_6_1), &image, &diag),
		    SUT_OK);
	CHECK_STRING(image.release, "6.1.0-1-test");
	CHECK_STRING(image.compiler, "gcc-12 (Debian 12.2.0-14) 12.2.0");
	CHECK(image.banner && strstr(image.banner, "#1 SMP Debian 6.1.1-1 (2026-01-01)"));
	CHECK_EQUAL(image.elf.build_id_size, 20);
	CHECK_EQUAL(image.elf.build_id[19], 20);
	code = sut_kernel_elf_bytes(&image.elf, SUT_SAMPLE_TEXT + 0x11, 0x10);
	CHECK(code && code[0] == 0x91);
	CHECK(!sut_kernel_elf_bytes(&image.elf, SUT_SAMPLE_TEXT + SUT_SAMPLE_TEXT_SIZE - 1, 2));
	CHECK(!sut_kernel_elf_bytes(&image.elf, SUT_SAMPLE_TEXT - 1, 1));
	CHECK(sut_kernel_elf_bytes(&image.elf, 0x38, 8) != NULL);
}

static void damaged_tables_are_none(void)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_bytes bytes = sut_sample_vmlinux(&arena, SUT_SAMPLE_6_2);
	struct sut_kernel_symbols whole, symbols;
	struct sut_kernel_image image;
	struct sut_diag diag = {0};
	const struct sut_kernel_section *data;
	unsigned char *byte;
	size_t tried = 0;

	CHECK_EQUAL(parse(&arena, bytes, &image, &diag), SUT_OK);
	CHECK_EQUAL(sut_kernel_image_symbols(&arena, &image, &whole, &diag), SUT_OK);
	data = sut_kernel_elf_section(&image.elf, ".rodata");
	/* From the first name on to the end of the names: lengths, and what they count. */
	byte = (unsigned char *)memmem(data->data, data->size, "T_text", 6) - 1;
	for (size_t i = 0; i < 1024; i++, byte++) {
		SUT_ARENA struct sut_arena scratch = {0};
		unsigned char old = *byte;

		/* Another character makes another name, and so does another token. */
		if (old >= ' ' || old <= 2)
			continue;
		*byte = old ^ 0x01;
		tried++;
		CHECK(sut_kernel_image_symbols(&scratch, &image, &symbols, &diag) != SUT_OK);
		*byte = old;
	}
	CHECK(tried > 100);
}

static void boot_images_are_unpacked(void)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_bytes bytes = sut_sample_vmlinux(&arena, SUT_SAMPLE_6_1), payload, image_bytes;
	unsigned char *packed = sut_arena_alloc(&arena, 1 << 16);
	size_t size = 4;
	z_stream gzip = {.next_in = (unsigned char *)bytes.data,
			 .avail_in = (unsigned int)bytes.size,
			 .next_out = packed,
			 .avail_out = 1 << 16};
	struct sut_kernel_image image;
	struct sut_diag diag = {0};

	for (unsigned int kind = 0; kind < 3; kind++) {
		size = 0;
		if (kind == 0) {
			lzma_easy_buffer_encode(1, LZMA_CHECK_CRC32, NULL, bytes.data, bytes.size,
						packed, &size, 1 << 16);
		} else if (kind == 1) {
			deflateInit2(&gzip, 1, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY);
			deflate(&gzip, Z_FINISH);
			size = gzip.total_out;
			deflateEnd(&gzip);
		} else {
			size = ZSTD_compress(packed, 1 << 16, bytes.data, bytes.size, 1);
		}
		/* The kernel puts the unpacked size behind it. */
		payload = (struct sut_bytes){packed, size + 4};
		image_bytes = sut_sample_boot(&arena, payload);
		CHECK_EQUAL(parse(&arena, image_bytes, &image, &diag), SUT_OK);
		CHECK_STRING(image.release, "6.1.0-1-test");
		image_bytes.size -= size / 2;
		CHECK_EQUAL(parse(&arena, image_bytes, &image, &diag), SUT_INVALID);
		payload.size = size / 2;
		CHECK_EQUAL(parse(&arena, sut_sample_boot(&arena, payload), &image, &diag),
			    SUT_INVALID);
	}
}

static void other_files_are_told_apart(void)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_bytes bytes = sut_sample_vmlinux(&arena, SUT_SAMPLE_6_1);
	struct sut_kernel_image image;
	struct sut_diag diag = {0};

	CHECK_EQUAL(parse(&arena, (struct sut_bytes){(const void *)"text", 4}, &image, &diag),
		    SUT_INVALID);
	CHECK_EQUAL(parse(&arena,
			  sut_sample_boot(&arena,
					  (struct sut_bytes){(const void *)"\002!L\030", 4}),
			  &image, &diag),
		    SUT_UNSUPPORTED);
	CHECK_STRING(diag.rule, "kernel-image");
	CHECK_EQUAL(parse(&arena, sut_sample_module(&arena), &image, &diag), SUT_INVALID);
	((Elf64_Ehdr *)bytes.data)->e_machine = EM_AARCH64;
	CHECK_EQUAL(parse(&arena, bytes, &image, &diag), SUT_UNSUPPORTED);
}

static const struct sut_tap_test tests[] = {
	{"the symbols of 6.1 are read from the image", symbols_of_6_1},
	{"the same with sequences of names", symbols_of_6_2},
	{"the same with offsets behind the tokens", symbols_of_6_4},
	{"the same without absolute symbols", symbols_of_6_15},
	{"release, compiler, build-id and bytes are what the image says", says_what_it_is},
	{"a damaged list of names is none", damaged_tables_are_none},
	{"boot images are unpacked, xz, gzip and zstd; cut ones are refused",
	 boot_images_are_unpacked},
	{"what is no kernel, of another machine or packed otherwise is told apart",
	 other_files_are_told_apart},
};

SUT_TAP_MAIN(tests)
