// SPDX-License-Identifier: GPL-2.0-or-later
#include "create/hunks.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct reader {
	struct sut_arena *arena;
	const char *name;
	const char *at;  /* start of the current line */
	const char *end; /* of the diff */
	size_t line;
	struct sut_diag *diag;
};

static const char *line_end(const struct reader *reader)
{
	const char *newline = memchr(reader->at, '\n', (size_t)(reader->end - reader->at));

	return newline ? newline : reader->end;
}

static void next_line(struct reader *reader)
{
	const char *end = line_end(reader);

	reader->at = end < reader->end ? end + 1 : end;
	reader->line++;
}

/* The text ends with a zero byte, so a comparison stops there. */
static bool at(const struct reader *reader, const char *start)
{
	return strncmp(reader->at, start, strlen(start)) == 0;
}

static enum sut_rc wrong(struct reader *reader, const char *what)
{
	return sut_fail(reader->diag, SUT_INVALID, "patch", "%s:%zu: %s", reader->name,
			reader->line, what);
}

/* The name of a "--- name<TAB>date" line; NULL for /dev/null. */
static const char *file_name(struct reader *reader)
{
	const char *start = reader->at + 4, *end = line_end(reader);
	const char *tab = memchr(start, '\t', (size_t)(end - start));
	char *name;

	if (tab)
		end = tab;
	while (end > start && isspace((unsigned char)end[-1]))
		end--;
	name = sut_arena_strndup(reader->arena, start, (size_t)(end - start));
	return strcmp(name, "/dev/null") == 0 ? NULL : name;
}

/* The count in "12,7" or "12", which stands for 12,1. */
static bool read_range(const char **p, unsigned long *count)
{
	char *end;

	if (!isdigit((unsigned char)**p))
		return false;
	strtoul(*p, &end, 10);
	*count = 1;
	if (*end == ',') {
		if (!isdigit((unsigned char)end[1]))
			return false;
		*count = strtoul(end + 1, &end, 10);
	}
	*p = end;
	return true;
}

/* Reads "@@ -1,7 +1,8 @@" and the lines that it announces. */
static enum sut_rc read_hunk(struct reader *reader)
{
	const char *p = reader->at + strlen("@@ -");
	unsigned long before, after;

	if (!read_range(&p, &before) || strncmp(p, " +", 2) != 0)
		return wrong(reader, "a hunk starts with @@ -LINE,COUNT +LINE,COUNT @@");
	p += 2;
	if (!read_range(&p, &after) || strncmp(p, " @@", 3) != 0)
		return wrong(reader, "a hunk starts with @@ -LINE,COUNT +LINE,COUNT @@");
	next_line(reader);
	while (before || after || at(reader, "\\")) {
		char kind = reader->at < reader->end ? *reader->at : 0;

		/* Mail programs cut the blank of an empty context line. */
		if (kind == '\n' || kind == '\r')
			kind = ' ';
		if (!kind || !strchr(" +-\\", kind))
			return wrong(reader, "a line of a hunk starts with blank, + or -");
		if ((strchr(" -", kind) && !before) || (strchr(" +", kind) && !after))
			return wrong(reader, "the hunk has more lines than it says");
		before -= strchr(" -", kind) != NULL;
		after -= strchr(" +", kind) != NULL;
		next_line(reader);
	}
	return SUT_OK;
}

static enum sut_rc read_file(struct reader *reader, struct sut_hunks *file)
{
	*file = (struct sut_hunks){.old_name = file_name(reader)};
	next_line(reader);
	file->new_name = file_name(reader);
	next_line(reader);
	if (!file->old_name && !file->new_name)
		return wrong(reader, "a file from /dev/null to /dev/null");
	file->text = reader->at;
	while (at(reader, "@@ -")) {
		enum sut_rc rc = read_hunk(reader);

		if (rc)
			return rc;
		file->count++;
	}
	file->size = (size_t)(reader->at - file->text);
	return SUT_OK;
}

static bool starts_file(const struct reader *reader)
{
	const char *end = line_end(reader);

	return at(reader, "--- ") && end < reader->end && strncmp(end + 1, "+++ ", 4) == 0;
}

enum sut_rc sut_hunks_find(struct sut_arena *arena, const char *name, struct sut_bytes diff,
			   struct sut_hunks **files, size_t *count, struct sut_diag *diag)
{
	struct reader reader = {
		.arena = arena,
		.name = name,
		.at = (const char *)diff.data,
		.end = (const char *)diff.data + diff.size,
		.line = 1,
		.diag = diag,
	};
	struct sut_hunks *found = NULL;
	size_t found_count = 0, capacity = 0;

	if (memchr(diff.data, 0, diff.size))
		return sut_fail(diag, SUT_INVALID, "patch", "%s: not a text file", name);
	while (reader.at < reader.end) {
		struct sut_hunks file;
		enum sut_rc rc;

		if (!starts_file(&reader)) {
			next_line(&reader);
			continue;
		}
		rc = read_file(&reader, &file);
		if (rc)
			return rc;
		if (file.count)
			SUT_PUSH(arena, found, found_count, capacity) = file;
	}
	if (!found_count)
		return sut_fail(diag, SUT_INVALID, "patch",
				"%s: not a unified diff (as diff -u or git diff write it)", name);
	*files = found;
	*count = found_count;
	return SUT_OK;
}

const char *sut_hunks_strip(const char *name, unsigned int level)
{
	for (; level; level--) {
		name = strchr(name, '/');
		if (!name)
			return NULL;
		name += strspn(name, "/");
	}
	if (*name == '/' || !*name)
		return NULL;
	for (const char *part = name; part; part = strchr(part, '/')) {
		part += strspn(part, "/");
		if (strncmp(part, "..", 2) == 0 && (!part[2] || part[2] == '/'))
			return NULL;
	}
	return name;
}
