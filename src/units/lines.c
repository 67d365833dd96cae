// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Line stabilisation.
 *
 * Asserts and log calls put __LINE__ into machine code. A fix that adds one line at the top of a
 * file therefore changes every function below that asserts something: one redis fix changes 40
 * functions so, and 4 without this. Here the patched text gets "#line N" wherever its numbering has
 * drifted from the original, so that what the patch did not touch compiles to what it was.
 *
 * A directive is a line of its own, so it may stand between any two tokens, except where a line is
 * not just a sequence of tokens: in a comment, in a continued line, in a directive, and among the
 * arguments of a macro. Whether parentheses are those of a macro cannot be known here, so none are
 * entered. Within function bodies nothing is put in either: a function with a hunk in it is a
 * changed function anyway, and the next boundary after it repairs the count.
 *
 * The scan counts braces as if the preprocessor took both branches of every #if. Code often opens a
 * brace in each of them and closes it once, so #else and #elif go back to the depth of their #if.
 * What still goes wrong is mended at a closing brace in the first column, where functions end.
 * A wrong count never makes wrong code: it makes a directive missing, or puts one between two
 * statements.
 *
 * The two texts are matched by Myers' O(ND) algorithm (Algorithmica 1, 1986) over lines.
 */
#include "units/lines.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum {
	EDITS_MAX = 3000, /* more differing lines than this: the rest counts as changed */
	CONDITIONS_MAX = 64,
	DIRECTIVE_MAX = 32, /* characters of "#line N" and its newline */
};

struct line {
	const char *text;
	size_t length; /* with its newline */
};

struct lines {
	size_t count;
	struct line *list;
};

static struct lines split(struct sut_arena *arena, struct sut_bytes text)
{
	const char *at = (const char *)text.data, *end = at + text.size;
	struct lines lines = {0};
	size_t capacity = 0;

	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t length = newline ? (size_t)(newline - at) + 1 : (size_t)(end - at);

		SUT_PUSH(arena, lines.list, lines.count, capacity) =
			(struct line){.text = at, .length = length};
		at += length;
	}
	return lines;
}

static bool same(const struct line *a, const struct line *b)
{
	return a->length == b->length && memcmp(a->text, b->text, a->length) == 0;
}

/* The parts of both texts that are left between their common start and end. */
struct middle {
	const struct line *a, *b;
	int a_count, b_count;
};

/*
 * reach[d * width + k + d] is how far into a one gets on diagonal k (= x - y) with d edits. Returns
 * the number of edits that reaches both ends, or -1 when it is above the limit.
 */
static int search(const struct middle *m, int limit, int **reach, struct sut_arena *arena)
{
	for (int d = 0; d <= limit; d++) {
		const int *last = d ? reach[d - 1] + (d - 1) : NULL;
		int *now;

		reach[d] = sut_arena_array(arena, (size_t)(2 * d + 1), sizeof(**reach));
		now = reach[d] + d;
		for (int k = -d; k <= d; k += 2) {
			int x = 0, y;

			if (d && (k == -d || (k != d && last[k - 1] < last[k + 1])))
				x = last[k + 1];
			else if (d)
				x = last[k - 1] + 1;
			y = x - k;
			while (x < m->a_count && y < m->b_count && y >= 0 &&
			       same(&m->a[x], &m->b[y]))
				x++, y++;
			now[k] = x;
			if (x == m->a_count && y == m->b_count)
				return d;
		}
	}
	return -1;
}

/* Walks the edits back and notes for each line of b which line of a it is. */
static void trace(const struct middle *m, int edits, int *const *reach, uint32_t *numbers,
		  size_t skipped)
{
	int x = m->a_count, y = m->b_count;

	for (int d = edits; d >= 0; d--) {
		int k = x - y, from_x = 0, from_y = 0;

		if (d) {
			const int *last = reach[d - 1] + (d - 1);
			bool down = k == -d || (k != d && last[k - 1] < last[k + 1]);
			int from_k = down ? k + 1 : k - 1;

			from_x = last[from_k];
			from_y = from_x - from_k;
		}
		while (x > from_x && y > from_y && same(&m->a[x - 1], &m->b[y - 1])) {
			x--, y--;
			numbers[skipped + (size_t)y] = (uint32_t)(skipped + (size_t)x + 1);
		}
		x = from_x;
		y = from_y;
	}
}

/* For each line of after its number in before, 0 for a new one. */
static uint32_t *match(struct sut_arena *arena, const struct lines *before,
		       const struct lines *after)
{
	uint32_t *numbers = sut_arena_array(arena, after->count + 1, sizeof(*numbers));
	size_t start = 0, end = 0;
	struct middle m;
	int limit, edits;
	int **reach;

	if (!before->count || !after->count)
		return numbers;
	while (start < before->count && start < after->count &&
	       same(&before->list[start], &after->list[start])) {
		numbers[start] = (uint32_t)start + 1;
		start++;
	}
	while (end < before->count - start && end < after->count - start &&
	       same(&before->list[before->count - end - 1], &after->list[after->count - end - 1])) {
		numbers[after->count - end - 1] = (uint32_t)(before->count - end);
		end++;
	}
	m = (struct middle){
		.a = before->list + start,
		.b = after->list + start,
		.a_count = (int)(before->count - start - end),
		.b_count = (int)(after->count - start - end),
	};
	limit = m.a_count + m.b_count < EDITS_MAX ? m.a_count + m.b_count : EDITS_MAX;
	reach = sut_arena_array(arena, (size_t)limit + 1, sizeof(*reach));
	edits = search(&m, limit, reach, arena);
	if (edits >= 0)
		trace(&m, edits, reach, numbers, start);
	return numbers;
}

