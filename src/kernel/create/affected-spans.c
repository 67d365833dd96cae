// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A C file at file scope, by its text alone: it is read before any preprocessor was, for all
 * configurations at once.
 *
 * That cannot be exact, and need not be: a span that is cut wrongly makes too many names or one
 * that nobody uses, and what is found by names is preprocessed and compared afterwards. Care is
 * taken not to lose names: whatever is not understood gives all the words in it.
 */
#include "kernel/create/affected.h"

#include <ctype.h>
#include <string.h>

enum { CONDITIONS_MAX = 64 };

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

static bool starts_with(const char *text, const char *word)
{
	size_t length = strlen(word);

	return strncmp(text, word, length) == 0 && !is_word(text[length]);
}

bool sut_names_add(struct sut_names *names, const char *name, size_t length)
{
	if (!length || isdigit((unsigned char)*name))
		return false;
	for (size_t i = 0; i < names->count; i++)
		if (strncmp(names->list[i], name, length) == 0 && !names->list[i][length])
			return false;
	SUT_PUSH(names->arena, names->list, names->count, names->capacity) =
		sut_arena_strndup(names->arena, name, length);
	return true;
}

/* ---- cutting ---- */

/* The text without comments, with continued lines joined and one blank where there were several.
 */
static char *clean(struct sut_arena *arena, struct sut_bytes text)
{
	const char *at = (const char *)text.data, *end = at + text.size;
	char *out = sut_arena_alloc(arena, text.size + 2), *to = out;
	char quote = 0;

	while (at < end) {
		size_t left = (size_t)(end - at);
		const char *stop = NULL;

		if (left > 1 && at[0] == '\\' && at[1] == '\n') {
			at += 2;
			continue;
		}
		if (!quote && left > 1 && at[0] == '/' && at[1] == '*') {
			stop = memmem(at + 2, left - 2, "*/", 2);
			at = stop ? stop + 2 : end;
			*to++ = ' ';
			continue;
		}
		if (!quote && left > 1 && at[0] == '/' && at[1] == '/') {
			stop = memchr(at, '\n', left);
			at = stop ? stop : end;
			continue;
		}
		if (quote && *at == '\\' && left > 1) {
			*to++ = *at++;
			*to++ = *at++;
			continue;
		}
		if (quote ? *at == quote || *at == '\n' : *at == '"' || *at == '\'')
			quote = quote ? 0 : *at;
		if (!quote && (*at == ' ' || *at == '\t') && to > out &&
		    isspace((unsigned char)to[-1]))
			at++;
		else
			*to++ = *at++;
	}
	*to = '\0';
	return out;
}

struct cutting {
	struct sut_arena *arena;
	struct sut_spans *spans;
	const char *start;
	int depth;
	bool body; /* the brace that is open belongs to a function */
	int conditions;
	int depths[CONDITIONS_MAX]; /* where each #if that is open began */
};

static void end_span(struct cutting *cutting, const char *end, bool body)
{
	while (cutting->start < end && isspace((unsigned char)*cutting->start))
		cutting->start++;
	if (cutting->start < end)
		SUT_PUSH(cutting->arena, cutting->spans->list, cutting->spans->count,
			 cutting->spans->capacity) =
			(struct sut_span){.text = sut_arena_strndup(cutting->arena, cutting->start,
								    (size_t)(end - cutting->start)),
					  .body = body};
	cutting->start = end;
	cutting->body = false;
}

/* Both branches of a condition may open a brace that is closed once. */
static void note_condition(struct cutting *cutting, const char *directive)
{
	directive += strspn(directive, "# \t");
	if (strncmp(directive, "if", 2) == 0) {
		if (cutting->conditions < CONDITIONS_MAX)
			cutting->depths[cutting->conditions] = cutting->depth;
		cutting->conditions++;
	} else if (strncmp(directive, "el", 2) == 0) {
		if (cutting->conditions && cutting->conditions <= CONDITIONS_MAX)
			cutting->depth = cutting->depths[cutting->conditions - 1];
	} else if (strncmp(directive, "endif", 5) == 0 && cutting->conditions) {
		cutting->conditions--;
	}
}

