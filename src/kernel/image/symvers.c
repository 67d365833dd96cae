// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/image/symvers.h"

#include <stdlib.h>
#include <string.h>

enum {
	FILE_MAX_SIZE = 64 << 20, /* bytes */
	FIELDS = 5,               /* crc, name, object, kind of export, namespace */
	FIELDS_MIN = 4,
};

static int compare(const void *left, const void *right)
{
	return strcmp(((const struct sut_symver *)left)->name,
		      ((const struct sut_symver *)right)->name);
}

/* The kernel's name of a module: no folder, no '-'. */
static const char *object_name(struct sut_arena *arena, const char *path)
{
	char *name = sut_arena_strdup(arena, sut_base_name(path));

	for (char *c = name; *c; c++)
		if (*c == '-')
			*c = '_';
	return name;
}

static bool read_line(struct sut_arena *arena, char *line, struct sut_symver *symver)
{
	const char *fields[FIELDS] = {0};
	size_t count = 0;
	unsigned long crc;
	char *field, *end;

	while ((field = strsep(&line, "\t"))) {
		if (count == FIELDS)
			return false;
		fields[count++] = field;
	}
	if (count < FIELDS_MIN || strncmp(fields[0], "0x", 2) != 0 || !*fields[1] || !*fields[2])
		return false;
	crc = strtoul(fields[0] + 2, &end, 16);
	if (end == fields[0] + 2 || *end || crc > UINT32_MAX ||
	    strncmp(fields[3], "EXPORT_SYMBOL", strlen("EXPORT_SYMBOL")) != 0)
		return false;
	*symver = (struct sut_symver){
		.name = fields[1],
		.crc = (uint32_t)crc,
		.object = object_name(arena, fields[2]),
		.path = fields[2],
		.gpl = strcmp(fields[3], "EXPORT_SYMBOL_GPL") == 0,
		.space = fields[4] ? fields[4] : "",
	};
	return true;
}

enum sut_rc sut_symvers_parse(struct sut_arena *arena, const char *path, struct sut_bytes text,
			      struct sut_symvers *symvers, struct sut_diag *diag)
{
	struct sut_symvers found = {0};
	size_t capacity = 0, number = 0;
	char *rest = sut_arena_strndup(arena, (const char *)text.data, text.size), *line;

	while ((line = strsep(&rest, "\n"))) {
		struct sut_symver symver;

		number++;
		if (!*line)
			continue;
		if (!read_line(arena, line, &symver))
			return sut_fail(diag, SUT_INVALID, "format",
					"%s:%zu: not \"crc, name, object, EXPORT_SYMBOL...\"", path,
					number);
		SUT_PUSH(arena, found.list, found.count, capacity) = symver;
	}
	if (found.count)
		qsort(found.list, found.count, sizeof(*found.list), compare);
	*symvers = found;
	return SUT_OK;
}

enum sut_rc sut_symvers_load(struct sut_arena *arena, const char *path, struct sut_symvers *symvers,
			     struct sut_diag *diag)
{
	struct sut_bytes text;
	enum sut_rc rc = sut_file_read(arena, path, FILE_MAX_SIZE, &text, diag);

	return rc ? rc : sut_symvers_parse(arena, path, text, symvers, diag);
}

const struct sut_symver *sut_symvers_find(const struct sut_symvers *symvers, const char *name)
{
	const struct sut_symver wanted = {.name = name};

	return symvers->count ? bsearch(&wanted, symvers->list, symvers->count,
					sizeof(*symvers->list), compare)
			      : NULL;
}
