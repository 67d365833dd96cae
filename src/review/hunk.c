// SPDX-License-Identifier: GPL-2.0-or-later
#include "review/hunk.h"
#include "review/shown.h"

#include "units/hunks.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct text {
	const char *at, *end;
};

/* The next line without its end; false: there is none. */
static bool next_line(struct text *text, struct text *line)
{
	const char *newline;

	if (text->at == text->end)
		return false;
	newline = memchr(text->at, '\n', (size_t)(text->end - text->at));
	*line = (struct text){text->at, newline ? newline : text->end};
	text->at = newline ? newline + 1 : text->end;
	if (line->end > line->at && line->end[-1] == '\r')
		line->end--;
	return true;
}

static const char *shown(struct sut_arena *arena, struct text line)
{
	return sut_shown(arena, line.at, (size_t)(line.end - line.at));
}

/* "@@ -1,2 +3,4 @@": where the two sides begin. sut_hunks_find() has seen that it is well-formed.
 */
static void read_range(struct text line, unsigned int *old, unsigned int *new)
{
	const char *plus = memchr(line.at, '+', (size_t)(line.end - line.at));

	*old = (unsigned int)strtoul(line.at + 4, NULL, 10);
	*new = plus ? (unsigned int)strtoul(plus + 1, NULL, 10) : 0;
}

static void read_line(struct sut_arena *arena, struct text line, unsigned int *old,
		      unsigned int *new, struct sut_hunk_line *result)
{
	/* Mail programs cut the blank of an empty context line. */
	char mark = line.at < line.end ? *line.at : ' ';

	if (line.at < line.end)
		line.at++;
	*result = (struct sut_hunk_line){.mark = mark, .text = shown(arena, line)};
	if (mark == ' ' || mark == '-')
		result->old = (*old)++;
	if (mark == ' ' || mark == '+')
		result->new = (*new)++;
}

static void read_hunks(struct sut_arena *arena, const struct sut_hunks *file,
		       struct sut_hunk_list *hunks)
{
	const char *name = file->new_name ? file->new_name : file->old_name;
	struct text text = {file->text, file->text + file->size}, line;
	unsigned int old = 0, new = 0;
	struct sut_hunk *hunk = NULL;
	size_t capacity = 0;

	while (next_line(&text, &line)) {
		if (line.end - line.at > 4 && strncmp(line.at, "@@ -", 4) == 0) {
			read_range(line, &old, &new);
			hunk = &SUT_PUSH(arena, hunks->list, hunks->count, hunks->capacity);
			*hunk = (struct sut_hunk){
				.file = sut_shown(arena, name, strlen(name)),
				.range = shown(arena, line),
			};
			capacity = 0;
		} else if (hunk) {
			struct sut_hunk_line *result =
				&SUT_PUSH(arena, hunk->lines, hunk->line_count, capacity);

			read_line(arena, line, &old, &new, result);
		}
	}
}

enum sut_rc sut_hunk_list_read(struct sut_arena *arena, const struct sut_patch *patch,
			       struct sut_hunk_list *hunks, struct sut_diag *diag)
{
	const struct sut_bytes *text = &patch->sources[SUT_PATCH_SOURCE_PATCH];
	struct sut_hunks *files;
	size_t count;
	enum sut_rc rc;

	*hunks = (struct sut_hunk_list){0};
	if (!text->data)
		return SUT_OK;
	rc = sut_hunks_find(arena, "the source patch in the file", *text, &files, &count, diag);
	for (size_t i = 0; i < count && rc == SUT_OK; i++)
		if (files[i].new_name || files[i].old_name)
			read_hunks(arena, &files[i], hunks);
	return rc;
}

/* ---- whose hunk it is ---- */