static bool follows_parenthesis(const char *start, const char *brace)
{
	while (brace > start && isspace((unsigned char)brace[-1]))
		brace--;
	return brace > start && brace[-1] == ')';
}

static const char *skip_quoted(const char *at)
{
	char quote = *at++;

	while (*at && *at != quote && *at != '\n')
		at += *at == '\\' && at[1] ? 2 : 1;
	return *at == quote ? at + 1 : at;
}

/* One character at file scope or below. */
static void step(struct cutting *cutting, const char *at)
{
	if (strchr("([", *at)) {
		cutting->depth++;
	} else if (strchr(")]", *at)) {
		cutting->depth--;
	} else if (*at == '{') {
		if (!cutting->depth)
			cutting->body = follows_parenthesis(cutting->start, at);
		cutting->depth++;
	} else if (*at == '}') {
		/* Where functions end, a count that went wrong is right again. */
		cutting->depth = at[-1] == '\n' ? 0 : cutting->depth - 1;
		if (cutting->depth <= 0 && cutting->body)
			end_span(cutting, at + 1, true);
	} else if (*at == ';' && cutting->depth <= 0) {
		end_span(cutting, at + 1, false);
	}
	if (cutting->depth < 0)
		cutting->depth = 0;
}

void sut_spans_cut(struct sut_arena *arena, struct sut_bytes text, struct sut_spans *spans)
{
	const char *at = clean(arena, text);
	struct cutting cutting = {.arena = arena, .spans = spans, .start = at};
	bool line_start = true;

	*spans = (struct sut_spans){0};
	while (*at) {
		if (line_start && *at == '#') {
			const char *end = strchrnul(at, '\n');

			note_condition(&cutting, at);
			if (!cutting.depth) {
				end_span(&cutting, at, false);
				end_span(&cutting, end, false);
			}
			at = end;
		} else if (*at == '"' || *at == '\'') {
			at = skip_quoted(at);
			line_start = false;
		} else {
			line_start = *at == '\n' || (line_start && isspace((unsigned char)*at));
			if (strchr("()[]{};", *at))
				step(&cutting, at);
			at++;
		}
	}
	end_span(&cutting, at, false);
}

/* ---- names ---- */

/* The directive's word, or NULL: it is none. */
static const char *directive_of(const struct sut_span *span)
{
	return *span->text == '#' ? span->text + 1 + strspn(span->text + 1, " \t") : NULL;
}

enum sut_span_reach sut_span_reach(const struct sut_span *span)
{
	const char *directive = directive_of(span);

	if (directive) {
		if (starts_with(directive, "define") || starts_with(directive, "undef"))
			return SUT_SPAN_NAMED;
		return starts_with(directive, "include") ? SUT_SPAN_INCLUDE : SUT_SPAN_CONDITION;
	}
	if (span->body)
		return strstr(span->text, "inline") ? SUT_SPAN_NAMED : SUT_SPAN_INCLUDED;
	/* A prototype, a type; but a variable with a value, or what a macro makes of its call. */
	if (starts_with(span->text, "typedef") || starts_with(span->text, "extern"))
		return SUT_SPAN_NAMED;
	return strchr(span->text, '=') && !starts_with(span->text, "enum") ? SUT_SPAN_INCLUDED
									   : SUT_SPAN_NAMED;
}

static void add_words(struct sut_names *names, const char *text, const char *end)
{
	while (text < end) {
		size_t length = 0;

		while (text + length < end && is_word(text[length]))
			length++;
		sut_names_add(names, text, length);
		text += length ? length : 1;
	}
}

/* The word that ends there, blanks in front of it. */
static void add_word_before(struct sut_names *names, const char *start, const char *end)
{
	const char *word;

	while (end > start && !is_word(end[-1]))
		end--;
	for (word = end; word > start && is_word(word[-1]);)
		word--;
	sut_names_add(names, word, (size_t)(end - word));
}

/* The parenthesis that belongs to the closing one at end - 1. */
static const char *opening(const char *start, const char *end)
{
	int depth = 0;

	while (end > start) {
		end--;
		depth += *end == ')';
		depth -= *end == '(';
		if (!depth)
			return end;
	}
	return start;
}

