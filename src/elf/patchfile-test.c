// SPDX-License-Identifier: GPL-2.0-or-later
#include "elf/patchfile.h"

#include "base/guard.h"
#include "base/tap.h"
#include "elf/patch-format.h"
#include "elf/patch-sample.h"

#include <string.h>

struct file {
	struct sut_arena arena;
	unsigned char *data;
	size_t size;
};

/* The sample's file; its arena is the caller's to release. */
static struct file sample_file(void)
{
	struct file file = {0};
	struct sut_diag diag = {0};

	CHECK_EQUAL(sut_patch_write(&file.arena, sut_patch_sample(&file.arena), &file.data,
				    &file.size, &diag),
		    SUT_OK);
	CHECK_STRING(diag.entry[0], "");
	return file;
}

static void check_same_sections(const struct sut_patch *a, const struct sut_patch *b)
{
	CHECK_EQUAL(a->section_count, b->section_count);
	for (size_t i = 0; i < a->section_count; i++) {
		const struct sut_patch_section *left = &a->sections[i], *right = &b->sections[i];

		CHECK_STRING(left->name, right->name);
		CHECK_EQUAL(left->object, right->object);
		CHECK_EQUAL(left->flags, right->flags);
		CHECK_EQUAL(left->align, right->align);
		CHECK_EQUAL(left->size, right->size);
		CHECK_EQUAL(!left->data, !right->data);
		CHECK(!left->data || memcmp(left->data, right->data, left->size) == 0);
		CHECK_EQUAL(left->reloc_count, right->reloc_count);
		for (size_t k = 0; k < left->reloc_count; k++) {
			CHECK_EQUAL(left->relocs[k].offset, right->relocs[k].offset);
			CHECK_EQUAL(left->relocs[k].type, right->relocs[k].type);
			CHECK_EQUAL(left->relocs[k].symbol, right->relocs[k].symbol);
			CHECK_EQUAL(left->relocs[k].addend, right->relocs[k].addend);
		}
	}
}

static void check_same_symbols(const struct sut_patch *a, const struct sut_patch *b)
{
	CHECK_EQUAL(a->symbol_count, b->symbol_count);
	for (size_t i = 0; i < a->symbol_count; i++) {
		const struct sut_patch_symbol *left = &a->symbols[i], *right = &b->symbols[i];

		CHECK_STRING(left->name, right->name);
		CHECK_EQUAL(left->kind, right->kind);
		CHECK_EQUAL(left->type, right->type);
		CHECK_EQUAL(left->section, right->section);
		CHECK_EQUAL(left->object, right->object);
		CHECK_EQUAL(left->sympos, right->sympos);
		CHECK_EQUAL(left->value, right->value);
		CHECK_EQUAL(left->size, right->size);
		CHECK_EQUAL(left->slot, right->slot);
	}
}

static void check_same_jumps(const struct sut_patch_jumps *a, const struct sut_patch_jumps *b)
{
	CHECK_EQUAL(a->anywhere, b->anywhere);
	CHECK_EQUAL(a->elsewhere, b->elsewhere);
	CHECK_EQUAL(a->count, b->count);
	for (size_t i = 0; i < a->count; i++)
		CHECK_EQUAL(a->targets[i], b->targets[i]);
}

static void check_same_funcs(const struct sut_patch *a, const struct sut_patch *b)
{
	CHECK_EQUAL(a->func_count, b->func_count);
	for (size_t i = 0; i < a->func_count; i++) {
		const struct sut_patch_func *left = &a->funcs[i], *right = &b->funcs[i];

		CHECK_STRING(left->name, right->name);
		CHECK_EQUAL(left->kind, right->kind);
		CHECK_EQUAL(left->object, right->object);
		CHECK_EQUAL(left->symbol, right->symbol);
		CHECK_STRING(left->source, right->source);
		CHECK_EQUAL(left->piece_count, right->piece_count);
		CHECK(!left->piece_count || memcmp(left->pieces, right->pieces,
						   left->piece_count * sizeof(*left->pieces)) == 0);
		CHECK_EQUAL(left->new_piece_count, right->new_piece_count);
		for (size_t k = 0; k < left->new_piece_count; k++)
			CHECK_EQUAL(left->new_pieces[k], right->new_pieces[k]);
		check_same_jumps(&left->old_jumps, &right->old_jumps);
		check_same_jumps(&left->new_jumps, &right->new_jumps);
	}
}

