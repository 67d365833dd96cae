// SPDX-License-Identifier: GPL-2.0-or-later
#include "elf/patch-format.h"
#include "elf/patch-sample.h"

#include "base/guard.h"
#include "base/tap.h"

#include <string.h>

static void check_refused(struct sut_arena *arena, const struct sut_patch *patch,
			  const char *message)
{
	struct sut_diag diag = {0};
	unsigned char *data;
	size_t size;

	CHECK_EQUAL(sut_patch_check(arena, patch, &diag), SUT_INVALID);
	CHECK_STRING(diag.rule, "format");
	CHECK_STRING(diag.entry[0], message);
	/* The writer must not write it. */
	CHECK_EQUAL(sut_patch_write(arena, patch, &data, &size, &diag), SUT_BUG);
}

/* The sample with one thing changed is refused with this message. */
#define REFUSED(message, ...)                                                                      \
	do {                                                                                       \
		SUT_ARENA struct sut_arena arena_ = {0};                                           \
		struct sut_patch *p = sut_patch_sample(&arena_);                                   \
		__VA_ARGS__;                                                                       \
		check_refused(&arena_, p, message);                                                \
	} while (0)

static void the_sample_passes(void)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_diag diag = {0};

	CHECK_EQUAL(sut_patch_check(&arena, sut_patch_sample(&arena), &diag), SUT_OK);
	CHECK_STRING(diag.entry[0], "");
}

static void patch_names_are_words(void)
{
	char longest[SUT_PATCH_NAME_MAX + 2];

	memset(longest, 'a', sizeof(longest));
	longest[SUT_PATCH_NAME_MAX + 1] = '\0';
	CHECK(!sut_patch_name_valid(longest));
	longest[SUT_PATCH_NAME_MAX] = '\0';
	CHECK(sut_patch_name_valid(longest));
	CHECK(sut_patch_name_valid("CVE-2024-31228_fix.v2+deb12"));
	CHECK(!sut_patch_name_valid(""));
	CHECK(!sut_patch_name_valid(".."));
	CHECK(!sut_patch_name_valid("-rf"));
	CHECK(!sut_patch_name_valid("a/b"));
	CHECK(!sut_patch_name_valid("a b"));
	CHECK(sut_patch_version_valid("2:1.0~rc1-3"));
	REFUSED("name \"a/b\": not a patch name", p->name = "a/b");
	REFUSED("version \"\": not a version", p->version = "");
}

static void texts_have_no_control_characters(void)
{
	REFUSED("texts: more than 256 fixes, 64 rules or 4096 facts", p->fix_count = 257);
	REFUSED("fix 1: not a line of text", p->fixes[1] = "a\nb");
	REFUSED("fix 0: not a line of text", p->fixes[0] = "");
	REFUSED("fact \"compiler\": not a line of text", p->facts[0].value = "gcc\x1b[2J");
	REFUSED("fact \"compiler\": not a line of text", p->facts[0].value = "\xc2\x9b"
									     "2J");
	REFUSED("fact 0: its key is not a word", p->facts[0].key = "two words");
	REFUSED("allowed rule 0: not the name of a rule", p->allowed[0] = "");
	REFUSED("function greet: its source is not a line of text", p->funcs[0].source = "a\tb");
}

static void texts_are_utf8_and_do_not_turn_direction(void)
{
	REFUSED("fix 0: not a line of text", p->fixes[0] = "\xff");
	REFUSED("fix 0: not a line of text", p->fixes[0] = "\xc0\x80");         /* overlong */
	REFUSED("fix 0: not a line of text", p->fixes[0] = "\xed\xa0\x80");     /* surrogate */
	REFUSED("fix 0: not a line of text", p->fixes[0] = "\xf4\x90\x80\x80"); /* too large */
	REFUSED("fix 0: not a line of text", p->fixes[0] = "a\xe2\x80");        /* cut off */
	REFUSED("fix 0: not a line of text", p->fixes[0] = "a\xe2\x80\xae"
							   "b"); /* U+202E */
}

static void object_names_are_file_names(void)
{
	REFUSED("objects: 0 of them, not 1 to 1024", p->object_count = 0);
	REFUSED("object 0: its name is not a file name", p->objects[0].name = "");
	REFUSED("object 0: its name is not a file name", p->objects[0].name = "..");
	REFUSED("object 0: its name is not a file name", p->objects[0].name = "bin/sh");
	REFUSED("object 1: its name is not a file name", p->objects[1].soname = "a/b");
}

static void build_ids_are_present_and_differ(void)
{
	REFUSED("object greeter: a build-id of 0 bytes", p->objects[0].build_id_size = 0);
	REFUSED("object greeter: a build-id of 65 bytes", p->objects[0].build_id_size = 65);
	REFUSED("object libscale.so.1.2: has the build-id of greeter",
		memcpy(p->objects[1].build_id, p->objects[0].build_id, 20);
		p->objects[1].build_id_size = 20);
}

