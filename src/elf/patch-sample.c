// SPDX-License-Identifier: GPL-2.0-or-later
#include "elf/patch-sample.h"

#include "base/guard.h"
#include "base/io.h"
#include "core/livepatch.h"

#include <elf.h>
#include <sodium.h>
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
	ABORT,
	OBJECTS,
	STATES,
	SETS,
	TYPES,
	TYPE,
	TAKE_NOTE,
	SHADOW_GET,
};

static const struct sut_patch_object objects[] = {
	{"greeter", "", true, 20,
	 "\x1f\x2e\x3d\x4c\x5b\x6a\x79\x88\x97\xa6\xb5\xc4\xd3\xe2\xf1\x00\x0f"
	 "\x1e\x2d\x3c"},
	{"libscale.so.1.2", "libscale.so.1", false, 8, "\xde\xad\xbe\xef\x00\x01\x02\x03"},
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

static const unsigned char strings[] = "hello\0libscale.so.1";

/* What the author added. main: callbacks, a set, a type; the library: a callback. */
static const struct klp_object object_data[3];
static const struct sut_patch_reloc object_relocs[] = {
	{offsetof(struct klp_object, callbacks.pre_patch), R_X86_64_64, HELPER, 0},
	{offsetof(struct klp_object, callbacks.post_unpatch), R_X86_64_64, TAKE_NOTE, 0},
	{offsetof(struct klp_object, sets), R_X86_64_64, SETS, 0},
	{offsetof(struct klp_object, shadow_types), R_X86_64_64, TYPES, 0},
	{sizeof(struct klp_object) + offsetof(struct klp_object, name), R_X86_64_64, STRING, 6},
	{sizeof(struct klp_object) + offsetof(struct klp_object, callbacks.post_patch), R_X86_64_64,
	 TAKE_NOTE, 0},
};
static const struct klp_callback_set set_data[] = {{.id = 7}, {.id = 0}};
static const struct sut_patch_reloc set_relocs[] = {
	{offsetof(struct klp_callback_set, callbacks.pre_unpatch), R_X86_64_64, TAKE_NOTE, 0},
};
static const struct klp_shadow_type type_data = {.id = 11};
static const struct sut_patch_reloc type_relocs[] = {
	{offsetof(struct klp_shadow_type, dtor), R_X86_64_64, TAKE_NOTE, 0},
};
static struct klp_shadow_type *const type_list_data[2];
static const struct sut_patch_reloc type_list_relocs[] = {{0, R_X86_64_64, TYPE, 0}};
static const struct klp_state state_data[] = {
	{.id = 3, .version = 2, .block_disable = true},
	{.id = 0},
};

static const unsigned char take_note_code[] = {
	0x50,                      /* 0 push %rax */
	0xe8, 0,    0,    0,    0, /* 1 call klp_shadow_get */
	0x31, 0xc0, 0x5a, 0xc3,    /* 6 xor %eax,%eax; pop %rdx; ret */
};
static const struct sut_patch_reloc take_note_relocs[] = {{2, R_X86_64_PLT32, SHADOW_GET, -4}};

#define TEXT         (SHF_ALLOC | SHF_EXECINSTR)
#define DATA         (SHF_ALLOC | SHF_WRITE)
#define RELOC(array) SUT_ARRAY_SIZE(array), (struct sut_patch_reloc *)(array)

static const struct sut_patch_section sections[] = {
	{".text.greet", 0, TEXT, 16, sizeof(greet_code), greet_code, RELOC(greet_relocs)},
	{".text.unlikely.greet", 0, TEXT, 1, sizeof(cold_code), cold_code, RELOC(cold_relocs)},
	{".text.helper", 0, TEXT, 16, sizeof(helper_code), helper_code, 0, NULL},
	{".text.scale", 1, TEXT, 16, sizeof(scale_code), scale_code, RELOC(scale_relocs)},
	{".rodata.str1.1", 0, SHF_ALLOC, 1, sizeof(strings), strings, 0, NULL},
	{".data.table", 0, DATA, 8, sizeof(table_data), table_data, RELOC(table_relocs)},
	{".bss.counter", 0, DATA, 4, 4, NULL, 0, NULL},
	{".data.rel.suture_objects", 0, DATA, 32, sizeof(object_data),
	 (const unsigned char *)object_data, RELOC(object_relocs)},
	{".data.rel.sets", 0, DATA, 32, sizeof(set_data), (const unsigned char *)set_data,
	 RELOC(set_relocs)},
	{".data.rel.types", 0, DATA, 16, sizeof(type_list_data),
	 (const unsigned char *)type_list_data, RELOC(type_list_relocs)},
	{".data.rel.ro.type", 0, DATA, 16, sizeof(type_data), (const unsigned char *)&type_data,
	 RELOC(type_relocs)},
	{".data.suture_states", 0, DATA, 32, sizeof(state_data), (const unsigned char *)state_data,
	 0, NULL},
	{".text.take_note", 0, TEXT, 16, sizeof(take_note_code), take_note_code,
	 RELOC(take_note_relocs)},
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
	[OBJECTS] = OWN("suture_objects", STT_OBJECT, OBJECTS, sizeof(object_data)),
	[STATES] = OWN("suture_states", STT_OBJECT, STATES, sizeof(state_data)),
	[SETS] = OWN("sets", STT_OBJECT, SETS, sizeof(set_data)),
	[TYPES] = OWN("types", STT_OBJECT, TYPES, sizeof(type_list_data)),
	[TYPE] = OWN("type", STT_OBJECT, TYPE, sizeof(type_data)),
	[TAKE_NOTE] = OWN("take_note", STT_FUNC, NOTE, sizeof(take_note_code)),
	[SHADOW_GET] = {"klp_shadow_get", SUT_PATCH_SYMBOL_RUNTIME, STT_FUNC, 0, 0, 0, 0, 0, 0},
};

static const struct sut_patch_piece greet_pieces[] = {
	{0x1140, 40, {0xaa, 1, 2, 3}},
	{0x1090, 9, {0xbb, 4, 5, 6}},
};
static const struct sut_patch_piece scale_pieces[] = {{0x1100, 8, {0xcc, 7, 8, 9}}};
static const unsigned char greet_entry[SUT_PATCH_ENTRY_SIZE] = {0x55, 0x48, 0x89, 0xe5, 0x31, 0xc0};
static const uint32_t greet_new_pieces[] = {GREET_COLD};
static const uint64_t greet_jumps[] = {0x1180}, scale_jumps[] = {0x1100, 0x1140};

static const struct sut_patch_func funcs[] = {
	{"greet",
	 SUT_PATCH_FUNC_CHANGED,
	 0,
	 GREET,
	 "src/greet.c:12",
	 2,
	 NULL,
	 1,
	 NULL,
	 {0},
	 {0},
	 NULL},
	{"helper",
	 SUT_PATCH_FUNC_NEW,
	 0,
	 HELPER,
	 "src/greet.c:4",
	 0,
	 NULL,
	 0,
	 NULL,
	 {0},
	 {0},
	 NULL},
	{"scale", SUT_PATCH_FUNC_CHANGED, 1, SCALE, "", 1, NULL, 0, NULL, {0}, {0}, NULL},
	{"take_note",
	 SUT_PATCH_FUNC_NEW,
	 0,
	 TAKE_NOTE,
	 "notes.c:9",
	 0,
	 NULL,
	 0,
	 NULL,
	 {0},
	 {0},
	 NULL},
};

static const char source_patch[] = "--- a/src/greet.c\n"
				   "+++ b/src/greet.c\n"
				   "@@ -14,3 +14,3 @@ void greet(void)\n"
				   " {\n"
				   "-\tputs(\"hullo\");\n"
				   "+\tputs(\"hello\");\n"
				   " \tlog_line();\n";
static const char notes_source[] = "#include <suture/livepatch.h>\n\f/* caf\xe9 */\n";

static const char *const fixes[] = {"CVE-2024-0001", "https://bugs.example.org/17"};
static const char *const allowed[] = {"data"};
static const struct sut_patch_fact facts[] = {
	{"compiler", "gcc (Debian 12.2.0-14) 12.2.0"},
	{"source-patch", "greet.patch"},
	{"source-patch-sha256", NULL},
	{"additions", "notes.c"},
	{"additions-sha256", NULL},
};

static void add_source(struct sut_arena *arena, struct sut_patch *patch, enum sut_patch_source kind,
		       const char *text, size_t size)
{
	const char *key = sut_arena_printf(arena, "%s-sha256", sut_patch_source_keys[kind]);
	unsigned char digest[SUT_SHA256_SIZE];
	char *hex = sut_arena_alloc(arena, 2 * sizeof(digest) + 1);

	crypto_hash_sha256(digest, (const unsigned char *)text, size);
	sut_hex(hex, digest, sizeof(digest));
	patch->sources[kind] = (struct sut_bytes){(const unsigned char *)text, size};
	for (size_t i = 0; i < patch->fact_count; i++)
		if (strcmp(patch->facts[i].key, key) == 0)
			patch->facts[i].value = hex;
}

#define COPY(arena, array) sut_arena_memdup(arena, array, sizeof(array))

struct sut_patch *sut_patch_sample(struct sut_arena *arena)
{
	struct sut_patch *patch = sut_arena_alloc(arena, sizeof(*patch));

	*patch = (struct sut_patch){
		.name = "greeting-overflow",
		.version = "1",
		.replace_set = 5,
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
		.additions = {.abi = SUT_LIVEPATCH_ABI,
			      .objects_symbol = OBJECTS,
			      .states_symbol = STATES},
	};
	patch->funcs[0].pieces = COPY(arena, greet_pieces);
	patch->funcs[0].entry = COPY(arena, greet_entry);
	patch->funcs[0].new_pieces = COPY(arena, greet_new_pieces);
	patch->funcs[0].old_jumps =
		(struct sut_patch_jumps){.count = 1, .targets = COPY(arena, greet_jumps)};
	patch->funcs[2].old_jumps.anywhere = true;
	patch->funcs[0].new_jumps.elsewhere = true;
	patch->funcs[2].new_jumps = (struct sut_patch_jumps){.count = 2,
							     .targets = COPY(arena, scale_jumps),
							     .anywhere = true};
	patch->funcs[2].pieces = COPY(arena, scale_pieces);
	for (size_t i = 0; i < patch->section_count; i++) {
		struct sut_patch_section *section = &patch->sections[i];

		section->relocs = sut_arena_memdup(arena, section->relocs,
						   section->reloc_count * sizeof(*section->relocs));
	}
	add_source(arena, patch, SUT_PATCH_SOURCE_PATCH, source_patch, sizeof(source_patch) - 1);
	add_source(arena, patch, SUT_PATCH_SOURCE_ADDITIONS, notes_source,
		   sizeof(notes_source) - 1);
	return patch;
}
