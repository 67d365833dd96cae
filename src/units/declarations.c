// SPDX-License-Identifier: GPL-2.0-or-later
/* Whether two preprocessed texts must give the same machine code, one declaration at a time. */
#include "units/tokens.h"

#include <ctype.h>
#include <string.h>

struct cursor {
	const char *at;
	const char *end;
};

struct span {
	const char *text;
	size_t length;
};

static struct cursor start_of(const struct sut_tokens *tokens)
{
	const char *text = (const char *)tokens->text.data;

	return (struct cursor){text, text + tokens->text.size};
}

static const char *skip_quoted(const char *at, const char *end)
{
	char quote = *at++;

	while (at < end && *at != quote)
		at += *at == '\\' && at + 1 < end ? 2 : 1;
	return at < end ? at + 1 : end;
}

/* The next stretch that ends with a semicolon, a body or a directive's line. The parts need not be
 * whole declarations, as long as equal texts are cut alike. */
static bool next_span(struct cursor *cursor, struct span *span)
{
	const char *at = cursor->at, *end = cursor->end;
	int depth = 0;

	while (at < end && isspace((unsigned char)*at))
		at++;
	span->text = at;
	if (at < end && *at == '#') {
		const char *newline = memchr(at, '\n', (size_t)(end - at));

		at = newline ? newline : end;
	} else {
		while (at < end) {
			char c = *at;

			if (c == '"' || c == '\'') {
				at = skip_quoted(at, end);
				continue;
			}
			at++;
			depth += strchr("{([", c) != NULL;
			depth -= strchr("})]", c) != NULL;
			if (depth <= 0 && (c == ';' || c == '}'))
				break;
		}
	}
	span->length = (size_t)(at - span->text);
	cursor->at = at;
	return span->length > 0;
}

static bool is_name(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* How often a name stands in the text as a word; 2 stands for more. */
static unsigned int times_named(const struct sut_tokens *tokens, struct span name)
{
	struct cursor rest = start_of(tokens);
	const char *start = rest.at, *found;
	unsigned int times = 0;

	while (times < 2 &&
	       (found = memmem(rest.at, (size_t)(rest.end - rest.at), name.text, name.length))) {
		const char *after = found + name.length;

		times += (found == start || !is_name(found[-1])) &&
			 (after == rest.end || !is_name(*after));
		rest.at = found + 1;
	}
	return times;
}

static struct span name_before(const char *start, const char *at)
{
	const char *end;

	while (at > start && isspace((unsigned char)at[-1]))
		at--;
	for (end = at; at > start && is_name(at[-1]); at--)
		;
	return (struct span){at, (size_t)(end - at)};
}

/* "TYPE NAME(...);" or "extern TYPE NAME;" */
static bool is_declaration(struct span span, struct span *declared)
{
	const char *at = span.text, *end = at + span.length - 1, *open = NULL;
	int depth = 0;

	if (*end != ';')
		return false;
	for (; at < end; at++) {
		if (strchr("{}=\"'#", *at) || (depth == 0 && *at == ','))
			return false;
		if (*at == '(' && depth++ == 0) {
			/* A second group is an attribute, a typeof, or a pointer to a function. */
			if (open)
				return false;
			open = at;
		}
		depth -= *at == ')';
	}
	if (depth || (open ? end[-1] != ')' && strncmp(end - 2, ") ", 2) != 0
			   : span.length < 7 || strncmp(span.text, "extern ", 7) != 0))
		return false;
	*declared = name_before(span.text, open ? open : end);
	return declared->length && declared->text > span.text;
}

/* Whether a span declares what the other text does not know: nothing there can depend on it. */
static bool is_unknown_to(struct span span, const struct sut_tokens *other)
{
	struct span name;

	return is_declaration(span, &name) && times_named(other, name) == 0;
}

/* Whether both declare the same name, and nothing else in their texts has it. */
static bool is_unused_in_both(struct span was, const struct sut_tokens *before, struct span is,
			      const struct sut_tokens *after)
{
	struct span old, new;

	return is_declaration(was, &old) && is_declaration(is, &new) &&
	       old.length == new.length &&memcmp(old.text, new.text, old.length) == 0 &&
	       times_named(before, old) == 1 && times_named(after, new) == 1;
}

bool sut_tokens_same_code(const struct sut_tokens *before, const struct sut_tokens *after)
{
	struct cursor old = start_of(before), new = start_of(after);
	struct span was, is;
	bool more_old = next_span(&old, &was), more_new = next_span(&new, &is);

	while (more_old || more_new) {
		bool same = more_old && more_new && was.length == is.length &&
			    memcmp(was.text, is.text, was.length) == 0;

		if (same || (more_old && more_new && is_unused_in_both(was, before, is, after))) {
			more_old = next_span(&old, &was);
			more_new = next_span(&new, &is);
		} else if (more_new && is_unknown_to(is, before)) {
			more_new = next_span(&new, &is);
		} else if (more_old && is_unknown_to(was, after)) {
			more_old = next_span(&old, &was);
		} else {
			return false;
		}
	}
	return true;
}
