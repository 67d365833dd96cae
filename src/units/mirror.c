// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How a patched copy of a tree is compiled as if it stood in the tree's place.
 *
 * What a compiler makes of a source depends on where it lies: "server.h" is looked for beside the
 * including file, -I paths are relative to the working folder, __FILE__ and thus asserts hold the
 * names as they were written. A copy of one file somewhere else gets all of this wrong, and search
 * paths cannot put it right for a patched header that is included by an unpatched one beside it.
 *
 * So each side, before and after, gets a shadow of the whole path. ROOT stands for "/";
 * ROOT/path/to/tree is a folder, every file in it a link to the tree's, and the files that the
 * patch touches are copies. Above the tree, ROOT, ROOT/path and ROOT/path/to hold links to
 * everything that is really there. The compiler runs in ROOT/path/to/tree/src with the recorded
 * relative arguments: includes, "..", include guards and __FILE__ come out by themselves. Compilers
 * take the folder of an included file from its name, not from where a link leads. Absolute paths
 * into the tree get ROOT in front, and -ffile-prefix-map=ROOT= takes it off again in what the
 * compiler writes.
 *
 * ".." below a link to a folder leads back to the real tree and to unpatched files. So folders that
 * lead to a patched file or to where a compiler runs are folders in the mirror as well. The others
 * are links at first, for a large tree has thousands of files; the caller sees from the names of
 * what was read whether a compiler got out by one of them, and asks for the whole tree then.
 * Folders outside the tree are links in any case.
 */
#include "units/mirror.h"
#include "base/guard.h"
#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

enum { SOURCE_MAX = 64 << 20, DEPTH_MAX = 128 };

struct making {
	struct sut_mirror *mirror;
	const struct sut_patched *patched;
	bool whole;
	const char *const *folders;
	size_t folder_count;
	const char *scratch;
	struct sut_diag *diag;
};

static bool is_below(const char *path, const char *folder)
{
	size_t length = strlen(folder);

	return strncmp(path, folder, length) == 0 && (path[length] == '/' || !path[length]);
}

static bool is_folder(const struct sut_mirror *mirror, const char *path)
{
	for (size_t i = 0; i < mirror->folder_count; i++)
		if (strcmp(mirror->folders[i], path) == 0)
			return true;
	return false;
}

const char *sut_mirror_path(struct sut_mirror *mirror, const char *path)
{
	const char *plain = path;
	size_t length = strlen(path);

	while (length > 1 && path[length - 1] == '/')
		length--;
	if (path[length])
		plain = sut_arena_strndup(mirror->arena, path, length);
	if (is_below(plain, mirror->tree) ||
	    is_folder(mirror, *plain == '/' && !plain[1] ? "" : plain))
		return sut_arena_printf(mirror->arena, "%s%s", mirror->root, path);
	return path;
}

/* A link that leads into the tree leads to the same place on our side. */
static const char *link_text(struct making *making, int folder, const char *name)
{
	char text[4096];
	ssize_t length = readlinkat(folder, name, text, sizeof(text) - 1);

	if (length < 0)
		return NULL;
	text[length] = '\0';
	if (text[0] == '/' && is_below(text, making->mirror->tree))
		return sut_arena_printf(making->mirror->arena, "%s%s", making->mirror->root, text);
	return sut_arena_strdup(making->mirror->arena, text);
}

