// SPDX-License-Identifier: GPL-2.0-or-later
#include "review/review.h"
#include "review/shown.h"

#include <inttypes.h>
#include <sodium.h>
#include <string.h>

static enum sut_old_code check_old(const struct sut_target *target,
				   const struct sut_patch_func *func)
{
	if (!func->piece_count)
		return SUT_OLD_NONE;
	if (!target)
		return SUT_OLD_ABSENT;
	for (size_t i = 0; i < func->piece_count; i++) {
		const struct sut_patch_piece *piece = &func->pieces[i];
		const unsigned char *bytes = sut_target_bytes(target, piece->address, piece->size);
		unsigned char digest[SUT_SHA256_SIZE];

		if (!bytes)
			return SUT_OLD_ANOTHER;
		crypto_hash_sha256(digest, bytes, piece->size);
		if (memcmp(digest, piece->sha256, sizeof(digest)) != 0)
			return SUT_OLD_ANOTHER;
	}
	return SUT_OLD_SHOWN;
}

static void take_hunks(struct sut_arena *arena, struct sut_review *review,
		       struct sut_review_func *result)
{
	size_t capacity = 0;

	for (size_t i = 0; i < review->hunks.count; i++) {
		struct sut_hunk *hunk = &review->hunks.list[i];

		if (!sut_hunk_is_of(hunk, review->patch, result->func))
			continue;
		hunk->taken = true;
		SUT_PUSH(arena, result->hunks, result->hunk_count, capacity) = hunk;
	}
}

/*
 * A function that changes without a hunk of its own changes with what the compiler puts into it:
 * the hunks of its file that no function of the patch has are shown with it.
 */
static void borrow_hunks(struct sut_arena *arena, struct sut_review *review)
{
	for (size_t i = 0; i < review->func_count; i++) {
		struct sut_review_func *func = &review->funcs[i];
		size_t capacity = 0;

		if (func->hunk_count || func->func->kind != SUT_PATCH_FUNC_CHANGED)
			continue;
		for (size_t k = 0; k < review->hunks.count; k++)
			if (!review->hunks.list[k].taken &&
			    sut_hunk_same_file(&review->hunks.list[k], func->func))
				SUT_PUSH(arena, func->hunks, func->hunk_count, capacity) =
					&review->hunks.list[k];
		func->borrowed = func->hunk_count > 0;
	}
}

static void review_func(struct sut_arena *arena, struct sut_review *review,
			struct sut_names *const *names, struct sut_review_func *result)
{
	const struct sut_patch_func *func = result->func;

	result->object = &review->patch->objects[func->object];
	result->old_code = check_old(review->targets[func->object], func);
	result->new = sut_code_new(arena, review->patch, func);
	if (result->old_code == SUT_OLD_SHOWN) {
		result->old = sut_code_old(arena, names[func->object],
					   review->targets[func->object], review->patch, func);
		result->too_long = !result->old.count;
	}
	result->too_long |= !result->new.count;
	if (result->too_long)
		result->old = result->new = (struct sut_code){0};
	result->row_count = sut_align(arena, &result->old, &result->new, &result->rows);
	for (size_t i = 0; i < result->row_count; i++) {
		result->removed += sut_review_mark(&result->rows[i]) == '-';
		result->added += sut_review_mark(&result->rows[i]) == '+';
	}
	take_hunks(arena, review, result);
}

enum sut_rc sut_review_make(struct sut_arena *arena, const struct sut_patch *patch,
			    const struct sut_find *find, struct sut_review *review,
			    struct sut_diag *diag)
{
	struct sut_names **names = sut_arena_array(arena, patch->object_count, sizeof(*names));
	enum sut_rc rc;

	*review = (struct sut_review){.patch = patch, .func_count = patch->func_count};
	review->targets = sut_arena_array(arena, patch->object_count, sizeof(*review->targets));
	review->funcs = sut_arena_array(arena, patch->func_count, sizeof(*review->funcs));
	rc = sut_hunk_list_read(arena, patch, &review->hunks, diag);
	for (uint32_t i = 0; i < patch->object_count && rc == SUT_OK; i++) {
		rc = sut_find_target(arena, find, &patch->objects[i], &review->targets[i], diag);
		if (rc == SUT_OK && review->targets[i])
			names[i] = sut_names_new(arena, review->targets[i], patch, i);
	}
	for (size_t i = 0; i < patch->func_count && rc == SUT_OK; i++) {
		review->funcs[i].func = &patch->funcs[i];
		review_func(arena, review, names, &review->funcs[i]);
	}
	if (rc == SUT_OK)
		borrow_hunks(arena, review);
	return rc;
}