/* "struct tag { ... } name;", "enum { A, B };": the tag, enumerators, what follows. */
static void add_aggregate(struct sut_names *names, const char *text, const char *brace)
{
	const char *close = strrchr(text, '}');

	add_word_before(names, text, brace);
	if (!close)
		close = text + strlen(text);
	if (strncmp(text, "enum", 4) == 0 || strstr(text, " enum "))
		add_words(names, brace, close);
	add_words(names, close, text + strlen(text));
}

void sut_span_names(const struct sut_span *span, struct sut_names *names)
{
	const char *text = span->text, *end = text + strlen(text);
	const char *directive = directive_of(span), *brace = strchr(text, '{');
	const char *parenthesis = strchr(text, '(');

	if (directive) {
		if (starts_with(directive, "define") || starts_with(directive, "undef")) {
			directive += strcspn(directive, " \t");
			directive += strspn(directive, " \t");
			sut_names_add(names, directive,
				      strspn(directive, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOP"
							"QRSTUVWXYZ0123456789_"));
		}
		return;
	}
	if (span->body && brace) {
		const char *close = brace;

		while (close > text && close[-1] != ')')
			close--;
		add_word_before(names, text, opening(text, close));
		return;
	}
	if (brace && (!parenthesis || brace < parenthesis)) {
		add_aggregate(names, text, brace);
		return;
	}
	/* A prototype has its name in front of a parenthesis; the call of a macro may make names of
	 * all its words. */
	if (parenthesis) {
		const char *word = parenthesis;

		while (word > text && is_word(word[-1]))
			word--;
		if (word == text || isupper((unsigned char)*word) || parenthesis[1] == '*')
			add_words(names, word, end);
		else
			sut_names_add(names, word, (size_t)(parenthesis - word));
		return;
	}
	add_word_before(names, text, strchr(text, '=') ? strchr(text, '=') : end);
}

/* ---- uses ---- */

bool sut_names_in(const struct sut_names *names, const char *text, size_t size)
{
	const char *end = text + size;

	for (size_t i = 0; i < names->count; i++) {
		size_t length = strlen(names->list[i]);
		const char *at = text;

		while ((at = memmem(at, (size_t)(end - at), names->list[i], length))) {
			if ((at == text || !is_word(at[-1])) &&
			    (at + length == end || !is_word(at[length])))
				return true;
			at += length;
		}
	}
	return false;
}

/* A word is beside ##. */
static bool is_pasted(const char *text, const char *word, const char *word_end, const char *end)
{
	while (word_end < end && (*word_end == ' ' || *word_end == '\t'))
		word_end++;
	while (word > text && (word[-1] == ' ' || word[-1] == '\t'))
		word--;
	return (end - word_end > 1 && word_end[0] == '#' && word_end[1] == '#') ||
	       (word - text > 1 && word[-1] == '#' && word[-2] == '#');
}

/* What is missing of each name that begins or ends with the piece. */
static void add_rests(const struct sut_names *names, const char *piece, size_t length,
		      struct sut_names *rests)
{
	for (size_t i = 0; i < names->count; i++) {
		const char *name = names->list[i];
		size_t size = strlen(name);

		if (size <= length)
			continue;
		if (strncmp(name, piece, length) == 0)
			sut_names_add(rests, name + length, size - length);
		if (memcmp(name + size - length, piece, length) == 0)
			sut_names_add(rests, name, size - length);
	}
}

void sut_names_pasted(const struct sut_names *names, const char *text, size_t size,
		      struct sut_names *rests)
{
	const char *end = text + size, *at = text;

	while ((at = memmem(at, (size_t)(end - at), "##", 2))) {
		/* The line, where both words are. */
		const char *line = memrchr(text, '\n', (size_t)(at - text));
		const char *stop = memchr(at, '\n', (size_t)(end - at));

		line = line ? line : text;
		stop = stop ? stop : end;
		for (at = line; at < stop;) {
			size_t length = 0;

			while (at + length < stop && is_word(at[length]))
				length++;
			if (length && is_pasted(text, at, at + length, end))
				add_rests(names, at, length, rests);
			at += length ? length : 1;
		}
	}
}
