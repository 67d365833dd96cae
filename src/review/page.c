// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A review as one HTML page. Every text goes through put_text(), for names, strings and the source
 * patch come from whoever made the file; and the page itself forbids whatever is not its own style.
 */
#include "review/render.h"
#include "review/listing.h"
#include "review/shown.h"

#include "base/guard.h"
#include "base/io.h"

#include <elf.h>
#include <inttypes.h>
#include <string.h>

enum { CONTEXT = 4 /* rows around a change */ };

extern const unsigned char sut_page_style[];
extern const unsigned long sut_page_style_size;

struct view {
	FILE *file;
	struct sut_arena *arena;
	const struct sut_review *review;
	const struct sut_patch *patch;
};

/* ---- texts ---- */

static void put_text(const struct view *v, const char *text)
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
__attribute__((format(printf, 4, 5))) static void put(const struct view *v, const char *before,
						      const char *after, const char *fmt, ...)
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

static void markup(const struct view *v, const char *text)
{
	fputs(text, v->file);
}

/* ---- the top ---- */

static size_t count_funcs(const struct sut_patch *patch, enum sut_patch_func_kind kind)
{
	size_t count = 0;

	for (size_t i = 0; i < patch->func_count; i++)
		count += patch->funcs[i].kind == kind;
	return count;
}

static void put_lead(const struct view *v)
{
	const struct sut_patch *patch = v->patch;

	put(v, "<h1>", "</h1>\n", "%s", patch->name);
	put(v, "<p class=\"lead\">", "", "version %s · %zu changed and %zu new functions",
	    patch->version, count_funcs(patch, SUT_PATCH_FUNC_CHANGED),
	    count_funcs(patch, SUT_PATCH_FUNC_NEW));
	for (size_t i = 0; i < patch->fix_count; i++)
		put(v, i ? ", " : " · fixes ", "", "%s", patch->fixes[i]);
	if (patch->replace)
		markup(v, " · replaces all patches in use");
	else if (patch->replace_set)
		put(v, " · ", "", "replaces the patches of set %" PRIu32, patch->replace_set);
	markup(v, patch->allowed_count ? "</p>\n" : " · no refusal was overruled</p>\n");
	for (size_t i = 0; i < patch->allowed_count; i++)
		put(v, "<p class=\"warning\">Made in spite of a refusal: <code>", "</code></p>\n",
		    "%s", patch->allowed[i]);
	for (size_t i = 0; i < v->review->func_count; i++)
		if (v->review->funcs[i].old_code == SUT_OLD_ANOTHER)
			put(v, "<p class=\"warning\">", "</p>\n", "%s: %s",
			    v->review->funcs[i].func->name,
			    sut_review_old_text(v->arena, v->review, &v->review->funcs[i]));
}

static uint64_t new_size(const struct view *v, const struct sut_patch_func *func)
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

static void begin_table(const struct view *v, const char *title, const char *const *columns)
{
	put(v, "<h2>", "</h2>\n<div class=\"scroll\"><table class=\"list\">\n<tr>", "%s", title);
	for (; *columns; columns++)
		put(v, **columns == '#' ? "<th class=\"number\">" : "<th>", "</th>", "%s",
		    *columns + (**columns == '#'));
	markup(v, "</tr>\n");
}

static void end_table(const struct view *v)
{
	markup(v, "</table></div>\n");
}

static void put_summary(const struct view *v)
{
	static const char *const columns[] = {"Function",   "",           "Object",        "Source",
					      "#old bytes", "#new bytes", "#instructions", NULL};

	begin_table(v, "Functions", columns);
	for (size_t i = 0; i < v->review->func_count; i++) {
		const struct sut_review_func *func = &v->review->funcs[i];

		fprintf(v->file, "<tr><td><a class=\"mono\" href=\"#f%zu\">", i);
		put(v, "", "</a></td>", "%s", func->func->name);
		put(v, "<td>", "</td>", "%s",
		    func->func->kind == SUT_PATCH_FUNC_NEW ? "new" : "changed");
		put(v, "<td>", "</td>", "%s", func->object->name);
		put(v, "<td class=\"mono\">", "</td>", "%s", func->func->source);
		put(v, "<td class=\"number\">", "</td>", "%" PRIu64, old_size(func->func));
		put(v, "<td class=\"number\">", "</td>", "%" PRIu64, new_size(v, func->func));
		fprintf(v->file,
			"<td class=\"number\"><span class=\"minus\">−%zu</span> <span "
			"class=\"plus\">+%zu</span></td></tr>\n",
			func->removed, func->added);
	}
	end_table(v);
}

