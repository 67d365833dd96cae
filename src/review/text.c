// SPDX-License-Identifier: GPL-2.0-or-later
/* Reviews as text and as JSON. */
#include "review/render.h"
#include "review/shown.h"

#include "base/guard.h"

#include <inttypes.h>
#include <string.h>

enum { CONTEXT = 3 /* rows around a change */, OFFSET_MAX = 16 };

struct view {
	FILE *file;
	bool color;
	struct sut_arena *arena;
	const struct sut_review *review;
};

#define BOLD  "1"
#define RED   "31"
#define GREEN "32"
#define CYAN  "36"

/* One line, which may hold anybody's text. style NULL: plain. */
__attribute__((format(printf, 3, 4))) static void put(const struct view *v, const char *style,
						      const char *fmt, ...)
{
	SUT_FREE char *text = NULL;
	const char *shown;
	va_list ap;
	int length;

	va_start(ap, fmt);
	length = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (length < 0)
		return;
	shown = sut_shown(v->arena, text, (size_t)length);
	if (v->color && style)
		fprintf(v->file, "\033[%sm%s\033[0m\n", style, shown);
	else
		fprintf(v->file, "%s\n", shown);
}

static void put_title(const struct view *v, const char *text)
{
	fputc('\n', v->file);
	put(v, BOLD, "%s", text);
}

static const char *mark_style(char mark)
{
	return mark == '-' ? RED : mark == '+' ? GREEN : NULL;
}

static void put_hunk(const struct view *v, const struct sut_hunk *hunk)
{
	put(v, CYAN, "%s %s", hunk->file, hunk->range);
	for (size_t i = 0; i < hunk->line_count; i++)
		put(v, mark_style(hunk->lines[i].mark), "%c%s", hunk->lines[i].mark,
		    hunk->lines[i].text);
}

/* The offset of a side's line, or blanks. */
static const char *offset_text(char *text, const struct sut_code *code, uint32_t line)
{
	text[0] = '\0';
	if (line != SUT_CODE_NONE && !code->lines[line].label)
		snprintf(text, OFFSET_MAX, "%" PRIx64, code->lines[line].offset);
	return text;
}

static void put_row(const struct view *v, const struct sut_review_func *func,
		    const struct sut_aligned *row)
{
	const struct sut_code_line *line = sut_review_line(func, row);
	char mark = sut_review_mark(row), old[OFFSET_MAX], new[OFFSET_MAX];

	put(v, mark_style(mark), "%c %5s %5s  %s%s", mark, offset_text(old, &func->old, row->old),
	    offset_text(new, &func->new, row->new), line->text, line->label ? ":" : "");
}

static void put_code(const struct view *v, const struct sut_review_func *func)
{
	size_t row = 0, end, before = 0;

	while (sut_review_stretch(func, CONTEXT, &row, &end)) {
		if (row > before)
			put(v, CYAN, "@@ %zu instructions as before @@", row - before);
		for (; row < end; row++)
			put_row(v, func, &func->rows[row]);
		before = end;
	}
	if (before < func->row_count)
		put(v, CYAN, "@@ %zu instructions as before @@", func->row_count - before);
}

static void put_func(const struct view *v, const struct sut_review_func *func)
{
	bool new = func->func->kind == SUT_PATCH_FUNC_NEW;

	put_title(v, sut_arena_printf(v->arena,
				      "%s function %s in %s%s%s: %zu instructions go, %zu come",
				      new ? "new" : "changed", func->func->name, func->object->name,
				      *func->func->source ? ", " : "", func->func->source,
				      func->removed, func->added));
	if (*sut_review_hunk_text(v->review, func))
		put(v, NULL, "%s", sut_review_hunk_text(v->review, func));
	for (size_t i = 0; i < func->hunk_count; i++)
		put_hunk(v, func->hunks[i]);
	put(v, CYAN, "%s", sut_review_old_text(v->arena, v->review, func));
	if (func->too_long)
		put(v, NULL, "It has too many instructions to be shown.");
	put_code(v, func);
}