static void check_same_texts(const struct sut_patch *a, const struct sut_patch *b)
{
	CHECK_STRING(a->name, b->name);
	CHECK_STRING(a->version, b->version);
	CHECK_EQUAL(a->replace, b->replace);
	CHECK_EQUAL(a->replace_set, b->replace_set);
	CHECK_EQUAL(a->fix_count, b->fix_count);
	for (size_t i = 0; i < a->fix_count; i++)
		CHECK_STRING(a->fixes[i], b->fixes[i]);
	CHECK_EQUAL(a->object_count, b->object_count);
	for (size_t i = 0; i < a->object_count; i++) {
		CHECK_STRING(a->objects[i].name, b->objects[i].name);
		CHECK_STRING(a->objects[i].soname, b->objects[i].soname);
		CHECK_EQUAL(a->objects[i].executable, b->objects[i].executable);
		CHECK_EQUAL(a->objects[i].build_id_size, b->objects[i].build_id_size);
		CHECK(memcmp(a->objects[i].build_id, b->objects[i].build_id,
			     SUT_PATCH_BUILD_ID_MAX) == 0);
	}
	CHECK_EQUAL(a->allowed_count, b->allowed_count);
	for (size_t i = 0; i < a->allowed_count; i++)
		CHECK_STRING(a->allowed[i], b->allowed[i]);
	CHECK_EQUAL(a->fact_count, b->fact_count);
	for (size_t i = 0; i < a->fact_count; i++) {
		CHECK_STRING(a->facts[i].key, b->facts[i].key);
		CHECK_STRING(a->facts[i].value, b->facts[i].value);
	}
	for (size_t i = 0; i < SUT_PATCH_SOURCES; i++) {
		CHECK_EQUAL(a->sources[i].size, b->sources[i].size);
		CHECK(memcmp(a->sources[i].data, b->sources[i].data, a->sources[i].size) == 0);
	}
}

static void what_is_written_is_read_back(void)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct file file = sample_file();
	struct sut_patch *patch = sut_patch_sample(&arena), back = {0};
	struct sut_diag diag = {0};

	CHECK_EQUAL(sut_patch_read(&arena, file.data, file.size, &back, &diag), SUT_OK);
	CHECK_STRING(diag.entry[0], "");
	check_same_texts(&back, patch);
	check_same_sections(&back, patch);
	check_same_symbols(&back, patch);
	check_same_funcs(&back, patch);
	CHECK_EQUAL(back.additions.abi, patch->additions.abi);
	CHECK_EQUAL(back.additions.objects_symbol, patch->additions.objects_symbol);
	CHECK_EQUAL(back.additions.states_symbol, patch->additions.states_symbol);
	CHECK_EQUAL(back.additions.count, 2);
	CHECK_EQUAL(back.additions.state_count, 1);
	sut_arena_deinit(&file.arena);
}

static void the_same_content_gives_the_same_bytes(void)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct file first = sample_file(), second = {0};
	struct sut_patch back;
	struct sut_diag diag = {0};

	/* Other addresses, other neighbours, and content that went through the reader. */
	sut_arena_alloc(&second.arena, 12345);
	CHECK_EQUAL(sut_patch_read(&arena, first.data, first.size, &back, &diag), SUT_OK);
	CHECK_EQUAL(sut_patch_write(&second.arena, &back, &second.data, &second.size, &diag),
		    SUT_OK);
	CHECK_EQUAL(first.size, second.size);
	CHECK(memcmp(first.data, second.data, first.size) == 0);
	sut_arena_deinit(&first.arena);
	sut_arena_deinit(&second.arena);
}

