// SPDX-License-Identifier: GPL-2.0-or-later
/* Whether two preprocessed texts must give the same machine code, one declaration at a time. */
#include "create/tokens.h"

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

/* Whether name stands somewhere in the text as a word. */
static bool is_named(const struct sut_tokens *tokens, struct span name)
{
	struct cursor rest = start_of(tokens);
	const char *start = rest.at, *found;

	while ((found = memmem(rest.at, (size_t)(rest.end - rest.at), name.text, name.length))) {
		const char *after = found + name.length;

		if ((found == start || !is_name(found[-1])) &&
		    (after == rest.end || !is_name(*after)))
			return true;
		rest.at = found + 1;
	}
	return false;
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

/* "TYPE NAME(...);" or "extern TYPE NAME;" with a name that the other side does not know. */
static bool is_unused_declaration(struct span span, const struct sut_tokens *before)
{
	const char *at = span.text, *end = at + span.length - 1, *open = NULL;
	struct span name;
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
	name = name_before(span.text, open ? open : end);
	return name.length && name.text > span.text && !is_named(before, name);
}

bool sut_tokens_same_code(const struct sut_tokens *before, const struct sut_tokens *after)
{
	struct cursor old = start_of(before), new = start_of(after);
	struct span was, is;
	bool more = next_span(&old, &was);

	if (before->text.size == after->text.size &&
	    memcmp(before->text.data, after->text.data, before->text.size) == 0)
		return true;
	while (next_span(&new, &is)) {
		if (more && was.length == is.length && memcmp(was.text, is.text, was.length) == 0)
			more = next_span(&old, &was);
		else if (!is_unused_declaration(is, before))
			return false;
	}
	return !more;
}