static bool is_left_out(struct making *making, const char *path, const char *name)
{
	static const char *const names[] = {".", "..", ".git", ".hg", ".svn", ".pc"};

	for (size_t i = 0; i < SUT_ARRAY_SIZE(names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return strcmp(path, making->scratch) == 0;
}

static unsigned char type_of(int folder, const struct dirent *entry)
{
	struct stat st;

	if (entry->d_type != DT_UNKNOWN)
		return entry->d_type;
	if (fstatat(folder, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return DT_UNKNOWN;
	return IFTODT(st.st_mode);
}

/* Whether a folder of the tree must be one in the mirror. */
static bool is_needed(const struct making *making, const char *folder)
{
	bool needed = making->whole;

	for (size_t i = 0; i < making->patched->count && !needed; i++)
		needed = is_below(making->patched->files[i].original, folder);
	for (size_t i = 0; i < making->folder_count && !needed; i++)
		needed = is_below(making->folders[i], folder);
	return needed;
}

/* Mirrors a folder of the tree with what is below it. */
static enum sut_rc mirror_tree(struct making *making, const char *from, unsigned int depth)
{
	struct sut_arena *arena = making->mirror->arena;
	const char *to = sut_arena_printf(arena, "%s%s", making->mirror->root, from);
	SUT_CLOSEDIR DIR *dir = opendir(from);
	struct dirent *entry;

	if (depth == DEPTH_MAX)
		return sut_fail(making->diag, SUT_UNSUPPORTED, "overlay",
				"%s: folders are nested too deeply", from);
	if (!dir || (mkdir(to, 0700) < 0 && errno != EEXIST))
		return sut_fail_errno(making->diag, "%s: cannot be mirrored", from);
	while ((entry = readdir(dir))) {
		const char *path = sut_arena_printf(arena, "%s/%s", from, entry->d_name);
		unsigned char type = type_of(dirfd(dir), entry);
		const char *text = path;
		enum sut_rc rc;

		if (is_left_out(making, path, entry->d_name))
			continue;
		if (type == DT_DIR && is_needed(making, path)) {
			rc = mirror_tree(making, path, depth + 1);
			if (rc)
				return rc;
			continue;
		}
		if (type == DT_LNK)
			text = link_text(making, dirfd(dir), entry->d_name);
		if (text && symlink(text, sut_arena_printf(arena, "%s/%s", to, entry->d_name)) < 0)
			return sut_fail_errno(making->diag, "%s: cannot be mirrored", path);
	}
	return SUT_OK;
}

/* Fills a folder above or beside the tree with links; what is mirrored itself is left out. What
 * cannot be listed cannot be included by name from there either way, or is found by its real path.
 */
static enum sut_rc mirror_folder(struct making *making, const char *from)
{
	struct sut_arena *arena = making->mirror->arena;
	SUT_CLOSEDIR DIR *dir = opendir(*from ? from : "/");
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		const char *path = sut_arena_printf(arena, "%s/%s", from, entry->d_name);

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (is_folder(making->mirror, path) || strcmp(path, making->mirror->tree) == 0)
			continue;
		if (symlink(path, sut_arena_printf(arena, "%s%s", making->mirror->root, path)) < 0)
			return sut_fail_errno(making->diag, "%s: cannot be mirrored", path);
	}
	return SUT_OK;
}

/* Adds a folder and those above it, the highest first; "" is "/". */
static enum sut_rc add_folders(struct making *making, const char *path)
{
	struct sut_mirror *mirror = making->mirror;
	const char *slash = path;

	do {
		const char *folder;

		slash = *slash ? strchrnul(slash + 1, '/') : slash;
		folder = sut_arena_strndup(mirror->arena, path, (size_t)(slash - path));
		if (is_below(folder, mirror->tree) || is_folder(mirror, folder))
			continue;
		SUT_PUSH(mirror->arena, mirror->folders, mirror->folder_count,
			 mirror->folder_capacity) = folder;
		if (mkdir(sut_arena_printf(mirror->arena, "%s%s", mirror->root, folder), 0700) < 0)
			return sut_fail_errno(making->diag, "%s: cannot be mirrored", folder);
	} while (*slash);
	return SUT_OK;
}

static enum sut_rc make_parents(struct making *making, const char *path)
{
	size_t skip = strlen(making->mirror->root) + strlen(making->mirror->tree) + 1;

	for (const char *slash = strchr(path + skip, '/'); slash; slash = strchr(slash + 1, '/')) {
		const char *folder =
			sut_arena_strndup(making->mirror->arena, path, (size_t)(slash - path));

		if (mkdir(folder, 0700) < 0 && errno != EEXIST)
			return sut_fail_errno(making->diag, "%s: cannot be made", folder);
	}
	return SUT_OK;
}

static enum sut_rc place_file(struct making *making, const struct sut_patched_file *file,
			      const char *copy)
{
	struct sut_mirror *mirror = making->mirror;
	const char *to = sut_arena_printf(mirror->arena, "%s%s", mirror->root, file->original);
	struct sut_bytes text;
	enum sut_rc rc;

	if (unlink(to) < 0 && errno != ENOENT)
		return sut_fail_errno(making->diag, "%s: cannot be replaced", to);
	if (!copy)
		return SUT_OK;
	rc = make_parents(making, to);
	if (rc == SUT_OK)
		rc = sut_file_read(mirror->arena, copy, SOURCE_MAX, &text, making->diag);
	return rc ? rc : sut_file_write(to, text.data, text.size, 0600, making->diag);
}

enum sut_rc sut_mirror_make(struct sut_arena *arena, const struct sut_patched *patched,
			    enum sut_side side, bool whole, const char *const *folders,
			    size_t folder_count, const char *scratch, struct sut_mirror *mirror,
			    struct sut_diag *diag)
{
	struct sut_mirror made = {
		.arena = arena,
		.tree = patched->tree,
		.root = sut_arena_printf(arena, "%s/%s%s", scratch, whole ? "whole-" : "",
					 side == SUT_SIDE_BEFORE ? "before" : "after"),
	};
	struct making making = {
		.mirror = &made,
		.patched = patched,
		.whole = whole,
		.folders = folders,
		.folder_count = folder_count,
		.scratch = scratch,
		.diag = diag,
	};
	const char *slash = strrchr(patched->tree, '/');
	enum sut_rc rc = add_folders(&making, "");

	if (rc == SUT_OK && slash > patched->tree)
		rc = add_folders(&making, sut_arena_strndup(arena, patched->tree,
							    (size_t)(slash - patched->tree)));
	for (size_t i = 0; i < folder_count && rc == SUT_OK; i++)
		rc = add_folders(&making, folders[i]);
	for (size_t i = 0; i < made.folder_count && rc == SUT_OK; i++)
		rc = mirror_folder(&making, made.folders[i]);
	if (rc == SUT_OK)
		rc = mirror_tree(&making, patched->tree, 0);
	for (size_t i = 0; i < patched->count && rc == SUT_OK; i++)
		rc = place_file(&making, &patched->files[i],
				side == SUT_SIDE_BEFORE ? patched->files[i].before
							: patched->files[i].after);
	if (rc)
		return rc;
	*mirror = made;
	return SUT_OK;
}
