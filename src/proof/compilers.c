// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What compilers say of themselves in .comment, a string each; the linker collects them. Start-up
 * files add theirs, so that a name is there says little; that it is not says a lot.
 */
#include "proof/proof.h"

#include <string.h>

static const char *next_string(struct sut_bytes comment, size_t *at)
{
	const char *start = (const char *)comment.data + *at;
	size_t length;

	if (*at >= comment.size)
		return NULL;
	length = strnlen(start, comment.size - *at);
	if (length == comment.size - *at)
		return NULL;
	*at += length + 1;
	return *start ? start : next_string(comment, at);
}

static bool has_string(struct sut_bytes comment, const char *wanted)
{
	const char *string;

	for (size_t at = 0; (string = next_string(comment, &at));)
		if (!strcmp(string, wanted))
			return true;
	return false;
}

void sut_compilers_judge(const struct sut_object *object, const struct sut_target *target,
			 const char *source, struct sut_verdict *verdict)
{
	struct sut_bytes here = {0};
	const char *string, *first;
	size_t start = 0;

	for (size_t i = 1; i < object->section_count; i++) {
		const struct sut_section *section = &object->sections[i];

		if (!strcmp(section->name, ".comment") && section->data)
			here = (struct sut_bytes){.data = section->data, .size = section->size};
	}
	first = next_string(target->comment, &start);
	for (size_t at = 0; first && (string = next_string(here, &at));)
		if (!has_string(target->comment, string))
			sut_warn(
				verdict, "compiler", source,
				"%s was compiled by %s, and %s is compiled by %s here; install the "
				"target's compiler",
				target->name, first, source, string);
}