static void put_objects(const struct view *v)
{
	static const char *const columns[] = {"Object", "", "build-id", "read from", NULL};

	begin_table(v, "Made for", columns);
	for (size_t i = 0; i < v->patch->object_count; i++) {
		const struct sut_patch_object *object = &v->patch->objects[i];
		const struct sut_target *target = v->review->targets[i];
		char hex[2 * SUT_PATCH_BUILD_ID_MAX + 1];

		put(v, "<tr><td>", "</td>", "%s", object->name);
		put(v, "<td>", "</td>", "%s", object->executable ? "program" : "shared object");
		put(v, "<td class=\"mono\">", "</td>", "%s",
		    sut_hex(hex, object->build_id, object->build_id_size));
		put(v, "<td class=\"mono\">", "</td></tr>\n", "%s",
		    target ? target->path : "not found here");
	}
	end_table(v);
}

/* ---- what it binds, brings and says ---- */

static void put_binding(const struct view *v, const struct sut_patch_symbol *symbol)
{
	const char *object = symbol->kind == SUT_PATCH_SYMBOL_RUNTIME
				     ? "the run-time"
				     : v->patch->objects[symbol->object].name;

	put(v, "<tr><td class=\"mono\">", "</td>", "%s", sut_symbol_name(v->patch, symbol));
	put(v, "<td>", "</td>", "%s", object);
	markup(v, "<td class=\"mono\">");
	if (symbol->kind == SUT_PATCH_SYMBOL_TARGET && symbol->type == STT_TLS)
		put(v, "", "", "thread pointer %+" PRId64, (int64_t)symbol->value);
	else if (symbol->kind == SUT_PATCH_SYMBOL_TARGET)
		put(v, "", "", "0x%" PRIx64, symbol->value);
	else if (symbol->slot)
		put(v, "", "", "imported, slot 0x%" PRIx64, symbol->slot);
	else
		markup(v, symbol->kind == SUT_PATCH_SYMBOL_IMPORT ? "imported, not before" : "");
	markup(v, "</td></tr>\n");
}

static void put_bindings(const struct view *v)
{
	static const char *const columns[] = {"Symbol", "of", "where", NULL};
	size_t count = 0;

	for (size_t i = 0; i < v->patch->symbol_count; i++) {
		if (v->patch->symbols[i].kind == SUT_PATCH_SYMBOL_OWN)
			continue;
		if (!count++)
			begin_table(v, "Bindings", columns);
		put_binding(v, &v->patch->symbols[i]);
	}
	if (count)
		end_table(v);
}

static void put_data(const struct view *v)
{
	static const char *const columns[] = {"Data", "Object", "", "#bytes", NULL};
	size_t count = 0;

	for (size_t i = 0; i < v->patch->section_count; i++) {
		const struct sut_patch_section *section = &v->patch->sections[i];

		if (section->flags & SHF_EXECINSTR)
			continue;
		if (!count++)
			begin_table(v, "Data that it brings", columns);
		put(v, "<tr><td class=\"mono\">", "</td>", "%s", section->name);
		put(v, "<td>", "</td>", "%s", v->patch->objects[section->object].name);
		put(v, "<td>", "</td>", "%s%s",
		    section->flags & SHF_WRITE ? "variables" : "constants",
		    section->data ? "" : ", zeros");
		put(v, "<td class=\"number\">", "</td></tr>\n", "%" PRIu64, section->size);
	}
	if (count)
		end_table(v);
}

static void put_callbacks(const struct view *v, const char *object, const char *set,
			  const struct sut_patch_callbacks *callbacks)
{
	for (size_t i = 0; i < SUT_PATCH_CALLBACKS; i++) {
		if (callbacks->symbols[i] == SUT_PATCH_NONE)
			continue;
		put(v, "<tr><td>", "</td>", "%s%s", sut_patch_callback_names[i], set);
		put(v, "<td>", "</td>", "%s", object);
		put(v, "<td class=\"mono\">", "</td></tr>\n", "%s",
		    v->patch->symbols[callbacks->symbols[i]].name);
	}
}

