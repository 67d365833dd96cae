// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A review as one HTML page. Every text goes through put_text(), for names, strings and the source
 * patch come from whoever made the file; and the page itself forbids whatever is not its own style.
 */
#include "review/page.h"
#include "review/listing.h"
#include "review/render.h"
#include "review/shown.h"

#include "base/guard.h"
#include "base/io.h"

#include <elf.h>
#include <inttypes.h>
#include <string.h>

enum { CONTEXT = 4 /* rows around a change */ };

extern const unsigned char sut_page_style[];
extern const unsigned long sut_page_style_size;

/* ---- texts ---- */

static void put_text(const struct sut_page *v, const char *text)
{
	for (const char *s = sut_shown(v->arena, text, strlen(text)); *s; s++) {
		switch (*s) {
		case '&':
			fputs("&amp;", v->file);
			break;
		case '<':
			fputs("&lt;", v->file);
			break;
		case '>':
			fputs("&gt;", v->file);
			break;
		case '"':
			fputs("&quot;", v->file);
			break;
		case '\'':
			fputs("&#39;", v->file);
			break;
		default:
			fputc(*s, v->file);
		}
	}
}

/* Markup of ours around a text of anybody's. */
void sut_page_put(const struct sut_page *v, const char *before, const char *after, const char *fmt,
		  ...)
{
	SUT_FREE char *text = NULL;
	va_list ap;
	int length;

	va_start(ap, fmt);
	length = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (length < 0)
		return;
	fputs(before, v->file);
	put_text(v, text);
	fputs(after, v->file);
}

void sut_page_markup(const struct sut_page *v, const char *text)
{
	fputs(text, v->file);
}

void sut_page_begin(const struct sut_page *v, const char *title, const char *const *columns)
{
	sut_page_put(v, "<h2>", "</h2>\n<div class=\"scroll\"><table class=\"list\">\n<tr>", "%s",
		     title);
	for (; *columns; columns++)
		sut_page_put(v, **columns == '#' ? "<th class=\"number\">" : "<th>", "</th>", "%s",
			     *columns + (**columns == '#'));
	sut_page_markup(v, "</tr>\n");
}

void sut_page_end(const struct sut_page *v)
{
	sut_page_markup(v, "</table></div>\n");
}

/* ---- the top ---- */

static size_t count_funcs(const struct sut_patch *patch, enum sut_patch_func_kind kind)
{
	size_t count = 0;

	for (size_t i = 0; i < patch->func_count; i++)
		count += patch->funcs[i].kind == kind;
	return count;
}

static void put_lead(const struct sut_page *v)
{
	const struct sut_patch *patch = v->patch;

	sut_page_put(v, "<h1>", "</h1>\n", "%s", patch->name);
	sut_page_put(v, "<p class=\"lead\">", "", "version %s · %zu changed and %zu new functions",
		     patch->version, count_funcs(patch, SUT_PATCH_FUNC_CHANGED),
		     count_funcs(patch, SUT_PATCH_FUNC_NEW));
	for (size_t i = 0; i < patch->fix_count; i++)
		sut_page_put(v, i ? ", " : " · fixes ", "", "%s", patch->fixes[i]);
	if (patch->replace)
		sut_page_markup(v, " · replaces all patches in use");
	else if (patch->replace_set)
		sut_page_put(v, " · ", "", "replaces the patches of set %" PRIu32,
			     patch->replace_set);
	sut_page_markup(v, patch->allowed_count ? "</p>\n" : " · no refusal was overruled</p>\n");
	for (size_t i = 0; i < patch->allowed_count; i++)
		sut_page_put(v, "<p class=\"warning\">Made in spite of a refusal: <code>",
			     "</code></p>\n", "%s", patch->allowed[i]);
	for (size_t i = 0; i < v->review->func_count; i++)
		if (v->review->funcs[i].old_code == SUT_OLD_ANOTHER)
			sut_page_put(v, "<p class=\"warning\">", "</p>\n", "%s: %s",
				     v->review->funcs[i].func->name,
				     sut_review_old_text(v->arena, v->review,
							 &v->review->funcs[i]));
}

static uint64_t new_size(const struct sut_page *v, const struct sut_patch_func *func)
{
	struct sut_extent extent = sut_extent_of(v->patch, func->symbol);
	uint64_t size = extent.end - extent.start;

	for (size_t i = 0; i < func->new_piece_count; i++) {
		extent = sut_extent_of(v->patch, func->new_pieces[i]);
		size += extent.end - extent.start;
	}
	return size;
}

