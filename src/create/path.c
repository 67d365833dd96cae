// SPDX-License-Identifier: GPL-2.0-or-later
#include "create/path.h"
#include "base/guard.h"

const char *sut_path_resolve(struct sut_arena *arena, const char *directory, const char *file)
{
	const char *path =
		file[0] == '/' ? file : sut_arena_printf(arena, "%s/%s", directory, file);
	SUT_FREE char *real = realpath(path, NULL);

	return sut_arena_strdup(arena, real ? real : path);
}
