// SPDX-License-Identifier: GPL-2.0-or-later
#include "elf/patch-sample.h"

#include "base/guard.h"

#include <elf.h>
#include <string.h>

enum {
	GREET,
	GREET_COLD,
	HELPER,
	SCALE,
	STRING,
	TABLE,
	COUNTER,
	GREETED,
	LOG_LINE,
	LEVEL,
	PUTS,
	ABORT
};

static const struct sut_patch_object objects[] = {
	{"greeter", "", 20,
	 "\x1f\x2e\x3d\x4c\x5b\x6a\x79\x88\x97\xa6\xb5\xc4\xd3\xe2\xf1\x00\x0f"
	 "\x1e\x2d\x3c"},
	{"libscale.so.1.2", "libscale.so.1", 8, "\xde\xad\xbe\xef\x00\x01\x02\x03"},
};

static const unsigned char greet_code[] = {
	0x53,                         /* 00 push %rbx */
	0x48, 0x8d, 0x3d, 0, 0, 0, 0, /* 01 lea string(%rip),%rdi */
	0xe8, 0,    0,    0, 0,       /* 08 call puts */
	0x8b, 0x05, 0,    0, 0, 0,    /* 0d mov greeted(%rip),%eax */
	0xff, 0x05, 0,    0, 0, 0,    /* 13 incl counter(%rip) */
	0x85, 0xc0,                   /* 19 test %eax,%eax */
	0x0f, 0x84, 0,    0, 0, 0,    /* 1b je greet.cold */
	0xe8, 0,    0,    0, 0,       /* 21 call log_line */
	0xe8, 0,    0,    0, 0,       /* 26 call helper */
	0x5b,                         /* 2b pop %rbx */
	0xc3,                         /* 2c ret */
};

static const struct sut_patch_reloc greet_relocs[] = {
	{0x04, R_X86_64_PC32, STRING, -4},     {0x09, R_X86_64_PLT32, PUTS, -4},
	{0x0f, R_X86_64_PC32, GREETED, -4},    {0x15, R_X86_64_PC32, COUNTER, -4},
	{0x1d, R_X86_64_PC32, GREET_COLD, -4}, {0x22, R_X86_64_PLT32, LOG_LINE, -4},
	{0x27, R_X86_64_PLT32, HELPER, -4},
};

static const unsigned char cold_code[] = {0xe8, 0, 0, 0, 0, 0x0f, 0x0b}; /* call abort; ud2 */
static const struct sut_patch_reloc cold_relocs[] = {{1, R_X86_64_PLT32, ABORT, -4}};

static const unsigned char helper_code[] = {0x31, 0xc0, 0xc3}; /* xor %eax,%eax; ret */

/* mov %fs:level,%eax; lea (%rax,%rdi,2),%eax; ret */
static const unsigned char scale_code[] = {0x64, 0x8b, 0x04, 0x25, 0,    0,
					   0,    0,    0x8d, 0x04, 0x78, 0xc3};
static const struct sut_patch_reloc scale_relocs[] = {{4, R_X86_64_TPOFF32, LEVEL, 0}};

static const unsigned char table_data[16];
static const struct sut_patch_reloc table_relocs[] = {
	{0, R_X86_64_64, HELPER, 0},
	{8, R_X86_64_64, GREETED, 4},
};

#define TEXT         (SHF_ALLOC | SHF_EXECINSTR)
#define RELOC(array) SUT_ARRAY_SIZE(array), (struct sut_patch_reloc *)(array)

static const struct sut_patch_section sections[] = {
	{".text.greet", 0, TEXT, 16, sizeof(greet_code), greet_code, RELOC(greet_relocs)},
	{".text.unlikely.greet", 0, TEXT, 1, sizeof(cold_code), cold_code, RELOC(cold_relocs)},
	{".text.helper", 0, TEXT, 16, sizeof(helper_code), helper_code, 0, NULL},
	{".text.scale", 1, TEXT, 16, sizeof(scale_code), scale_code, RELOC(scale_relocs)},
	{".rodata.str1.1", 0, SHF_ALLOC, 1, 6, (const unsigned char *)"hello", 0, NULL},
	{".data.table", 0, SHF_ALLOC | SHF_WRITE, 8, sizeof(table_data), table_data,
	 RELOC(table_relocs)},
	{".bss.counter", 0, SHF_ALLOC | SHF_WRITE, 4, 4, NULL, 0, NULL},
};