static bool is_name_char(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* The line has the word, followed by a parenthesis: it begins that function, or speaks of it. */
static bool names_function(const char *line, const char *name, size_t length)
{
	for (const char *at = line; (at = strstr(at, "(")); at++) {
		const char *end = at;

		while (end > line && end[-1] == ' ')
			end--;
		if ((size_t)(end - line) >= length && strncmp(end - length, name, length) == 0 &&
		    ((size_t)(end - line) == length || !is_name_char(*(end - length - 1))))
			return true;
	}
	return false;
}

/* C code that begins at the margin is outside of all functions, or begins one. */
static bool begins_function(const char *line)
{
	return (isalpha((unsigned char)*line) || *line == '_') && strchr(line, '(') &&
	       !strchr(line, ';');
}

static const char *range_context(const struct sut_hunk *hunk)
{
	const char *end = strstr(hunk->range + 2, "@@");

	return end ? end + 2 : "";
}

enum whose { OF_IT, OF_ANOTHER, UNKNOWN };

static enum whose judge_line(const char *line, const char *name, size_t length)
{
	if (!begins_function(line))
		return UNKNOWN;
	return names_function(line, name, length) ? OF_IT : OF_ANOTHER;
}

/* By the last line above a change that begins a function. */
static enum whose judge_text(const struct sut_hunk *hunk, const char *name, size_t length)
{
	const char *context = range_context(hunk);
	enum whose whose = UNKNOWN, result = UNKNOWN;

	while (*context == ' ')
		context++;
	whose = judge_line(context, name, length);
	for (size_t i = 0; i < hunk->line_count; i++) {
		const struct sut_hunk_line *line = &hunk->lines[i];
		enum whose now = judge_line(line->text, name, length);
		bool change = line->mark == '+' || line->mark == '-';

		if (now != UNKNOWN)
			whose = now;
		else if (line->text[0] == '}' && !change)
			whose = UNKNOWN;
		if (!change || whose == UNKNOWN)
			continue;
		if (whose == OF_IT)
			return OF_IT;
		result = OF_ANOTHER;
	}
	return result;
}

/* "src/db.c:738" and "a/src/db.c": what one of them has in front is a matter of where one stands.
 */
static bool same_file(const char *source, const char *file)
{
	const char *colon = strrchr(source, ':');
	size_t length = colon ? (size_t)(colon - source) : strlen(source);
	size_t other = strlen(file);
	size_t common = 0;

	while (common < length && common < other &&
	       source[length - 1 - common] == file[other - 1 - common])
		common++;
	return common &&
	       ((common == length && (common == other || file[other - 1 - common] == '/')) ||
		(common == other && source[length - 1 - common] == '/'));
}

static unsigned int line_of(const char *source)
{
	const char *colon = strrchr(source, ':');

	return colon ? (unsigned int)strtoul(colon + 1, NULL, 10) : 0;
}

/* The function of the patch that begins next above the hunk's first change. */
static bool is_nearest(const struct sut_hunk *hunk, const struct sut_patch *patch,
		       const struct sut_patch_func *func)
{
	unsigned int line = line_of(func->source), at = 0;

	for (size_t i = 0; i < hunk->line_count && !at; i++)
		if (hunk->lines[i].mark != ' ')
			at = i ? hunk->lines[i - 1].old + 1 : 1;
	if (!line || line > at)
		return false;
	for (size_t i = 0; i < patch->func_count; i++) {
		const struct sut_patch_func *other = &patch->funcs[i];

		if (same_file(other->source, hunk->file) && line_of(other->source) > line &&
		    line_of(other->source) <= at)
			return false;
	}
	return true;
}

bool sut_hunk_same_file(const struct sut_hunk *hunk, const struct sut_patch_func *func)
{
	return same_file(func->source, hunk->file);
}

bool sut_hunk_is_of(const struct sut_hunk *hunk, const struct sut_patch *patch,
		    const struct sut_patch_func *func)
{
	if (!sut_hunk_same_file(hunk, func))
		return false;
	/* Without what the compiler appended to a clone's name. */
	switch (judge_text(hunk, func->name, strcspn(func->name, "."))) {
	case OF_IT:
		return true;
	case OF_ANOTHER:
		return false;
	case UNKNOWN:
		break;
	}
	return is_nearest(hunk, patch, func);
}
