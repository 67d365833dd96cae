// SPDX-License-Identifier: GPL-2.0-or-later
#include "units/tokens.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { PREPROCESSED_MAX = 512 << 20 /* bytes */ };

struct names {
	size_t count, capacity;
	const char **list;
};

/* A line marker: # LINE "NAME" FLAGS. Returns the start of the quoted name, or NULL. */
static const char *marker_name(const char *at, const char *end)
{
	if (end - at < 6 || at[0] != '#' || at[1] != ' ' || !isdigit((unsigned char)at[2]))
		return NULL;
	for (at += 2; at < end && isdigit((unsigned char)*at); at++)
		;
	return end - at > 2 && at[0] == ' ' && at[1] == '"' ? at + 2 : NULL;
}

static void add_name(struct sut_arena *arena, struct names *names, const char *at, const char *end)
{
	char *name = sut_arena_alloc(arena, (size_t)(end - at) + 1);
	size_t length = 0;

	for (; at < end && *at != '"'; at++) {
		if (*at == '\\' && at + 1 < end)
			at++;
		name[length++] = *at;
	}
	SUT_PUSH(arena, names->list, names->count, names->capacity) = name;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void sort_names(struct names *names)
{
	size_t kept = 0;

	qsort(names->list, names->count, sizeof(*names->list), compare_names);
	for (size_t i = 0; i < names->count; i++)
		if (!kept || strcmp(names->list[kept - 1], names->list[i]) != 0)
			names->list[kept++] = names->list[i];
	names->count = kept;
}

/* Appends a line with its blanks joined; inside quotes every blank counts. */
static char *copy_line(char *out, const char *start, const char *at, const char *end)
{
	char quote = 0;

	for (; at < end; at++) {
		if (!quote && isspace((unsigned char)*at)) {
			if (out > start && !isspace((unsigned char)out[-1]))
				*out++ = ' ';
			continue;
		}
		*out++ = *at;
		if (quote && *at == '\\' && at + 1 < end)
			*out++ = *++at;
		else if (quote && *at == quote)
			quote = 0;
		else if (!quote && (*at == '"' || *at == '\''))
			quote = *at;
	}
	return out;
}

enum sut_rc sut_tokens_read(struct sut_arena *arena, const char *path, struct sut_tokens *tokens,
			    struct sut_diag *diag)
{
	struct names names = {0};
	struct sut_bytes text;
	enum sut_rc rc = sut_file_read(arena, path, PREPROCESSED_MAX, &text, diag);
	const char *at, *end, *last = NULL;
	char *start, *out;

	if (rc)
		return rc;
	at = (const char *)text.data;
	end = at + text.size;
	start = out = sut_arena_alloc(arena, 2 * text.size + 2);
	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		const char *stop = newline ? newline : end;
		const char *name = marker_name(at, stop);

		if (name) {
			/* Most markers name the file of the one before. */
			if (!last || strncmp(name, last, (size_t)(stop - name)) != 0)
				add_name(arena, &names, name, stop);
			last = name;
		} else {
			/* A pragma ends with its line; any other line may as well go on. */
			bool directive = *at == '#';

			if (directive)
				*out++ = '\n';
			out = copy_line(out, start, at, stop);
			*out++ = directive ? '\n' : ' ';
			while (out - start > 1 && out[-1] == ' ' && isspace((unsigned char)out[-2]))
				out--;
		}
		at = newline ? newline + 1 : end;
	}
	sort_names(&names);
	*tokens = (struct sut_tokens){
		.text = {.data = (unsigned char *)start, .size = (size_t)(out - start)},
		.name_count = names.count,
		.names = names.list,
	};
	return SUT_OK;
}
