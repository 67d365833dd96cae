// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/image/module.h"
#include "kernel/image/sample.h"
#include "kernel/image/symvers.h"
#include "base/guard.h"
#include "base/tap.h"

#include <string.h>

static enum sut_rc parse(struct sut_arena *arena, struct sut_bytes bytes,
			 struct sut_kernel_module *module)
{
	struct sut_diag diag = {0};

	return sut_kernel_module_parse(arena, "sample", bytes, module, &diag);
}

static void says_what_it_is(void)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_kernel_module module;

	CHECK_EQUAL(parse(&arena, sut_sample_module(&arena), &module), SUT_OK);
	CHECK_STRING(module.name, "sample_module");
	CHECK(!module.livepatch);
	CHECK_EQUAL(module.elf.build_id_size, 20);
}

static void symbols_are_those_that_stay(void)
{
	static const char expected[] = "t helper, t helper, t setup, a counter, d value, "
				       "r __ksymtab_offered, T offered, w weak, ";
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_kernel_module module;
	const char *text = "";

	CHECK_EQUAL(parse(&arena, sut_sample_module(&arena), &module), SUT_OK);
	for (size_t i = 0; i < module.symbols.count; i++)
		text = sut_arena_printf(&arena, "%s%c %s, ", text, module.symbols.list[i].type,
					module.symbols.list[i].name);
	CHECK_STRING(text, expected);
}

static void positions_are_those_of_both_times(void)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_kernel_module module;
	uint32_t sympos;

	CHECK_EQUAL(parse(&arena, sut_sample_module(&arena), &module), SUT_OK);
	CHECK(sut_kernel_sympos(&module.symbols.list[0], &sympos) && sympos == 1);
	CHECK(sut_kernel_sympos(&module.symbols.list[1], &sympos) && sympos == 2);
	CHECK(sut_kernel_sympos(&module.symbols.list[4], &sympos) && sympos == 0);
	/* While the module loads there is another one of that name before it. */
	CHECK_EQUAL(module.symbols.list[2].position, 1);
	CHECK_EQUAL(module.symbols.list[2].early_position, 2);
	CHECK(!sut_kernel_sympos(&module.symbols.list[2], &sympos));
}

static void cut_files_are_refused(void)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_bytes bytes = sut_sample_module(&arena);
	struct sut_kernel_module module;

	for (bytes.size--; bytes.size; bytes.size -= bytes.size / 8 + 1) {
		SUT_ARENA struct sut_arena scratch = {0};

		CHECK_EQUAL(parse(&scratch, bytes, &module), SUT_INVALID);
	}
	CHECK_EQUAL(parse(&arena, sut_sample_vmlinux(&arena, SUT_SAMPLE_6_1), &module),
		    SUT_INVALID);
}

/* ---- Module.symvers ---- */

static enum sut_rc parse_symvers(struct sut_arena *arena, const char *text,
				 struct sut_symvers *symvers)
{
	struct sut_diag diag = {0};

	return sut_symvers_parse(arena, "sample",
				 (struct sut_bytes){(const void *)text, strlen(text)}, symvers,
				 &diag);
}

static void exports_have_sums(void)
{
	SUT_ARENA struct sut_arena arena = {0};
	const struct sut_symver *found;
	struct sut_symvers symvers;

	CHECK_EQUAL(parse_symvers(&arena,
				  "0x4c9d28b0\tphys_base\tvmlinux\tEXPORT_SYMBOL\t\n"
				  "0xffffffff\tattach\tsound/pci/hda/snd-hda-codec\t"
				  "EXPORT_SYMBOL_GPL\tSPACE\n",
				  &symvers),
		    SUT_OK);
	CHECK_EQUAL(symvers.count, 2);
	found = sut_symvers_find(&symvers, "phys_base");
	CHECK(found && found->crc == 0x4c9d28b0 && !found->gpl);
	CHECK_STRING(found->space, "");
	found = sut_symvers_find(&symvers, "attach");
	CHECK(found && found->crc == UINT32_MAX && found->gpl);
	CHECK_STRING(found->object, "snd_hda_codec");
	CHECK_STRING(found->path, "sound/pci/hda/snd-hda-codec");
	CHECK_STRING(found->space, "SPACE");
	CHECK(!sut_symvers_find(&symvers, "detach"));
}

static void wrong_sums_are_refused(void)
{
	static const char *const wrong[] = {
		"4c9d28b0\tx\tvmlinux\tEXPORT_SYMBOL\t\n",
		"0x4c9d28b0\tx\tvmlinux\n",
		"0x14c9d28b0\tx\tvmlinux\tEXPORT_SYMBOL\n",
		"0x1\t\tvmlinux\tEXPORT_SYMBOL\n",
		"0x1\tx\tvmlinux\tSYMBOL\n",
		"0x1\tx\tvmlinux\tEXPORT_SYMBOL\t\t\n",
	};
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_symvers symvers;

	for (size_t i = 0; i < SUT_ARRAY_SIZE(wrong); i++)
		CHECK_EQUAL(parse_symvers(&arena, wrong[i], &symvers), SUT_INVALID);
	CHECK_EQUAL(parse_symvers(&arena, "", &symvers), SUT_OK);
	CHECK(!sut_symvers_find(&symvers, "x"));
}

static const struct sut_tap_test tests[] = {
	{"a module says what it is", says_what_it_is},
	{"its symbols are those that stay when init has ended", symbols_are_those_that_stay},
	{"a symbol that has two positions cannot be named", positions_are_those_of_both_times},
	{"cut files and kernels are no modules", cut_files_are_refused},
	{"exported symbols have their sums", exports_have_sums},
	{"lines that are none of exports are refused", wrong_sums_are_refused},
};

SUT_TAP_MAIN(tests)
