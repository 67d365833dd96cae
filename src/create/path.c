// SPDX-License-Identifier: GPL-2.0-or-later
#include "create/path.h"
#include "base/guard.h"

#include <string.h>
#include <unistd.h>

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