char sut_review_mark(const struct sut_aligned *row)
{
	if (row->old == SUT_CODE_NONE)
		return '+';
	return row->new == SUT_CODE_NONE ? '-' : ' ';
}

const struct sut_code_line *sut_review_line(const struct sut_review_func *func,
					    const struct sut_aligned *row)
{
	return row->new == SUT_CODE_NONE ? &func->old.lines[row->old] : &func->new.lines[row->new];
}

bool sut_review_stretch(const struct sut_review_func *func, size_t context, size_t *row,
			size_t *end)
{
	size_t first = *row, last;

	while (first < func->row_count && sut_review_mark(&func->rows[first]) == ' ')
		first++;
	if (first == func->row_count)
		return false;
	last = first;
	for (size_t i = first; i < func->row_count && i - last <= 2 * context; i++)
		if (sut_review_mark(&func->rows[i]) != ' ')
			last = i;
	*row = first - *row > context ? first - context : *row;
	*end = last + 1 + context < func->row_count ? last + 1 + context : func->row_count;
	return true;
}

const char *sut_review_old_text(struct sut_arena *arena, const struct sut_review *review,
				const struct sut_review_func *func)
{
	switch (func->old_code) {
	case SUT_OLD_NONE:
		return "there is no old code: the function is new";
	case SUT_OLD_SHOWN:
		return sut_arena_printf(arena, "%" PRIu64 " bytes at 0x%" PRIx64 " of %s",
					func->func->pieces[0].size, func->func->pieces[0].address,
					review->targets[func->func->object]->path);
	case SUT_OLD_ABSENT:
		return sut_arena_printf(arena,
					"no file with the build-id of %s was found, so the old "
					"code is not shown; name it with --target",
					func->object->name);
	case SUT_OLD_ANOTHER:
		return sut_arena_printf(arena,
					"%s has not the bytes that the patch replaces: it would "
					"be refused there",
					review->targets[func->func->object]->path);
	}
	return "";
}

static bool is_written(const struct sut_patch *patch, const char *source)
{
	const char *name = sut_patch_fact(patch, sut_patch_source_keys[SUT_PATCH_SOURCE_ADDITIONS]);
	const char *slash = strrchr(source, '/');
	size_t length;

	if (!name)
		return false;
	length = strlen(name);
	source = slash ? slash + 1 : source;
	return strncmp(source, name, length) == 0 && source[length] == ':';
}

const char *sut_review_hunk_text(const struct sut_review *review,
				 const struct sut_review_func *func)
{
	if (func->borrowed)
		return "It changes with what the compiler puts into it. These hunks of its file "
		       "are in "
		       "no function of the patch:";
	if (func->hunk_count)
		return "";
	if (is_written(review->patch, func->func->source))
		return "It is of the part that the author wrote by hand.";
	if (!review->hunks.count)
		return "The source patch is not in the file.";
	if (func->func->kind == SUT_PATCH_FUNC_NEW)
		return "No hunk of the source patch is in this function: it is code of the program "
		       "that the compiler makes a function of now.";
	return "No hunk of the source patch is in this function: it changes with what the compiler "
	       "puts into it.";
}

size_t sut_review_written(struct sut_arena *arena, const struct sut_patch *patch,
			  const char ***lines)
{
	const struct sut_bytes *text = &patch->sources[SUT_PATCH_SOURCE_ADDITIONS];
	const unsigned char *at = text->data, *end = at ? at + text->size : at;
	size_t count = 0, capacity = 0;

	*lines = NULL;
	while (at < end) {
		const unsigned char *newline = memchr(at, '\n', (size_t)(end - at));
		const unsigned char *stop = newline ? newline : end;

		SUT_PUSH(arena, *lines, count, capacity) =
			sut_shown(arena, at, (size_t)(stop - at));
		at = newline ? newline + 1 : end;
	}
	return count;
}