/* Where a scan of C text is, between two lines. */
struct scan {
	int braces;
	int parentheses;
	bool comment;   /* in a block comment */
	bool continued; /* the last line ended with a backslash */
	bool directive; /* this line is a preprocessor directive, or continues one */
	char quote;     /* the string that a continued line left open, or 0 */
	bool closed;    /* at file scope, a declaration or directive has just ended */
	int condition_count;
	struct {
		int braces, parentheses;
	} conditions[CONDITIONS_MAX]; /* at each open #if */
};

static bool at_boundary(const struct scan *scan)
{
	return scan->closed && !scan->comment && !scan->continued && !scan->braces &&
	       !scan->parentheses;
}

static bool is_word(const char *at, const char *end, const char *word)
{
	size_t length = strlen(word);

	return (size_t)(end - at) >= length && memcmp(at, word, length) == 0;
}

/* Depth across #if: each branch starts where the #if stood; the last one's end counts. */
static void scan_directive(struct scan *scan, const char *at, const char *end)
{
	int top = scan->condition_count - 1;

	for (at++; at < end && (*at == ' ' || *at == '\t'); at++)
		;
	if (is_word(at, end, "if")) {
		if (scan->condition_count < CONDITIONS_MAX) {
			scan->conditions[scan->condition_count].braces = scan->braces;
			scan->conditions[scan->condition_count].parentheses = scan->parentheses;
		}
		scan->condition_count++;
	} else if (is_word(at, end, "el") && top >= 0 && top < CONDITIONS_MAX) {
		scan->braces = scan->conditions[top].braces;
		scan->parentheses = scan->conditions[top].parentheses;
	} else if (is_word(at, end, "endif") && top >= 0) {
		scan->condition_count--;
	}
}

/* Skips to the end of the string or character constant that is open; a line's end closes it unless
 * the line is continued. */
static const char *skip_quoted(struct scan *scan, const char *at, const char *end)
{
	for (; at < end; at++) {
		if (*at == '\\' && at + 1 < end) {
			at++;
		} else if (*at == scan->quote) {
			scan->quote = 0;
			return at + 1;
		}
	}
	return end;
}

static void count_bracket(struct scan *scan, char c)
{
	scan->braces += (c == '{') - (c == '}');
	scan->parentheses += (c == '(') - (c == ')');
	if (scan->braces < 0)
		scan->braces = 0;
	if (scan->parentheses < 0)
		scan->parentheses = 0;
}

/* Scans the tokens of a line; returns its last character that is neither blank nor comment. */
static char scan_tokens(struct scan *scan, const char *at, const char *end)
{
	char last = 0;

	while (at < end) {
		if (scan->comment) {
			const char *close = memmem(at, (size_t)(end - at), "*/", 2);

			scan->comment = !close;
			at = close ? close + 2 : end;
		} else if (scan->quote) {
			at = skip_quoted(scan, at, end);
			last = '"';
		} else if (is_word(at, end, "//")) {
			return last;
		} else if (is_word(at, end, "/*")) {
			scan->comment = true;
			at += 2;
		} else if (*at == '"' || *at == '\'') {
			scan->quote = *at++;
		} else {
			if (!scan->directive)
				count_bracket(scan, *at);
			if (*at != ' ' && *at != '\t')
				last = *at;
			at++;
		}
	}
	return last;
}

static void scan_line(struct scan *scan, const struct line *line)
{
	const char *at = line->text, *end = at + line->length;
	bool starts_in_comment = scan->comment;
	char last;

	while (end > at && (end[-1] == '\n' || end[-1] == '\r'))
		end--;
	if (!scan->continued && !scan->comment) {
		const char *first = at;

		while (first < end && (*first == ' ' || *first == '\t'))
			first++;
		scan->directive = first < end && *first == '#';
		if (scan->directive)
			scan_directive(scan, first, end);
	}
	last = scan_tokens(scan, at, end);
	scan->continued = end > at && end[-1] == '\\';
	if (!scan->continued)
		scan->quote = 0;
	/* Functions end here, whatever macros and conditions did to the count. */
	if (!scan->directive && !starts_in_comment && end > at && *at == '}')
		scan->braces = scan->parentheses = 0;
	if (scan->directive || last == ';' || last == '}')
		scan->closed = true;
	else if (last)
		scan->closed = false;
}

struct sut_bytes sut_lines_stabilise(struct sut_arena *arena, struct sut_bytes before,
				     struct sut_bytes after, size_t *inserted)
{
	struct lines old = split(arena, before), new = split(arena, after);
	const uint32_t *numbers = match(arena, &old, &new);
	char *text = sut_arena_alloc(arena, after.size + new.count *DIRECTIVE_MAX + 1);
	struct scan scan = {.closed = true};
	char *out = text;
	size_t presented = 1; /* the number that the compiler gives to the next line */
	size_t count = 0;

	for (size_t i = 0; i < new.count; i++, presented++) {
		if (numbers[i] && numbers[i] != presented && at_boundary(&scan)) {
			presented = numbers[i];
			out += sprintf(out, "#line %zu\n", presented);
			count++;
		}
		memcpy(out, new.list[i].text, new.list[i].length);
		out += new.list[i].length;
		scan_line(&scan, &new.list[i]);
	}
	*inserted = count;
	return (struct sut_bytes){.data = (unsigned char *)text, .size = (size_t)(out - text)};
}
