// SPDX-License-Identifier: GPL-2.0-or-later
/* A patch is the same as itself in any order, and no change of anything in it is missed. */
#include "review/compare.h"

#include "base/guard.h"
#include "base/tap.h"
#include "elf/patch-sample.h"

#include <elf.h>
#include <string.h>

/* As a reader has it, additions and all. NULL: no reader takes it. */
static struct sut_patch *read_back(struct sut_arena *arena, const struct sut_patch *patch)
{
	struct sut_patch *back = sut_arena_alloc(arena, sizeof(*back));
	struct sut_diag diag = {0};
	unsigned char *data;
	size_t size;

	if (sut_patch_write(arena, patch, &data, &size, &diag) ||
	    sut_patch_read(arena, data, size, back, &diag))
		return NULL;
	return back;
}

static bool is_same(struct sut_arena *arena, const struct sut_patch *file)
{
	struct sut_comparison comparison;

	sut_compare(arena, file, read_back(arena, sut_patch_sample(arena)), &comparison);
	return comparison.same;
}

/* Counts a change that is missed, if it leaves a file that can be read. */
static void check_noticed(struct sut_arena *arena, const struct sut_patch *changed,
			  const char *what, size_t number)
{
	struct sut_patch *file = read_back(arena, changed);

	if (!file || !is_same(arena, file))
		return;
	printf("# missed: %s %zu\n", what, number);
	sut_tap_failed = true;
}

/* Each way to change the sample, with its own arena. */
#define CHANGE(number, what, ...)                                                                  \
	do {                                                                                       \
		SUT_ARENA struct sut_arena arena_ = {0};                                           \
		struct sut_patch *p = sut_patch_sample(&arena_);                                   \
		__VA_ARGS__;                                                                       \
		check_noticed(&arena_, p, what, number);                                           \
	} while (0)

static unsigned char *bytes_of(struct sut_arena *arena, struct sut_patch_section *section)
{
	unsigned char *bytes = sut_arena_memdup(arena, section->data, section->size);

	section->data = bytes;
	return bytes;
}

static bool is_relocated(const struct sut_patch_section *section, size_t offset)
{
	for (size_t i = 0; i < section->reloc_count; i++)
		if (offset - section->relocs[i].offset <
		    (size_t)sut_patch_reloc_width(section->relocs[i].type))
			return true;
	return false;
}

static void a_patch_is_the_same_as_itself(void)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_comparison comparison;

	sut_compare(&arena, read_back(&arena, sut_patch_sample(&arena)),
		    read_back(&arena, sut_patch_sample(&arena)), &comparison);
	CHECK(comparison.same);
	CHECK_EQUAL(comparison.func_count, 4);
	CHECK_STRING(comparison.funcs[0].name, "greet");
	for (size_t i = 0; i < comparison.func_count; i++)
		CHECK_EQUAL(comparison.funcs[i].verdict, SUT_COMPARED_SAME);
}

static void order_does_not_matter(void)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_patch *p = sut_patch_sample(&arena);
	struct sut_patch_func first = p->funcs[0];
	struct sut_patch_section section = p->sections[SUT_SAMPLE_TEXT];

	p->funcs[0] = p->funcs[2];
	p->funcs[2] = first;
	p->sections[SUT_SAMPLE_TEXT] = p->sections[SUT_SAMPLE_BSS];
	p->sections[SUT_SAMPLE_BSS] = section;
	for (size_t i = 0; i < p->symbol_count; i++) {
		struct sut_patch_symbol *symbol = &p->symbols[i];

		if (symbol->kind != SUT_PATCH_SYMBOL_OWN)
			continue;
		if (symbol->section == SUT_SAMPLE_TEXT)
			symbol->section = SUT_SAMPLE_BSS;
		else if (symbol->section == SUT_SAMPLE_BSS)
			symbol->section = SUT_SAMPLE_TEXT;
	}
	CHECK(is_same(&arena, read_back(&arena, p)));
}

static void no_byte_is_missed(void)
{
	SUT_ARENA struct sut_arena arena = {0};
	const struct sut_patch *sample = sut_patch_sample(&arena);
	size_t count = 0;

	for (size_t i = 0; i < sample->section_count; i++)
		for (size_t k = 0; sample->sections[i].data && k < sample->sections[i].size; k++) {
			/* The relocation decides what will be there. */
			if (is_relocated(&sample->sections[i], k))
				continue;
			CHANGE(count, "byte", bytes_of(&arena_, &p->sections[i])[k] ^= 1);
			count++;
		}
	printf("# %zu bytes\n", count);
	CHECK(count > 500);
}

static void no_reference_is_missed(void)
{
	SUT_ARENA struct sut_arena arena = {0};
	const struct sut_patch *sample = sut_patch_sample(&arena);

	for (size_t i = 0; i < sample->section_count; i++)
		for (size_t k = 0; k < sample->sections[i].reloc_count; k++) {
			uint32_t symbol = sample->sections[i].relocs[k].symbol;

			CHANGE(k, sample->sections[i].name, p->sections[i].relocs[k].addend++);
			CHANGE(k, sample->sections[i].name,
			       p->sections[i].relocs[k].type = R_X86_64_32);
			for (uint32_t other = 0; other < sample->symbol_count; other++)
				if (other != symbol)
					CHANGE(k, sample->sections[i].name,
					       p->sections[i].relocs[k].symbol = other);
		}
}