static void at_most_one_object_is_a_program(void)
{
	REFUSED("object libscale.so.1.2: a second program beside greeter",
		p->objects[1].executable = true);
}

static void sections_have_sane_names_flags_and_alignments(void)
{
	REFUSED("section 0: \"text\" is not a section name", p->sections[0].name = "text");
	REFUSED("section 0: \".a/b\" is not a section name", p->sections[0].name = ".a/b");
	REFUSED("section 0: \".a b\" is not a section name", p->sections[0].name = ".a b");
	REFUSED("section .text.greet: flags 0x4", p->sections[0].flags = SHF_EXECINSTR);
	REFUSED("section .text.greet: flags 0x402", p->sections[0].flags = SHF_ALLOC | SHF_TLS);
	REFUSED("section .text.greet: writable and executable", p->sections[0].flags |= SHF_WRITE);
	REFUSED("section .text.greet: alignment 0", p->sections[0].align = 0);
	REFUSED("section .text.greet: alignment 24", p->sections[0].align = 24);
	REFUSED("section .text.greet: alignment 8192", p->sections[0].align = 8192);
	REFUSED("section .text.greet: belongs to no object", p->sections[0].object = 2);
}

static void sections_are_not_too_large_in_sum(void)
{
	REFUSED("section .bss.counter: more than 67108864 bytes in all",
		p->sections[SUT_SAMPLE_BSS].size = SUT_PATCH_IMAGE_MAX);
	REFUSED("section .bss.counter: more than 67108864 bytes in all",
		p->sections[SUT_SAMPLE_BSS].size = UINT64_MAX);
}

static void relocations_lie_in_their_section_in_order(void)
{
	struct sut_patch_reloc stray = {0, R_X86_64_64, 0, 0};

	REFUSED("section .text.greet: relocation at 0x2a is beyond its end",
		p->sections[0].relocs[6].offset = 0x2a);
	REFUSED("section .text.greet: relocation at 0xffffffffffffffff is beyond its end",
		p->sections[0].relocs[6].offset = UINT64_MAX);
	REFUSED("section .data.table: relocation at 0x9 is beyond its end",
		p->sections[SUT_SAMPLE_DATA].relocs[1].offset = 9);
	REFUSED("section .text.greet: relocations out of order or overlapping at 0x7",
		p->sections[0].relocs[1].offset = 7);
	REFUSED("section .text.greet: relocations out of order or overlapping at 0x0",
		p->sections[0].relocs[1].offset = 0);
	REFUSED("section .text.greet: relocation type 99 at 0x4",
		p->sections[0].relocs[0].type = 99);
	REFUSED("section .text.greet: relocation at 0x4 names no symbol",
		p->sections[0].relocs[0].symbol = (uint32_t)p->symbol_count);
	REFUSED("section .bss.counter: zeros with relocations",
		p->sections[SUT_SAMPLE_BSS].relocs = &stray;
		p->sections[SUT_SAMPLE_BSS].reloc_count = 1);
}

static void a_relocation_may_end_where_its_section_ends(void)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_patch *patch = sut_patch_sample(&arena);
	struct sut_diag diag = {0};

	patch->sections[0].relocs[6].offset = patch->sections[0].size - 4;
	patch->sections[0].relocs[6].addend = INT64_MIN;
	CHECK_EQUAL(sut_patch_check(&arena, patch, &diag), SUT_OK);
}

static void symbols_lie_in_their_sections(void)
{
	REFUSED("symbol 0: in no section", p->symbols[0].section = SUT_SAMPLE_SECTIONS);
	REFUSED("symbol 0: not within section .text.greet", p->symbols[0].value = 46);
	REFUSED("symbol 0: not within section .text.greet", p->symbols[0].size = UINT64_MAX);
	REFUSED("symbol 0: greet has type 6", p->symbols[0].type = STT_TLS);
	REFUSED("symbol 0: greet has type 4", p->symbols[0].type = STT_FILE);
	REFUSED("symbol 0: \"\" is not a symbol name", p->symbols[0].name = "");
	REFUSED("symbol 0: \"a b\" is not a symbol name", p->symbols[0].name = "a b");
	REFUSED("symbol 7: greeted is of no object", p->symbols[7].object = 9);
	REFUSED("symbol 10: puts is of no object", p->symbols[10].object = 9);
	REFUSED("symbol 10: puts is imported and has a value", p->symbols[10].value = 1);
}

