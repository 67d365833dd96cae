// SPDX-License-Identifier: GPL-2.0-or-later
/* Commands that were recorded for a tree at one path, for the tree at another. */
#include "profile/prove.h"
#include "units/compile.h"
#include "base/io.h"

#include <string.h>

struct move {
	struct sut_arena *arena;
	const char *origin, *tree;
};

static const char *map_path(void *context, const char *path)
{
	const struct move *move = context;
	size_t length = strlen(move->origin);

	if (strncmp(path, move->origin, length) != 0 || (path[length] && path[length] != '/'))
		return path;
	return sut_arena_printf(move->arena, "%s%s", move->tree, path + length);
}

const char *sut_profile_path(struct sut_arena *arena, const struct sut_profile *profile,
			     const char *folder, const char *path)
{
	struct move move = {arena, profile->origin, sut_arena_printf(arena, "%s/tree", folder)};

	return map_path(&move, path);
}

enum sut_rc sut_profile_move(struct sut_arena *arena, const struct sut_profile *profile,
			     const char *folder, const struct sut_entry *entry,
			     struct sut_entry *moved, struct sut_diag *diag)
{
	struct move move = {arena, profile->origin, sut_arena_printf(arena, "%s/tree", folder)};
	struct sut_compile_mapping mapping = {.map = map_path, .context = &move, .root = move.tree};
	struct sut_compile compile;
	struct sut_entry result = *entry;
	enum sut_rc rc;

	result.directory = map_path(&move, entry->directory);
	result.path = map_path(&move, entry->path);
	rc = sut_compile_read(arena, result.directory, entry->argc, entry->argv, &compile, diag);
	if (rc)
		return rc;
	result.recorded = entry->argv;
	result.argv = sut_compile_move(arena, &compile, &mapping, profile->origin, &result.argc);
	/* For people: the same wherever the tree is. */
	if (*entry->file == '/' && strncmp(result.path, move.tree, strlen(move.tree)) == 0)
		result.file = result.path + strlen(move.tree) + 1;
	*moved = result;
	return SUT_OK;
}

bool sut_profile_same_file(const struct sut_entry *a, const struct sut_entry *b)
{
	return strcmp(a->path, b->path) == 0 ||
	       (strcmp(a->digest, b->digest) == 0 &&
		strcmp(sut_base_name(a->path), sut_base_name(b->path)) == 0);
}
