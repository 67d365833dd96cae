// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Trees that a build makes copies of itself in.
 *
 * Debian's nginx copies its sources to a folder for each flavour and compiles there. A patch names
 * the original, which no command compiles. Such folders are found by what is compiled in them: a
 * file whose path ends like that of another one of the tree and which has the same content. What
 * the patch changes is then changed in the copies, too, where they are still the same.
 */
#include "units/path.h"
#include "units/work.h"
#include "base/guard.h"

#include <string.h>

struct copies {
	struct sut_work *work;
	size_t count, capacity;
	const char **folders; /* relative to the tree */
};

static bool is_known(const struct copies *copies, const char *path)
{
	for (size_t i = 0; i < copies->count; i++) {
		size_t length = strlen(copies->folders[i]);

		if (strncmp(copies->folders[i], path, length) == 0 && path[length] == '/')
			return true;
	}
	return false;
}

/* The folder that a compiled file shows to be a copy of the tree: the outermost one. */
static void find_folder(struct copies *copies, const char *path)
{
	struct sut_arena *arena = copies->work->arena;
	const char *tree = copies->work->patched.tree;
	size_t length = strlen(tree);
	const char *relative = path + length + 1;

	if (strncmp(path, tree, length) != 0 || path[length] != '/' || is_known(copies, relative))
		return;
	for (const char *slash = strchr(relative, '/'); slash; slash = strchr(slash + 1, '/')) {
		if (!sut_path_same_content(path, sut_arena_printf(arena, "%s%s", tree, slash)))
			continue;
		SUT_PUSH(arena, copies->folders, copies->count, copies->capacity) =
			sut_arena_strndup(arena, relative, (size_t)(slash - relative));
		return;
	}
}

static bool is_patched(const struct sut_patched *patched, const char *path)
{
	for (size_t i = 0; i < patched->count; i++)
		if (strcmp(patched->files[i].original, path) == 0)
			return true;
	return false;
}

/* The folder that a file lies in. */
static bool has_folder(struct sut_arena *arena, const char *path)
{
	return access(sut_arena_strndup(arena, path, (size_t)(strrchr(path, '/') - path)), F_OK) ==
	       0;
}

/* A file that the patch makes is made in the copies as well, where its folder is. */
static bool is_wanted(struct sut_work *work, const struct sut_patched_file *file, const char *path)
{
	if (is_patched(&work->patched, path))
		return false;
	if (file->before)
		return sut_path_same_content(file->original, path);
	return access(path, F_OK) < 0 && has_folder(work->arena, path);
}

void sut_work_patch_copies(struct sut_work *work)
{
	struct copies copies = {.work = work};
	struct sut_patched *patched = &work->patched;
	size_t count = patched->count, capacity = 0;
	struct sut_patched_file *files = NULL;

	for (size_t i = 0; i < work->database.count; i++)
		find_folder(&copies, work->database.entries[i].path);
	if (!copies.count)
		return;
	patched->count = 0;
	for (size_t i = 0; i < count; i++)
		SUT_PUSH(work->arena, files, patched->count, capacity) = patched->files[i];
	patched->files = files;
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < copies.count; k++) {
			const char *path = sut_arena_printf(work->arena, "%s/%s", copies.folders[k],
							    patched->files[i].path);
			struct sut_patched_file copy = patched->files[i];

			copy.original = sut_arena_printf(work->arena, "%s/%s", patched->tree, path);
			if (!is_wanted(work, &patched->files[i], copy.original))
				continue;
			copy.path = path;
			copy.copy_of = i + 1;
			SUT_PUSH(work->arena, patched->files, patched->count, capacity) = copy;
		}
}
