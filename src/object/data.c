// SPDX-License-Identifier: GPL-2.0-or-later
/* Where the initial values of two variables differ, for people. */
#include "object/diff.h"

enum { SHOWN = 8 /* bytes from the first difference on */ };

static const unsigned char *content(const struct sut_object *object, const struct sut_def *def)
{
	const unsigned char *data = object->sections[def->section].data;

	return data ? data + def->offset : NULL;
}

static unsigned int byte_at(const unsigned char *data, uint64_t at)
{
	return data ? data[at] : 0;
}

static const char *hex(struct sut_arena *arena, const unsigned char *data, uint64_t from,
		       uint64_t to)
{
	const char *text = "";

	for (uint64_t i = from; i < to; i++)
		text = sut_arena_printf(arena, "%s%s%02x", text, *text ? " " : "",
					byte_at(data, i));
	return text;
}

const char *sut_data_difference(struct sut_arena *arena, const struct sut_object *before,
				const struct sut_def *old, const struct sut_object *after,
				const struct sut_def *new)
{
	const unsigned char *was = content(before, old), *is = content(after, new);
	uint64_t size = old->size < new->size ? old->size : new->size, from = 0, to;

	while (from < size && byte_at(was, from) == byte_at(is, from))
		from++;
	if (from == size)
		return old->size == new->size ? "\nan address in it differs" : "";
	from -= from % sizeof(int);
	to = from + SHOWN < size ? from + SHOWN : size;
	return sut_arena_printf(arena, "\nat %llu: %s -> %s", (unsigned long long)from,
				hex(arena, was, from, to), hex(arena, is, from, to));
}
