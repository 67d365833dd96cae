// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Most hunks without effect are comments, or code for another system under an #if. The text of both
 * sides is read once without its comments; where even then a hunk changes something, the innermost
 * conditional group around it is named.
 */
#include "units/nothing.h"
#include "units/hunks.h"
#include "base/io.h"

#include <stdlib.h>
#include <string.h>

enum { REASONS_MAX = 20, SOURCE_MAX = 64 << 20 /* bytes */, NESTING_MAX = 64 };

/* A file without comments, blanks and inserted #line directives; lines count from 1. */
struct code {
	size_t count, capacity;
	const char **lines;
};

struct lexer {
	enum { CODE, COMMENT, LINE_COMMENT, QUOTE } state;
	char quote;
	char *line; /* what is kept of the line so far */
	size_t length;
};

/* Takes one character, or two that belong together. Returns their number. */
static size_t lex(struct lexer *lexer, char c, char next)
{
	switch (lexer->state) {
	case COMMENT:
		if (c != '*' || next != '/')
			return 1;
		lexer->state = CODE;
		return 2;
	case LINE_COMMENT:
		return 1;
	case QUOTE:
		lexer->line[lexer->length++] = c;
		if (c == '\\' && next != '\n') {
			lexer->line[lexer->length++] = next;
			return 2;
		}
		if (c == lexer->quote)
			lexer->state = CODE;
		return 1;
	case CODE:
		break;
	}
	if (c == '/' && (next == '*' || next == '/')) {
		lexer->state = next == '*' ? COMMENT : LINE_COMMENT;
		return 2;
	}
	if (c == '"' || c == '\'') {
		lexer->state = QUOTE;
		lexer->quote = c;
	}
	if (c != ' ' && c != '\t' && c != '\r')
		lexer->line[lexer->length++] = c;
	return 1;
}

static struct code read_code(struct sut_arena *arena, struct sut_bytes text)
{
	struct code code = {0};
	struct lexer lexer = {.line = sut_arena_alloc(arena, text.size + 1)};
	size_t i = 0;

	SUT_PUSH(arena, code.lines, code.count, code.capacity) = "";
	while (i < text.size) {
		char c = (char)text.data[i];
		char next = i + 1 < text.size ? (char)text.data[i + 1] : '\n';

		if (c != '\n') {
			i += lex(&lexer, c, next);
			continue;
		}
		i++;
		const char *line = sut_arena_strndup(arena, lexer.line, lexer.length);

		if (strncmp(line, "#line", 5) != 0)
			SUT_PUSH(arena, code.lines, code.count, code.capacity) = line;
		lexer.length = 0;
		if (lexer.state != COMMENT)
			lexer.state = CODE;
	}
	return code;
}

static const char *line_at(const struct code *code, unsigned long line)
{
	return line < code->count ? code->lines[line] : "";
}

static bool same_code(struct sut_arena *arena, const struct code *before, unsigned long old_line,
		      unsigned long old_count, const struct code *after, unsigned long new_line,
		      unsigned long new_count)
{
	const char *old = "", *new = "";

	for (unsigned long i = 0; i < old_count; i++)
		old = sut_arena_printf(arena, "%s%s", old, line_at(before, old_line + i));
	for (unsigned long i = 0; i < new_count; i++)
		new = sut_arena_printf(arena, "%s%s", new, line_at(after, new_line + i));
	return strcmp(old, new) == 0;
}

static bool is_directive(const char *line, const char *name)
{
	return *line == '#' && strncmp(line + 1, name, strlen(name)) == 0;
}

/* The line of the #if, #elif or #else that the line stands under; 0: under none. A header's guard
 * is none. */
static unsigned long group_of(const struct code *code, unsigned long line)
{
	unsigned long open[NESTING_MAX];
	size_t depth = 0;
	bool first = true;

	for (unsigned long i = 1; i <= line && i < code->count; i++) {
		const char *text = code->lines[i];

		if (is_directive(text, "if")) {
			bool guard = first && is_directive(text, "ifndef") &&
				     is_directive(line_at(code, i + 1), "define");

			if (depth < NESTING_MAX)
				open[depth] = guard ? 0 : i;
			depth++;
		} else if (is_directive(text, "el") && depth && depth <= NESTING_MAX) {
			open[depth - 1] = i;
		} else if (is_directive(text, "endif") && depth) {
			depth--;
		}
		first &= !*text;
	}
	for (; depth; depth--)
		if (depth <= NESTING_MAX && open[depth - 1])
			return open[depth - 1];
	return 0;
}

