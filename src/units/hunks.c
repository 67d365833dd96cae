// SPDX-License-Identifier: GPL-2.0-or-later
#include "units/hunks.h"

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
	/* Of the header that git writes, if we are in one; they end where their lines do. */
	const char *git, *from, *to;
	enum sut_hunks_origin origin;
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

/* A line of a header of git's: what it says of names is kept. false: the header is over. */
static bool read_git(struct reader *reader)
{
	static const struct {
		const char *start;
		enum sut_hunks_origin origin;
		bool from, to;
	} lines[] = {
		{"rename from ", SUT_HUNKS_RENAMED, .from = true},
		{"rename to ", SUT_HUNKS_RENAMED, .to = true},
		{"copy from ", SUT_HUNKS_COPIED, .from = true},
		{"copy to ", SUT_HUNKS_COPIED, .to = true},
		{.start = "similarity index "},
		{.start = "dissimilarity index "},
		{.start = "old mode "},
		{.start = "new mode "},
		{.start = "index "},
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		if (!at(reader, lines[i].start))
			continue;
		if (lines[i].from)
			reader->from = reader->at + strlen(lines[i].start);
		if (lines[i].to)
			reader->to = reader->at + strlen(lines[i].start);
		if (lines[i].origin)
			reader->origin = lines[i].origin;
		return true;
	}
	return false;
}

static size_t line_length(const struct reader *reader, const char *start)
{
	const char *end = memchr(start, '\n', (size_t)(reader->end - start));

	return (size_t)((end ? end : reader->end) - start);
}

/* "diff --git a/OLD b/NEW" in its two names. Either may have blanks, but their ends are known. */
static bool split_names(const struct reader *reader, struct sut_hunks *file)
{
	size_t length = line_length(reader, reader->git);
	size_t from = line_length(reader, reader->from), to = line_length(reader, reader->to);

	for (size_t i = from; i + to < length; i++) {
		if (reader->git[i] != ' ' || memcmp(reader->git + i - from, reader->from, from) ||
		    memcmp(reader->git + length - to, reader->to, to) != 0)
			continue;
		file->old_name = sut_arena_strndup(reader->arena, reader->git, i);
		file->new_name =
			sut_arena_strndup(reader->arena, reader->git + i + 1, length - i - 1);
		return true;
	}
	return false;
}

/* The header ends. true: what it says is all there is about the file. */
static bool end_git(struct reader *reader, struct sut_hunks *file)
{
	bool whole = reader->git && reader->from && reader->to;

	*file = (struct sut_hunks){.origin = reader->origin, .text = reader->at};
	whole = whole && split_names(reader, file);
	reader->git = reader->from = reader->to = NULL;
	reader->origin = SUT_HUNKS_SAME;
	return whole;
}

/* Goes on to the next file; *found is false when there is none. */
static enum sut_rc next_file(struct reader *reader, struct sut_hunks *file, bool *found)
{
	static const char git[] = "diff --git ";

	for (*found = false; reader->at < reader->end; next_line(reader)) {
		if (starts_file(reader)) {
			enum sut_hunks_origin origin =
				end_git(reader, file) ? file->origin : SUT_HUNKS_SAME;
			enum sut_rc rc = read_file(reader, file);

			file->origin = origin;
			*found = true;
			return rc;
		}
		if (reader->git && read_git(reader))
			continue;
		*found = end_git(reader, file);
		if (*found)
			return SUT_OK;
		if (at(reader, git))
			reader->git = reader->at + strlen(git);
	}
	*found = end_git(reader, file);
	return SUT_OK;
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
	for (;;) {
		struct sut_hunks file;
		bool more;
		enum sut_rc rc = next_file(&reader, &file, &more);

		if (rc)
			return rc;
		if (!more)
			break;
		if (file.count || file.origin)
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