static void put_addition(const struct view *v, const struct sut_patch_addition *addition)
{
	const char *object = v->patch->objects[addition->object].name;

	put_callbacks(v, object, "", &addition->callbacks);
	for (size_t i = 0; i < addition->set_count; i++)
		put_callbacks(v, object,
			      sut_arena_printf(v->arena, " of set %" PRIu64, addition->sets[i].id),
			      &addition->sets[i].callbacks);
	for (size_t i = 0; i < addition->type_count; i++) {
		put(v, "<tr><td>", "</td>", "shadow type %" PRIu64, addition->types[i].id);
		put(v, "<td>", "</td>", "%s", object);
		put(v, "<td class=\"mono\">", "</td></tr>\n", "%s",
		    addition->types[i].dtor == SUT_PATCH_NONE
			    ? "no destructor"
			    : v->patch->symbols[addition->types[i].dtor].name);
	}
}

static void put_additions(const struct view *v)
{
	static const char *const columns[] = {"What the author added", "Object", "", NULL};
	const struct sut_patch_additions *additions = &v->patch->additions;

	if (!additions->count && !additions->state_count)
		return;
	begin_table(v, "Written by hand", columns);
	for (size_t i = 0; i < additions->count; i++)
		put_addition(v, &additions->list[i]);
	for (size_t i = 0; i < additions->state_count; i++)
		put(v, "<tr><td>", "</td><td></td><td></td></tr>\n",
		    "state %" PRIu64 ", version %" PRIu32 "%s", additions->states[i].id,
		    additions->states[i].version,
		    additions->states[i].block_disable ? ", cannot be disabled" : "");
	end_table(v);
}

static void put_facts(const struct view *v)
{
	static const char *const columns[] = {"How it was made", "", NULL};

	if (!v->patch->fact_count)
		return;
	begin_table(v, "Facts", columns);
	for (size_t i = 0; i < v->patch->fact_count; i++) {
		put(v, "<tr><td>", "</td>", "%s", v->patch->facts[i].key);
		put(v, "<td class=\"mono\">", "</td></tr>\n", "%s", v->patch->facts[i].value);
	}
	end_table(v);
}

/* ---- functions ---- */

static const char *row_class(char mark)
{
	return mark == '+' ? " class=\"add\"" : mark == '-' ? " class=\"del\"" : "";
}

static void put_number(const struct view *v, unsigned int number)
{
	if (number)
		fprintf(v->file, "<td class=\"no\">%u</td>", number);
	else
		markup(v, "<td class=\"no\"></td>");
}

static void put_hunk(const struct view *v, const struct sut_hunk *hunk)
{
	markup(v, "<table class=\"diff\">\n");
	put(v, "<tr class=\"at\"><td colspan=\"4\">", "</td></tr>\n", "%s  %s", hunk->file,
	    hunk->range);
	for (size_t i = 0; i < hunk->line_count; i++) {
		const struct sut_hunk_line *line = &hunk->lines[i];

		fprintf(v->file, "<tr%s>", row_class(line->mark));
		put_number(v, line->old);
		put_number(v, line->new);
		put(v, "<td class=\"mark\">", "</td>", "%c", line->mark);
		put(v, "<td>", "</td></tr>\n", "%s", line->text);
	}
	markup(v, "</table>\n");
}

static void put_offset(const struct view *v, const struct sut_code *code, uint32_t line)
{
	if (line == SUT_CODE_NONE || code->lines[line].label)
		markup(v, "<td class=\"no\"></td>");
	else
		fprintf(v->file, "<td class=\"no\">%" PRIx64 "</td>", code->lines[line].offset);
}

static void put_rows(const struct view *v, const struct sut_review_func *func, size_t from,
		     size_t to)
{
	markup(v, "<table class=\"diff\">\n");
	for (size_t i = from; i < to; i++) {
		const struct sut_aligned *row = &func->rows[i];
		const struct sut_code_line *line = sut_review_line(func, row);
		char mark = sut_review_mark(row);

		fprintf(v->file, "<tr%s>",
			line->label && mark == ' ' ? " class=\"name\"" : row_class(mark));
		put_offset(v, &func->old, row->old);
		put_offset(v, &func->new, row->new);
		put(v, "<td class=\"mark\">", "</td>", "%c", mark);
		put(v, "<td>", "</td></tr>\n", "%s%s", line->text, line->label ? ":" : "");
	}
	markup(v, "</table>\n");
}