/* The first line of the hunk whose code differs: it begins with lines of context. */
static unsigned long first_change(const struct code *before, unsigned long old_line,
				  const struct code *after, unsigned long new_line,
				  unsigned long count)
{
	unsigned long i = 0;

	while (i < count && !strcmp(line_at(before, old_line + i), line_at(after, new_line + i)))
		i++;
	return old_line + i;
}

static const char *raw_line(struct sut_arena *arena, struct sut_bytes text, unsigned long line)
{
	const char *at = (const char *)text.data, *end = at + text.size;

	while (--line && at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));

		at = newline ? newline + 1 : end;
	}
	const char *newline = memchr(at, '\n', (size_t)(end - at));

	return sut_arena_strndup(arena, at, (size_t)((newline ? newline : end) - at));
}

const char *sut_nothing_reason(struct sut_arena *arena, struct sut_bytes before,
			       struct sut_bytes after, unsigned long old_line,
			       unsigned long old_count, unsigned long new_line,
			       unsigned long new_count, bool compiled)
{
	struct code old = read_code(arena, before), new = read_code(arena, after);
	const char *under = "";
	unsigned long group;

	if (same_code(arena, &old, old_line, old_count, &new, new_line, new_count))
		return "only comments and blanks change";
	group = group_of(&old, first_change(&old, old_line, &new, new_line, new_count));
	if (group)
		under = sut_arena_printf(arena, ", under %s (line %lu)",
					 raw_line(arena, before, group), group);
	if (compiled)
		return sut_arena_printf(arena, "the machine code is the same%s", under);
	return sut_arena_printf(arena, "the compiler sees nothing of it%s",
				group ? under : ", an unused macro or declaration");
}

static const struct sut_patched_file *find_file(const struct sut_patched *patched, const bool *seen,
						const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < patched->count; i++) {
		const struct sut_patched_file *file = &patched->files[i];
		size_t tail = strlen(file->path);

		if (seen[i] && file->before && file->after && tail <= length &&
		    !strcmp(name + length - tail, file->path) &&
		    (tail == length || name[length - tail - 1] == '/'))
			return file;
	}
	return NULL;
}

/* "@@ -12,7 +12,9 @@": the four numbers; a count that is missing is 1. */
static bool read_header(const char *line, unsigned long numbers[4])
{
	char *at;

	if (strncmp(line, "@@ -", 4) != 0)
		return false;
	numbers[0] = strtoul(line + 4, &at, 10);
	numbers[1] = *at == ',' ? strtoul(at + 1, &at, 10) : 1;
	if (strncmp(at, " +", 2) != 0)
		return false;
	numbers[2] = strtoul(at + 2, &at, 10);
	numbers[3] = *at == ',' ? strtoul(at + 1, &at, 10) : 1;
	return true;
}

static enum sut_rc explain_file(struct sut_arena *arena, const struct sut_hunks *hunks,
				const struct sut_patched_file *file, bool compiled,
				struct sut_verdict *verdict, struct sut_diag *diag)
{
	const char *text = sut_arena_strndup(arena, hunks->text, hunks->size);
	struct sut_bytes before, after;
	enum sut_rc rc = sut_file_read(arena, file->before, SOURCE_MAX, &before, diag);

	if (rc == SUT_OK)
		rc = sut_file_read(arena, file->after, SOURCE_MAX, &after, diag);
	for (; rc == SUT_OK && text; text = strchr(text, '\n'), text = text ? text + 1 : NULL) {
		unsigned long n[4];

		if (!read_header(text, n) || verdict->warning_count >= REASONS_MAX)
			continue;
		sut_warn(verdict, "nothing",
			 sut_arena_printf(arena, "%s:%lu", file->path, n[0] ? n[0] : 1),
			 "%s:%lu: %s", file->path, n[0],
			 sut_nothing_reason(arena, before, after, n[0], n[1], n[2], n[3],
					    compiled));
	}
	return rc;
}

enum sut_rc sut_nothing_explain(struct sut_arena *arena, const struct sut_create_options *options,
				const struct sut_patched *patched, const bool *seen, bool compiled,
				struct sut_verdict *verdict, struct sut_diag *diag)
{
	struct sut_hunks *hunks;
	struct sut_bytes diff;
	size_t count;
	enum sut_rc rc;

	if (!options->patch)
		return SUT_OK;
	rc = sut_file_read(arena, options->patch, SOURCE_MAX, &diff, diag);
	if (rc == SUT_OK)
		rc = sut_hunks_find(arena, options->patch, diff, &hunks, &count, diag);
	for (size_t i = 0; rc == SUT_OK && i < count; i++) {
		const struct sut_patched_file *file =
			hunks[i].new_name ? find_file(patched, seen, hunks[i].new_name) : NULL;

		if (file)
			rc = explain_file(arena, &hunks[i], file, compiled, verdict, diag);
	}
	return rc;
}
