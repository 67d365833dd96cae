// SPDX-License-Identifier: GPL-2.0-or-later
#include "process/again.h"
#include "base/guard.h"
#include "base/tap.h"

enum { PROGRAM, PLUGIN, AGAIN };
enum { IN_PROGRAM, IN_PLUGIN, OF_PLUGIN, COPY_IN_PLUGIN, COPY_OF_PLUGIN };

static struct sut_patch_object objects[] = {{.name = "program", .executable = true},
					    {.name = "plugin.so"}};
static struct sut_patch_reloc relocs[] = {{.symbol = IN_PROGRAM},
					  {.symbol = IN_PLUGIN},
					  {.symbol = OF_PLUGIN}};
static struct sut_patch_section sections[] = {
	{.object = PROGRAM, .relocs = relocs, .reloc_count = 3},
	{.object = PLUGIN, .relocs = relocs, .reloc_count = 3},
};
static struct sut_patch_symbol symbols[] = {
	{.kind = SUT_PATCH_SYMBOL_OWN, .section = 0},
	{.kind = SUT_PATCH_SYMBOL_OWN, .section = 1},
	{.kind = SUT_PATCH_SYMBOL_TARGET, .object = PLUGIN, .value = 0x40},
};
static uint32_t pieces[] = {IN_PLUGIN};
static struct sut_patch_func funcs[] = {
	{.object = PROGRAM, .symbol = IN_PROGRAM},
	{.object = PLUGIN, .symbol = IN_PLUGIN, .new_pieces = pieces, .new_piece_count = 1},
};
static const struct sut_patch patch = {
	.objects = objects,
	.object_count = 2,
	.sections = sections,
	.section_count = 2,
	.symbols = symbols,
	.symbol_count = 3,
	.funcs = funcs,
	.func_count = 2,
};

static void test_copies_refer_to_copies(void)
{
	SUT_ARENA struct sut_arena arena = {0};
	const bool twice[] = {false, true};
	uint32_t *origin;
	const struct sut_patch *made = sut_again_patch(&arena, &patch, twice, &origin);

	CHECK_EQUAL(made->object_count, 3);
	CHECK_EQUAL(origin[AGAIN], PLUGIN);
	CHECK_EQUAL(made->section_count, 3);
	CHECK_EQUAL(made->sections[2].object, AGAIN);
	CHECK_EQUAL(made->symbol_count, 5);
	CHECK_EQUAL(made->symbols[COPY_IN_PLUGIN].section, 2);
	CHECK_EQUAL(made->symbols[COPY_OF_PLUGIN].object, AGAIN);
	CHECK_EQUAL(made->sections[2].relocs[0].symbol, IN_PROGRAM);
	CHECK_EQUAL(made->sections[2].relocs[1].symbol, COPY_IN_PLUGIN);
	CHECK_EQUAL(made->sections[2].relocs[2].symbol, COPY_OF_PLUGIN);
	CHECK_EQUAL(made->func_count, 3);
	CHECK_EQUAL(made->funcs[2].object, AGAIN);
	CHECK_EQUAL(made->funcs[2].symbol, COPY_IN_PLUGIN);
	CHECK_EQUAL(made->funcs[2].new_pieces[0], COPY_IN_PLUGIN);
}

static void test_patch_stays(void)
{
	SUT_ARENA struct sut_arena arena = {0};
	const bool twice[] = {false, true};
	uint32_t *origin;
	const struct sut_patch *made = sut_again_patch(&arena, &patch, twice, &origin);

	for (uint32_t i = 0; i < 3; i++) {
		CHECK_EQUAL(relocs[i].symbol, i);
		CHECK_EQUAL(made->sections[PLUGIN].relocs[i].symbol, i);
	}
	CHECK_EQUAL(pieces[0], IN_PLUGIN);
	CHECK_EQUAL(patch.func_count, 2);
	CHECK_EQUAL(made->funcs[1].symbol, IN_PLUGIN);
}

static const struct sut_tap_test tests[] = {
	{"what is of an object that comes again refers to the rest of that",
	 test_copies_refer_to_copies},
	{"the patch itself stays as it was", test_patch_stays},
};

int main(void)
{
	return sut_tap_run(tests, sizeof(tests) / sizeof(tests[0]));
}