static void symbols_of_the_run_time_are_known(void)
{
	enum { LAST = 18 };

	REFUSED("symbol 18: klp_enable_patch is none of the run-time",
		p->symbols[LAST].name = "klp_enable_patch");
	REFUSED("symbol 18: klp_shadow_get is none of the run-time", p->symbols[LAST].value = 1);
	REFUSED("symbol 18: klp_shadow_get is none of the run-time", p->symbols[LAST].size = 1);
	REFUSED("symbol 18: klp_shadow_get has type 0", p->symbols[LAST].type = STT_NOTYPE);
	REFUSED("symbol 18: klp_shadow_get is of the run-time, and there is no abi",
		p->additions.abi = 0);
}

static void a_patch_replaces_all_or_a_set(void)
{
	REFUSED("replace_set 5: the patch replaces all others", p->replace = true);
}

static void sources_are_what_the_facts_name(void)
{
	static unsigned char large[SUT_PATCH_SOURCE_MAX + 1];

	REFUSED(".note.suture.additions: is not the text that fact \"additions-sha256\" names",
		p->sources[SUT_PATCH_SOURCE_ADDITIONS].size--);
	REFUSED(".note.suture.additions: is not the text that fact \"additions-sha256\" names",
		p->facts[4].key = "other");
	REFUSED(".note.suture.source-patch: longer than 8388608 bytes",
		p->sources[SUT_PATCH_SOURCE_PATCH] = (struct sut_bytes){large, sizeof(large)});
}

static void functions_have_code_in_their_object(void)
{
	REFUSED("function \"a/b\": not a function name", p->funcs[0].name = "a/b");
	REFUSED("function greet: of no object", p->funcs[0].object = 2);
	REFUSED("function greet: its code has no symbol", p->funcs[0].symbol = 99);
	REFUSED("function greet: its code is not in the patch", p->funcs[0].symbol = 7);
	REFUSED("function greet: section .data.table is not code of its object",
		p->funcs[0].symbol = 5);
	REFUSED("function greet: section .text.scale is not code of its object",
		p->funcs[0].symbol = 3);
	REFUSED("function greet: its code has no symbol", p->funcs[0].new_pieces[0] = 99);
	REFUSED("function greet: its code is empty", p->symbols[0].value = p->sections[0].size;
		p->symbols[0].size = 0);
}

static void pieces_are_sane_and_do_not_overlap(void)
{
	REFUSED("function greet: 0 old pieces do not fit its kind", p->funcs[0].piece_count = 0);
	REFUSED("function greet: 2 old pieces do not fit its kind",
		p->funcs[0].kind = SUT_PATCH_FUNC_NEW);
	REFUSED("function greet: a piece of 0 bytes at 0x1140", p->funcs[0].pieces[0].size = 0);
	REFUSED("function greet: a piece of 16777217 bytes at 0x1140",
		p->funcs[0].pieces[0].size = SUT_PATCH_PIECE_MAX + 1);
	REFUSED("function greet: a piece of 40 bytes at 0xfffffffffffffff0",
		p->funcs[0].pieces[0].address = (uint64_t)-16);
	REFUSED("function greet: its old code overlaps that of greet",
		p->funcs[0].pieces[1].address = 0x1138);
	REFUSED("function greet: its old code overlaps that of greet",
		p->funcs[0].pieces[1].address = 0x1140);
	REFUSED("function scale: its old code overlaps that of greet", p->funcs[2].object = 0;
		p->funcs[2].symbol = 2; p->funcs[2].pieces[0].address = 0x1167);
}

static const struct sut_tap_test tests[] = {
	{"the sample passes", the_sample_passes},
	{"patch names are words", patch_names_are_words},
	{"texts have no control characters", texts_have_no_control_characters},
	{"texts are UTF-8 and do not turn the direction", texts_are_utf8_and_do_not_turn_direction},
	{"object names are file names", object_names_are_file_names},
	{"build-ids are present and differ", build_ids_are_present_and_differ},
	{"at most one object is a program", at_most_one_object_is_a_program},
	{"sections have sane names, flags and alignments",
	 sections_have_sane_names_flags_and_alignments},
	{"sections are not too large in sum", sections_are_not_too_large_in_sum},
	{"relocations lie in their section, in order", relocations_lie_in_their_section_in_order},
	{"a relocation may end where its section ends",
	 a_relocation_may_end_where_its_section_ends},
	{"symbols lie in their sections", symbols_lie_in_their_sections},
	{"symbols of the run-time are known", symbols_of_the_run_time_are_known},
	{"a patch replaces all or a set", a_patch_replaces_all_or_a_set},
	{"sources are what the facts name", sources_are_what_the_facts_name},
	{"functions have code in their object", functions_have_code_in_their_object},
	{"pieces are sane and do not overlap", pieces_are_sane_and_do_not_overlap},
};

SUT_TAP_MAIN(tests)