static uint64_t old_size(const struct sut_patch_func *func)
{
	uint64_t size = 0;

	for (size_t i = 0; i < func->piece_count; i++)
		size += func->pieces[i].size;
	return size;
}

static void put_summary(const struct sut_page *v)
{
	static const char *const columns[] = {"Function",   "",           "Object",        "Source",
					      "#old bytes", "#new bytes", "#instructions", NULL};

	sut_page_begin(v, "Functions", columns);
	for (size_t i = 0; i < v->review->func_count; i++) {
		const struct sut_review_func *func = &v->review->funcs[i];

		fprintf(v->file, "<tr><td><a class=\"mono\" href=\"#f%zu\">", i);
		sut_page_put(v, "", "</a></td>", "%s", func->func->name);
		sut_page_put(v, "<td>", "</td>", "%s",
			     func->func->kind == SUT_PATCH_FUNC_NEW ? "new" : "changed");
		sut_page_put(v, "<td>", "</td>", "%s", func->object->name);
		sut_page_put(v, "<td class=\"mono\">", "</td>", "%s", func->func->source);
		sut_page_put(v, "<td class=\"number\">", "</td>", "%" PRIu64, old_size(func->func));
		sut_page_put(v, "<td class=\"number\">", "</td>", "%" PRIu64,
			     new_size(v, func->func));
		fprintf(v->file,
			"<td class=\"number\"><span class=\"minus\">−%zu</span> <span "
			"class=\"plus\">+%zu</span></td></tr>\n",
			func->removed, func->added);
	}
	sut_page_end(v);
}

/* ---- functions ---- */

static const char *row_class(char mark)
{
	return mark == '+' ? " class=\"add\"" : mark == '-' ? " class=\"del\"" : "";
}

static void put_number(const struct sut_page *v, unsigned int number)
{
	if (number)
		fprintf(v->file, "<td class=\"no\">%u</td>", number);
	else
		sut_page_markup(v, "<td class=\"no\"></td>");
}

static void put_hunk(const struct sut_page *v, const struct sut_hunk *hunk)
{
	sut_page_markup(v, "<table class=\"diff\">\n");
	sut_page_put(v, "<tr class=\"at\"><td colspan=\"4\">", "</td></tr>\n", "%s  %s", hunk->file,
		     hunk->range);
	for (size_t i = 0; i < hunk->line_count; i++) {
		const struct sut_hunk_line *line = &hunk->lines[i];

		fprintf(v->file, "<tr%s>", row_class(line->mark));
		put_number(v, line->old);
		put_number(v, line->new);
		sut_page_put(v, "<td class=\"mark\">", "</td>", "%c", line->mark);
		sut_page_put(v, "<td>", "</td></tr>\n", "%s", line->text);
	}
	sut_page_markup(v, "</table>\n");
}

static void put_offset(const struct sut_page *v, const struct sut_code *code, uint32_t line)
{
	if (line == SUT_CODE_NONE || code->lines[line].label)
		sut_page_markup(v, "<td class=\"no\"></td>");
	else
		fprintf(v->file, "<td class=\"no\">%" PRIx64 "</td>", code->lines[line].offset);
}

static void put_rows(const struct sut_page *v, const struct sut_review_func *func, size_t from,
		     size_t to)
{
	sut_page_markup(v, "<table class=\"diff\">\n");
	for (size_t i = from; i < to; i++) {
		const struct sut_aligned *row = &func->rows[i];
		const struct sut_code_line *line = sut_review_line(func, row);
		char mark = sut_review_mark(row);

		fprintf(v->file, "<tr%s>",
			line->label && mark == ' ' ? " class=\"name\"" : row_class(mark));
		put_offset(v, &func->old, row->old);
		put_offset(v, &func->new, row->new);
		sut_page_put(v, "<td class=\"mark\">", "</td>", "%c", mark);
		sut_page_put(v, "<td>", "</td></tr>\n", "%s%s", line->text, line->label ? ":" : "");
	}
	sut_page_markup(v, "</table>\n");
}

/* What is as before can be opened, without a script. */
static void put_folded(const struct sut_page *v, const struct sut_review_func *func, size_t from,
		       size_t to)
{
	if (from == to)
		return;
	fprintf(v->file, "<details><summary>%zu instructions as before</summary>\n", to - from);
	put_rows(v, func, from, to);
	sut_page_markup(v, "</details>\n");
}

