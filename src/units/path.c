// SPDX-License-Identifier: GPL-2.0-or-later
#include "units/path.h"
#include "base/guard.h"
#include "base/io.h"

#include <string.h>
#include <unistd.h>

enum { SOURCE_MAX = 64 << 20 /* bytes */ };

const char *sut_path_resolve(struct sut_arena *arena, const char *directory, const char *file)
{
	const char *path =
		file[0] == '/' ? file : sut_arena_printf(arena, "%s/%s", directory, file);
	SUT_FREE char *real = realpath(path, NULL);

	return sut_arena_strdup(arena, real ? real : path);
}

const char *sut_path_program(struct sut_arena *arena, const char *name)
{
	const char *path = getenv("PATH");
	char *rest = sut_arena_strdup(arena, path ? path : "/usr/bin:/bin"), *folder;

	if (strchr(name, '/'))
		return access(name, X_OK) == 0 ? name : NULL;
	while ((folder = strsep(&rest, ":"))) {
		const char *file = sut_arena_printf(arena, "%s/%s", *folder ? folder : ".", name);

		if (access(file, X_OK) == 0)
			return file;
	}
	return NULL;
}

bool sut_path_same_content(const char *a, const char *b)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_bytes left, right;
	struct sut_diag unused = {0};

	return access(b, R_OK) == 0 && !sut_file_read(&arena, a, SOURCE_MAX, &left, &unused) &&
	       !sut_file_read(&arena, b, SOURCE_MAX, &right, &unused) && left.size == right.size &&
	       memcmp(left.data, right.data, left.size) == 0;
}

bool sut_path_same_source(const char *a, const char *b)
{
	return strcmp(a, b) == 0 ||
	       (strcmp(sut_base_name(a), sut_base_name(b)) == 0 && sut_path_same_content(a, b));
}