#define OWN(name, type, section, size)                                                             \
	{                                                                                          \
		name, SUT_PATCH_SYMBOL_OWN, type, SUT_SAMPLE_##section, 0, 0, 0, size, 0           \
	}

static const struct sut_patch_symbol symbols[] = {
	[GREET] = OWN("greet", STT_FUNC, TEXT, sizeof(greet_code)),
	[GREET_COLD] = OWN("greet.cold", STT_FUNC, COLD, sizeof(cold_code)),
	[HELPER] = OWN("helper", STT_FUNC, HELPER, sizeof(helper_code)),
	[SCALE] = OWN("scale", STT_FUNC, LIB, sizeof(scale_code)),
	[STRING] = OWN("", STT_SECTION, RODATA, 0),
	[TABLE] = OWN("table", STT_OBJECT, DATA, sizeof(table_data)),
	[COUNTER] = OWN("counter", STT_OBJECT, BSS, 4),
	[GREETED] = {"greeted", SUT_PATCH_SYMBOL_TARGET, STT_OBJECT, 0, 0, 0, 0x4028, 4, 0},
	[LOG_LINE] = {"log_line", SUT_PATCH_SYMBOL_TARGET, STT_FUNC, 0, 0, 2, 0x1180, 31, 0},
	[LEVEL] = {"level", SUT_PATCH_SYMBOL_TARGET, STT_TLS, 0, 1, 0, (uint64_t)-16, 4, 0},
	[PUTS] = {"puts", SUT_PATCH_SYMBOL_IMPORT, STT_FUNC, 0, 0, 0, 0, 0, 0x3fd8},
	[ABORT] = {"abort", SUT_PATCH_SYMBOL_IMPORT, STT_NOTYPE, 0, 0, 0, 0, 0, 0},
};

static const struct sut_patch_piece greet_pieces[] = {
	{0x1140, 40, {0xaa, 1, 2, 3}},
	{0x1090, 9, {0xbb, 4, 5, 6}},
};
static const struct sut_patch_piece scale_pieces[] = {{0x1100, 8, {0xcc, 7, 8, 9}}};
static const uint32_t greet_new_pieces[] = {GREET_COLD};

static const struct sut_patch_func funcs[] = {
	{"greet", SUT_PATCH_FUNC_CHANGED, 0, GREET, "src/greet.c:12", 2, NULL, 1, NULL},
	{"helper", SUT_PATCH_FUNC_NEW, 0, HELPER, "src/greet.c:4", 0, NULL, 0, NULL},
	{"scale", SUT_PATCH_FUNC_CHANGED, 1, SCALE, "", 1, NULL, 0, NULL},
};

static const char *const fixes[] = {"CVE-2024-0001", "https://bugs.example.org/17"};
static const char *const allowed[] = {"data"};
static const struct sut_patch_fact facts[] = {
	{"compiler", "gcc (Debian 12.2.0-14) 12.2.0"},
	{"source-patch-sha256", "5f2d…"},
};

#define COPY(arena, array) sut_arena_memdup(arena, array, sizeof(array))

struct sut_patch *sut_patch_sample(struct sut_arena *arena)
{
	struct sut_patch *patch = sut_arena_alloc(arena, sizeof(*patch));

	*patch = (struct sut_patch){
		.name = "greeting-overflow",
		.version = "1",
		.fix_count = SUT_ARRAY_SIZE(fixes),
		.fixes = COPY(arena, fixes),
		.object_count = SUT_ARRAY_SIZE(objects),
		.objects = COPY(arena, objects),
		.func_count = SUT_ARRAY_SIZE(funcs),
		.funcs = COPY(arena, funcs),
		.section_count = SUT_ARRAY_SIZE(sections),
		.sections = COPY(arena, sections),
		.symbol_count = SUT_ARRAY_SIZE(symbols),
		.symbols = COPY(arena, symbols),
		.allowed_count = SUT_ARRAY_SIZE(allowed),
		.allowed = COPY(arena, allowed),
		.fact_count = SUT_ARRAY_SIZE(facts),
		.facts = COPY(arena, facts),
	};
	patch->funcs[0].pieces = COPY(arena, greet_pieces);
	patch->funcs[0].new_pieces = COPY(arena, greet_new_pieces);
	patch->funcs[2].pieces = COPY(arena, scale_pieces);
	for (size_t i = 0; i < patch->section_count; i++) {
		struct sut_patch_section *section = &patch->sections[i];

		section->relocs = sut_arena_memdup(arena, section->relocs,
						   section->reloc_count * sizeof(*section->relocs));
	}
	return patch;
}