/* What is as before can be opened, without a script. */
static void put_folded(const struct view *v, const struct sut_review_func *func, size_t from,
		       size_t to)
{
	if (from == to)
		return;
	fprintf(v->file, "<details><summary>%zu instructions as before</summary>\n", to - from);
	put_rows(v, func, from, to);
	markup(v, "</details>\n");
}

static void put_code(const struct view *v, const struct sut_review_func *func)
{
	size_t row = 0, end, before = 0;

	while (sut_review_stretch(func, CONTEXT, &row, &end)) {
		put_folded(v, func, before, row);
		put_rows(v, func, row, end);
		row = before = end;
	}
	put_folded(v, func, before, func->row_count);
}

static void put_source(const struct view *v, const struct sut_review_func *func)
{
	markup(v, "<div><div class=\"side\">Source patch</div>\n");
	if (*sut_review_hunk_text(v->review, func))
		put(v, "<p class=\"note\">", "</p>\n", "%s", sut_review_hunk_text(v->review, func));
	for (size_t i = 0; i < func->hunk_count; i++)
		put_hunk(v, func->hunks[i]);
	markup(v, "</div>\n");
}

static void put_func(const struct view *v, size_t i)
{
	const struct sut_review_func *func = &v->review->funcs[i];

	fprintf(v->file, "<section class=\"function\" id=\"f%zu\"><header>", i);
	put(v, "<h3><span class=\"mono\">", "</span>", "%s", func->func->name);
	put(v, " <span class=\"kind\">", "</span></h3>", "%s",
	    func->func->kind == SUT_PATCH_FUNC_NEW ? "new" : "changed");
	put(v, "<p>", "", "%s%s", func->func->source, *func->func->source ? " · " : "");
	put(v, "", "</p></header>\n<div class=\"sides\">\n", "%s",
	    sut_review_old_text(v->arena, v->review, func));
	put_source(v, func);
	markup(v, "<div><div class=\"side\">Machine code, with offsets in the old and "
		  "the new function</div>\n");
	if (func->too_long)
		markup(v, "<p class=\"note\">It has too many instructions to be shown.</p>\n");
	put_code(v, func);
	markup(v, "</div>\n</div></section>\n");
}

static void put_elsewhere(const struct view *v)
{
	bool any = false;

	for (size_t i = 0; i < v->review->hunks.count; i++) {
		if (v->review->hunks.list[i].taken)
			continue;
		if (!any)
			markup(v, "<h2>Hunks that are in none of these functions</h2>\n"
				  "<section class=\"function\">\n");
		any = true;
		put_hunk(v, &v->review->hunks.list[i]);
	}
	if (any)
		markup(v, "</section>\n");
}

static void put_written(const struct view *v)
{
	const char **lines;
	size_t count = sut_review_written(v->arena, v->patch, &lines);

	if (!count)
		return;
	put(v, "<h2>", "</h2>\n<section class=\"function\"><table class=\"diff\">\n",
	    "Written by hand: %s",
	    sut_patch_fact(v->patch, sut_patch_source_keys[SUT_PATCH_SOURCE_ADDITIONS]));
	for (size_t i = 0; i < count; i++) {
		markup(v, "<tr>");
		put_number(v, (unsigned int)i + 1);
		put(v, "<td>", "</td></tr>\n", "%s", lines[i]);
	}
	markup(v, "</table></section>\n");
}

void sut_review_page(FILE *file, const struct sut_review *review)
{
	SUT_ARENA struct sut_arena arena = {0};
	const struct view v = {file, &arena, review, review->patch};

	markup(&v, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
		   "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		   "style-src 'unsafe-inline'\">\n"
		   "<meta name=\"viewport\" content=\"width=device-width\">\n");
	put(&v, "<title>", "</title>\n<style>\n", "%s, version %s", review->patch->name,
	    review->patch->version);
	fwrite(sut_page_style, 1, sut_page_style_size, file);
	markup(&v, "</style></head><body>\n");
	put_lead(&v);
	put_summary(&v);
	put_objects(&v);
	markup(&v, "<h2>Changes</h2>\n");
	for (size_t i = 0; i < review->func_count; i++)
		put_func(&v, i);
	put_elsewhere(&v);
	put_written(&v);
	put_bindings(&v);
	put_data(&v);
	put_additions(&v);
	put_facts(&v);
	markup(&v, "</body></html>\n");
}
