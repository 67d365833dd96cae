// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Units whose patched side is a C file of its own instead of the unit's source with hunks. It is
 * compiled in the source's place, by the source's command.
 */
#include "units/patched.h"
#include "base/guard.h"
#include "base/io.h"

#include <string.h>
#include <sys/stat.h>

enum { SOURCE_MAX = 64 << 20 /* bytes of a C file */ };

/* The unit that the file is for: its own "#define SUTURE_UNIT "src/acl.c"", or NULL. */
static const char *unit_of(struct sut_arena *arena, struct sut_bytes text)
{
	static const char key[] = "#define SUTURE_UNIT \"";
	const char *from = (const char *)text.data;

	for (; from; from = strchr(from, '\n')) {
		from += *from == '\n';
		if (strncmp(from, key, strlen(key)) == 0)
			return sut_arena_strndup(arena, from + strlen(key),
						 strcspn(from + strlen(key), "\"\n"));
	}
	return NULL;
}

static enum sut_rc take(struct sut_arena *arena, const char *file, const char *folder, size_t i,
			struct sut_patched *patched, struct sut_diag *diag)
{
	struct sut_patched_file *taken = &patched->files[i];
	size_t length = strlen(patched->tree);
	SUT_FREE char *real = NULL;
	struct sut_bytes text, before;
	const char *unit;
	enum sut_rc rc = sut_file_read(arena, file, SOURCE_MAX, &text, diag);

	if (rc)
		return rc;
	unit = unit_of(arena, text);
	if (!unit) {
		sut_fail(diag, SUT_REFUSED, "extract", "%s: does not say which unit it is for",
			 file);
		sut_remedy(diag, "begin it with #define SUTURE_UNIT \"path/in/the/tree.c\"");
		return SUT_REFUSED;
	}
	real = realpath(sut_arena_printf(arena, "%s/%s", patched->tree, unit), NULL);
	if (!real || strncmp(real, patched->tree, length) != 0 || real[length] != '/')
		return sut_fail(diag, SUT_REFUSED, "extract", "%s: is for %s, which is not in %s",
				file, unit, patched->tree);
	*taken = (struct sut_patched_file){
		.path = unit,
		.original = sut_arena_strdup(arena, real),
		.before = sut_arena_printf(arena, "%s/%zu.before", folder, i),
		.after = sut_arena_printf(arena, "%s/%zu.after", folder, i),
	};
	for (size_t k = 0; k < i; k++)
		if (strcmp(patched->files[k].original, taken->original) == 0)
			return sut_fail(diag, SUT_REFUSED, "extract",
					"%s: a second file for %s; put them into one", file, unit);
	rc = sut_file_read(arena, taken->original, SOURCE_MAX, &before, diag);
	if (rc == SUT_OK)
		rc = sut_file_write(taken->before, before.data, before.size, 0600, diag);
	return rc ? rc : sut_file_write(taken->after, text.data, text.size, 0600, diag);
}

enum sut_rc sut_patched_written(struct sut_arena *arena, const struct sut_create_options *options,
				const char *scratch, struct sut_patched *patched,
				struct sut_diag *diag)
{
	const char *folder = sut_arena_printf(arena, "%s/patched", scratch);
	SUT_FREE char *tree = realpath(options->source, NULL);
	struct sut_patched found = {
		.count = options->from_count,
		.files = sut_arena_array(arena, options->from_count, sizeof(*found.files)),
	};
	enum sut_rc rc = SUT_OK;

	if (!tree)
		return sut_fail_errno(diag, "%s: not a source tree", options->source);
	found.tree = sut_arena_strdup(arena, tree);
	if (mkdir(folder, 0700) < 0)
		return sut_fail_errno(diag, "%s", folder);
	for (size_t i = 0; i < found.count && rc == SUT_OK; i++)
		rc = take(arena, options->from[i], folder, i, &found, diag);
	if (rc == SUT_OK)
		*patched = found;
	return rc;
}