static void put_elsewhere(const struct view *v)
{
	bool any = false;

	for (size_t i = 0; i < v->review->hunks.count; i++) {
		if (v->review->hunks.list[i].taken)
			continue;
		if (!any)
			put_title(v, "hunks that are in none of these functions");
		any = true;
		put_hunk(v, &v->review->hunks.list[i]);
	}
}

static void put_written(const struct view *v)
{
	const char **lines;
	size_t count = sut_review_written(v->arena, v->review->patch, &lines);

	if (count)
		put_title(v, sut_arena_printf(
				     v->arena, "written by hand: %s",
				     sut_patch_fact(
					     v->review->patch,
					     sut_patch_source_keys[SUT_PATCH_SOURCE_ADDITIONS])));
	for (size_t i = 0; i < count; i++)
		put(v, NULL, " %s", lines[i]);
}

void sut_review_text(FILE *file, const struct sut_review *review, bool color)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct view v = {file, color, &arena, review};

	for (size_t i = 0; i < review->func_count; i++)
		put_func(&v, &review->funcs[i]);
	put_elsewhere(&v);
	put_written(&v);
}

/* ---- JSON ---- */

static void out_hunk(struct sut_out *out, const struct sut_hunk *hunk)
{
	sut_out_object(out, NULL);
	sut_out_string(out, "file", hunk->file);
	sut_out_string(out, "range", hunk->range);
	sut_out_array(out, "lines");
	for (size_t i = 0; i < hunk->line_count; i++)
		sut_out_format(out, NULL, "%c%s", hunk->lines[i].mark, hunk->lines[i].text);
	sut_out_end(out);
	sut_out_end(out);
}

static void out_row(struct sut_out *out, const struct sut_review_func *func,
		    const struct sut_aligned *row)
{
	const struct sut_code_line *line = sut_review_line(func, row);

	sut_out_object(out, NULL);
	sut_out_format(out, "mark", "%c", sut_review_mark(row));
	sut_out_unsigned(out, "piece", line->piece);
	if (row->old != SUT_CODE_NONE)
		sut_out_address(out, "old", func->old.lines[row->old].offset);
	if (row->new != SUT_CODE_NONE)
		sut_out_address(out, "new", func->new.lines[row->new].offset);
	sut_out_string(out, "text", line->text);
	sut_out_end(out);
}

static void out_func(struct sut_out *out, const struct sut_review_func *func)
{
	static const char *const states[] = {"none", "shown", "not-found", "other-bytes"};

	sut_out_object(out, NULL);
	sut_out_string(out, "name", func->func->name);
	sut_out_string(out, "object", func->object->name);
	sut_out_string(out, "old_code", states[func->old_code]);
	sut_out_unsigned(out, "removed", func->removed);
	sut_out_unsigned(out, "added", func->added);
	sut_out_bool(out, "hunks_borrowed", func->borrowed);
	sut_out_array(out, "hunks");
	for (size_t i = 0; i < func->hunk_count; i++)
		out_hunk(out, func->hunks[i]);
	sut_out_end(out);
	sut_out_array(out, "code");
	for (size_t i = 0; i < func->row_count; i++)
		out_row(out, func, &func->rows[i]);
	sut_out_end(out);
	sut_out_end(out);
}

void sut_review_out(struct sut_out *out, const struct sut_review *review)
{
	sut_out_array(out, "review");
	for (size_t i = 0; i < review->func_count; i++)
		out_func(out, &review->funcs[i]);
	sut_out_end(out);
	sut_out_array(out, "hunks_elsewhere");
	for (size_t i = 0; i < review->hunks.count; i++)
		if (!review->hunks.list[i].taken)
			out_hunk(out, &review->hunks.list[i]);
	sut_out_end(out);
}