static void an_empty_patch_of_one_object_is_a_file_too(void)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_patch *patch = sut_patch_sample(&arena);
	const struct sut_patch small = {
		.name = "x", .version = "1", .objects = patch->objects, .object_count = 1};
	struct sut_patch back;
	struct sut_diag diag = {0};
	unsigned char *data;
	size_t size;

	CHECK_EQUAL(sut_patch_write(&arena, &small, &data, &size, &diag), SUT_OK);
	CHECK_EQUAL(sut_patch_read(&arena, data, size, &back, &diag), SUT_OK);
	CHECK_EQUAL(back.section_count + back.symbol_count + back.func_count, 0);
}

static void every_flipped_bit_is_noticed(void)
{
	struct file file = sample_file();
	unsigned int accepted = 0, other = 0;

	for (size_t bit = 0; bit < file.size * 8; bit++) {
		SUT_ARENA struct sut_arena arena = {0};
		struct sut_patch patch;
		struct sut_diag diag = {0};
		enum sut_rc rc;

		file.data[bit / 8] ^= (unsigned char)(1u << bit % 8);
		rc = sut_patch_read(&arena, file.data, file.size, &patch, &diag);
		file.data[bit / 8] ^= (unsigned char)(1u << bit % 8);
		accepted += rc == SUT_OK;
		other += rc != SUT_INVALID || strcmp(diag.rule, "format") != 0;
	}
	printf("# %zu bits\n", file.size * 8);
	CHECK_EQUAL(accepted, 0);
	CHECK_EQUAL(other, 0);
	sut_arena_deinit(&file.arena);
}

static void every_truncation_is_noticed(void)
{
	struct file file = sample_file();

	for (size_t size = 0; size < file.size; size++) {
		SUT_ARENA struct sut_arena arena = {0};
		struct sut_patch patch;
		struct sut_diag diag = {0};
		/* A copy of exactly this size, so that a sanitizer sees what lies behind it. */
		SUT_FREE unsigned char *copy = malloc(size ? size : 1);

		memcpy(copy, file.data, size);
		CHECK_EQUAL(sut_patch_read(&arena, copy, size, &patch, &diag), SUT_INVALID);
		CHECK_EQUAL(sut_patch_parse(&arena, copy, size, &patch, &diag), SUT_INVALID);
	}
	sut_arena_deinit(&file.arena);
}

static void a_damaged_file_is_called_damaged(void)
{
	struct file file = sample_file();
	struct sut_patch patch;
	struct sut_diag diag = {0};

	file.data[file.size - 1] ^= 0x80;
	CHECK_EQUAL(sut_patch_read(&file.arena, file.data, file.size, &patch, &diag), SUT_INVALID);
	CHECK_STRING(diag.entry[0], "file: damaged, its content does not match its digest");
	CHECK(diag.remedy[0]);
	sut_arena_deinit(&file.arena);
}

static void another_file_is_not_called_damaged(void)
{
	static const char text[] = "#!/bin/sh\nThis is a script, and of some length, so that the "
				   "reader finds a digest where it looks for one, but no patch.\n";
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_patch patch;
	struct sut_diag diag = {0};

	CHECK_EQUAL(sut_patch_read(&arena, text, sizeof(text), &patch, &diag), SUT_INVALID);
	CHECK_STRING(diag.entry[0], "file: not a patch file");
	CHECK_EQUAL(sut_patch_load(&arena, "/proc/self/exe", &patch, &diag), SUT_INVALID);
	CHECK_STRING(diag.entry[0], "/proc/self/exe: file: not a patch file");
	CHECK_EQUAL(sut_patch_load(&arena, "/nonexistent/x.sut", &patch, &diag), SUT_GONE);
}

static const struct sut_tap_test tests[] = {
	{"what is written is read back", what_is_written_is_read_back},
	{"the same content gives the same bytes", the_same_content_gives_the_same_bytes},
	{"an empty patch of one object is a file, too", an_empty_patch_of_one_object_is_a_file_too},
	{"every flipped bit is noticed", every_flipped_bit_is_noticed},
	{"every truncation is noticed", every_truncation_is_noticed},
	{"a damaged file is called damaged", a_damaged_file_is_called_damaged},
	{"another file is not called damaged", another_file_is_not_called_damaged},
};

SUT_TAP_MAIN(tests)