static void no_symbol_is_missed(void)
{
	SUT_ARENA struct sut_arena arena = {0};
	const struct sut_patch *sample = sut_patch_sample(&arena);

	for (size_t i = 0; i < sample->symbol_count; i++) {
		bool pool = sample->symbols[i].kind == SUT_PATCH_SYMBOL_OWN &&
			    sample->symbols[i].section == SUT_SAMPLE_RODATA;

		CHANGE(i, "value of symbol", p->symbols[i].value++);
		if (pool)
			continue; /* Strings are compared, not what they are called. */
		CHANGE(i, "name of symbol", p->symbols[i].name = "another");
		CHANGE(i, "size of symbol", p->symbols[i].size++);
		CHANGE(i, "sympos of symbol", p->symbols[i].sympos++;
		       if (p->symbols[i].kind != SUT_PATCH_SYMBOL_TARGET) p->name = "x");
		CHANGE(i, "slot of symbol", p->symbols[i].slot++;
		       if (p->symbols[i].kind != SUT_PATCH_SYMBOL_IMPORT) p->name = "x");
	}
}

static void no_function_is_missed(void)
{
	for (size_t i = 0; i < 4; i++) {
		CHANGE(i, "name of function", p->funcs[i].name = "another");
		CHANGE(i, "source of function", p->funcs[i].source = "z.c:1");
		CHANGE(i, "jumps of function", p->funcs[i].new_jumps.anywhere ^= true);
		CHANGE(i, "jumps of function", p->funcs[i].old_jumps.elsewhere ^= true);
		CHANGE(i, "lost function", p->func_count--;
		       memmove(&p->funcs[i], &p->funcs[i + 1],
			       (p->func_count - i) * sizeof(*p->funcs)));
		for (size_t k = 0; k < (i == 0 ? 2 : i == 2); k++) {
			CHANGE(i, "address of piece", p->funcs[i].pieces[k].address++);
			CHANGE(i, "size of piece", p->funcs[i].pieces[k].size--);
			CHANGE(i, "hash of piece", p->funcs[i].pieces[k].sha256[31] ^= 1);
		}
	}
	CHANGE(0, "lost piece", p->funcs[0].piece_count--);
	CHANGE(0, "lost new piece", p->funcs[0].new_piece_count--);
}

static void no_section_is_missed(void)
{
	for (size_t i = 0; i < SUT_SAMPLE_SECTIONS; i++) {
		CHANGE(i, "name of section", p->sections[i].name = ".another");
		CHANGE(i, "flags of section", p->sections[i].flags ^= SHF_WRITE);
		if (i != SUT_SAMPLE_RODATA) /* each string has its own */
			CHANGE(i, "alignment of section", p->sections[i].align *= 2);
	}
}

static void nothing_else_is_missed(void)
{
	static const char *rules[] = {"data", "layout"}, *fixes[] = {"CVE-2024-0001"};

	CHANGE(0, "name", p->name = "x");
	CHANGE(0, "version", p->version = "2");
	CHANGE(0, "set", p->replace_set++);
	CHANGE(0, "replace", p->replace_set = 0; p->replace = true);
	CHANGE(0, "rule", p->allowed = rules; p->allowed_count = 2);
	CHANGE(0, "rule", p->allowed_count = 0);
	CHANGE(0, "fix", p->fixes = fixes; p->fix_count = 1);
	CHANGE(0, "object", p->objects[1].soname = "libother.so.1");
	CHANGE(0, "object", p->objects[0].name = "other");
	CHANGE(0, "build-id", p->objects[0].build_id[0] ^= 1);
	CHANGE(0, "states", p->additions.states_symbol = SUT_PATCH_NONE);
	CHANGE(0, "additions", p->additions.objects_symbol = SUT_PATCH_NONE);
}

static void a_difference_is_told_with_its_instruction(void)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_patch *p = sut_patch_sample(&arena);
	struct sut_comparison comparison;
	const struct sut_finding *finding;

	bytes_of(&arena, &p->sections[SUT_SAMPLE_HELPER])[1] = 0xc9;
	sut_compare(&arena, read_back(&arena, p), read_back(&arena, sut_patch_sample(&arena)),
		    &comparison);
	CHECK_EQUAL(comparison.funcs[1].verdict, SUT_COMPARED_DIFFERENT);
	CHECK_EQUAL(comparison.funcs[1].findings.count, 1);
	finding = &comparison.funcs[1].findings.list[0];
	CHECK_STRING(finding->subject, "instruction at .text.helper+0x0");
	CHECK_STRING(finding->file, "xor %ecx, %ecx  (31c9)");
	CHECK_STRING(finding->expected, "xor %eax, %eax  (31c0)");
}

static const struct sut_tap_test tests[] = {
	{"a patch is the same as itself", a_patch_is_the_same_as_itself},
	{"order does not matter", order_does_not_matter},
	{"no byte is missed", no_byte_is_missed},
	{"no reference is missed", no_reference_is_missed},
	{"no symbol is missed", no_symbol_is_missed},
	{"no function is missed", no_function_is_missed},
	{"no section is missed", no_section_is_missed},
	{"nothing else is missed", nothing_else_is_missed},
	{"a difference is told with its instruction", a_difference_is_told_with_its_instruction},
};

SUT_TAP_MAIN(tests)