static void put_code(const struct sut_page *v, const struct sut_review_func *func)
{
	size_t row = 0, end, before = 0;

	while (sut_review_stretch(func, CONTEXT, &row, &end)) {
		put_folded(v, func, before, row);
		put_rows(v, func, row, end);
		row = before = end;
	}
	put_folded(v, func, before, func->row_count);
}

static void put_source(const struct sut_page *v, const struct sut_review_func *func)
{
	sut_page_markup(v, "<div><div class=\"side\">Source patch</div>\n");
	if (*sut_review_hunk_text(v->review, func))
		sut_page_put(v, "<p class=\"note\">", "</p>\n", "%s",
			     sut_review_hunk_text(v->review, func));
	for (size_t i = 0; i < func->hunk_count; i++)
		put_hunk(v, func->hunks[i]);
	sut_page_markup(v, "</div>\n");
}

static void put_func(const struct sut_page *v, size_t i)
{
	const struct sut_review_func *func = &v->review->funcs[i];

	fprintf(v->file, "<section class=\"function\" id=\"f%zu\"><header>", i);
	sut_page_put(v, "<h3><span class=\"mono\">", "</span>", "%s", func->func->name);
	sut_page_put(v, " <span class=\"kind\">", "</span></h3>", "%s",
		     func->func->kind == SUT_PATCH_FUNC_NEW ? "new" : "changed");
	sut_page_put(v, "<p>", "", "%s%s", func->func->source, *func->func->source ? " · " : "");
	sut_page_put(v, "", "</p></header>\n<div class=\"sides\">\n", "%s",
		     sut_review_old_text(v->arena, v->review, func));
	put_source(v, func);
	sut_page_markup(v, "<div><div class=\"side\">Machine code, with offsets in the old and "
			   "the new function</div>\n");
	if (func->too_long)
		sut_page_markup(
			v, "<p class=\"note\">It has too many instructions to be shown.</p>\n");
	put_code(v, func);
	sut_page_markup(v, "</div>\n</div></section>\n");
}

static void put_elsewhere(const struct sut_page *v)
{
	bool any = false;

	for (size_t i = 0; i < v->review->hunks.count; i++) {
		if (v->review->hunks.list[i].taken)
			continue;
		if (!any)
			sut_page_markup(v, "<h2>Hunks that are in none of these functions</h2>\n"
					   "<section class=\"function\">\n");
		any = true;
		put_hunk(v, &v->review->hunks.list[i]);
	}
	if (any)
		sut_page_markup(v, "</section>\n");
}

static void put_written(const struct sut_page *v)
{
	const char **lines;
	size_t count = sut_review_written(v->arena, v->patch, &lines);

	if (!count)
		return;
	sut_page_put(v, "<h2>", "</h2>\n<section class=\"function\"><table class=\"diff\">\n",
		     "Written by hand: %s",
		     sut_patch_fact(v->patch, sut_patch_source_keys[SUT_PATCH_SOURCE_ADDITIONS]));
	for (size_t i = 0; i < count; i++) {
		sut_page_markup(v, "<tr>");
		put_number(v, (unsigned int)i + 1);
		sut_page_put(v, "<td>", "</td></tr>\n", "%s", lines[i]);
	}
	sut_page_markup(v, "</table></section>\n");
}

void sut_review_page(FILE *file, const struct sut_review *review)
{
	SUT_ARENA struct sut_arena arena = {0};
	const struct sut_page v = {file, &arena, review, review->patch};

	sut_page_markup(
		&v, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
		    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		    "style-src 'unsafe-inline'\">\n"
		    "<meta name=\"viewport\" content=\"width=device-width\">\n");
	sut_page_put(&v, "<title>", "</title>\n<style>\n", "%s, version %s", review->patch->name,
		     review->patch->version);
	fwrite(sut_page_style, 1, sut_page_style_size, file);
	sut_page_markup(&v, "</style></head><body>\n");
	put_lead(&v);
	put_summary(&v);
	sut_page_objects(&v);
	sut_page_markup(&v, "<h2>Changes</h2>\n");
	for (size_t i = 0; i < review->func_count; i++)
		put_func(&v, i);
	put_elsewhere(&v);
	put_written(&v);
	sut_page_tables(&v);
	sut_page_markup(&v, "</body></html>\n");
}
