// SPDX-License-Identifier: GPL-2.0-or-later
#include "profile/tree.h"
#include "profile/cache.h"
#include "base/guard.h"
#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>

enum {
	CHUNK = 1 << 16,
	LINK_MAX_LENGTH = 4096,
};

static void close_fts(FTS **fts)
{
	if (*fts)
		fts_close(*fts);
}

#define FTS_GUARD __attribute__((cleanup(close_fts)))

static FTS *open_fts(const char *folder)
{
	char *const paths[] = {(char *)folder, NULL};

	return fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, NULL);
}

static int compare_files(const void *a, const void *b)
{
	return strcmp(((const struct sut_tree_file *)a)->path,
		      ((const struct sut_tree_file *)b)->path);
}

enum sut_rc sut_tree_list(struct sut_arena *arena, const char *folder, struct sut_tree *tree,
			  struct sut_diag *diag)
{
	FTS_GUARD FTS *fts = open_fts(folder);
	size_t skip = strlen(folder) + 1;
	struct sut_tree found = {0};
	FTSENT *entry;

	while (fts && (entry = fts_read(fts))) {
		if (entry->fts_info == FTS_DNR || entry->fts_info == FTS_ERR ||
		    entry->fts_info == FTS_NS) {
			errno = entry->fts_errno;
			return sut_fail_errno(diag, "%s", entry->fts_path);
		}
		if (entry->fts_info != FTS_F && entry->fts_info != FTS_SL &&
		    entry->fts_info != FTS_SLNONE)
			continue;
		SUT_PUSH(arena, found.files, found.count, found.capacity) = (struct sut_tree_file){
			.path = sut_arena_strdup(arena, entry->fts_path + skip),
			.link = entry->fts_info != FTS_F,
			.size = (uint64_t)entry->fts_statp->st_size,
			.space = 512 * (uint64_t)entry->fts_statp->st_blocks,
		};
	}
	if (!fts || errno)
		return sut_fail_errno(diag, "%s: cannot be listed", folder);
	if (found.count)
		qsort(found.files, found.count, sizeof(*found.files), compare_files);
	*tree = found;
	return SUT_OK;
}

/* Where the kernel cannot copy by itself. */
static bool copy_chunks(int in, int out)
{
	char chunk[CHUNK];
	ssize_t n;

	while ((n = read(in, chunk, sizeof(chunk))) > 0)
		for (ssize_t done = 0, m; done < n; done += m) {
			m = write(out, chunk + done, (size_t)(n - done));
			if (m < 0)
				return false;
		}
	return n == 0;
}

static enum sut_rc copy_file(const char *from, const char *to, mode_t mode, struct sut_diag *diag)
{
	SUT_CLOSE int in = open(from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	SUT_CLOSE int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
				 (mode & 0755) | S_IRUSR | S_IWUSR);
	ssize_t n;

	if (in < 0)
		return sut_fail_errno(diag, "%s: cannot be read", from);
	if (out < 0)
		return sut_fail_errno(diag, "%s: cannot be made", to);
	while ((n = copy_file_range(in, NULL, out, NULL, 1 << 30, 0)) > 0)
		;
	if (n < 0 && (errno == EXDEV || errno == EINVAL || errno == EOPNOTSUPP))
		n = copy_chunks(in, out) ? 0 : -1;
	return n < 0 ? sut_fail_errno(diag, "%s: cannot be copied to %s", from, to) : SUT_OK;
}

static enum sut_rc copy_link(const char *from, const char *to, struct sut_diag *diag)
{
	char text[LINK_MAX_LENGTH];
	ssize_t length = readlink(from, text, sizeof(text) - 1);

	if (length < 0)
		return sut_fail_errno(diag, "%s: cannot be read", from);
	text[length] = '\0';
	return symlink(text, to) < 0 ? sut_fail_errno(diag, "%s: cannot be made", to) : SUT_OK;
}

static bool is_version_control(const char *name)
{
	static const char *const names[] = {".git", ".hg", ".svn", ".bzr"};

	for (size_t i = 0; i < SUT_ARRAY_SIZE(names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

/* Sockets, fifos and devices are left out: no compiler reads them. */
static enum sut_rc copy_entry(FTS *fts, FTSENT *entry, const char *to, struct sut_diag *diag)
{
	switch (entry->fts_info) {
	case FTS_D:
		if (entry->fts_level && is_version_control(entry->fts_name)) {
			fts_set(fts, entry, FTS_SKIP);
			return SUT_OK;
		}
		if (mkdir(to, 0700) < 0)
			return sut_fail_errno(diag, "%s: cannot be made", to);
		return sut_cache_interrupted(diag);
	case FTS_F:
		return copy_file(entry->fts_accpath, to, entry->fts_statp->st_mode, diag);
	case FTS_SL:
	case FTS_SLNONE:
		return copy_link(entry->fts_accpath, to, diag);
	case FTS_DNR:
	case FTS_ERR:
	case FTS_NS:
		errno = entry->fts_errno;
		return sut_fail_errno(diag, "%s", entry->fts_path);
	default:
		return SUT_OK;
	}
}

enum sut_rc sut_tree_copy(struct sut_arena *arena, const char *from, const char *to,
			  struct sut_diag *diag)
{
	FTS_GUARD FTS *fts = open_fts(from);
	size_t skip = strlen(from);
	FTSENT *entry;

	if (!fts)
		return sut_fail_errno(diag, "%s: cannot be listed", from);
	while ((entry = fts_read(fts))) {
		const char *place = sut_arena_printf(arena, "%s%s", to, entry->fts_path + skip);
		enum sut_rc rc = copy_entry(fts, entry, place, diag);

		if (rc)
			return rc;
	}
	return errno ? sut_fail_errno(diag, "%s: cannot be listed", from) : SUT_OK;
}

/* "../" for each folder that the path is in. */
static const char *way_up(struct sut_arena *arena, const char *path)
{
	const char *up = "";

	for (; (path = strchr(path, '/')); path++)
		up = sut_arena_printf(arena, "%s../", up);
	return up;
}

enum sut_rc sut_tree_relink(struct sut_arena *arena, const char *folder, const char *origin,
			    struct sut_diag *diag)
{
	size_t length = strlen(origin);
	struct sut_tree tree;
	enum sut_rc rc = sut_tree_list(arena, folder, &tree, diag);

	for (size_t i = 0; i < tree.count && rc == SUT_OK; i++) {
		const char *path = sut_arena_printf(arena, "%s/%s", folder, tree.files[i].path);
		char text[LINK_MAX_LENGTH];
		ssize_t size = tree.files[i].link ? readlink(path, text, sizeof(text) - 1) : 0;

		if (size <= 0)
			continue;
		text[size] = '\0';
		if (strncmp(text, origin, length) != 0 || text[length] != '/')
			continue;
		if (unlink(path) < 0 ||
		    symlink(sut_arena_printf(arena, "%s%s", way_up(arena, tree.files[i].path),
					     text + length + 1),
			    path) < 0)
			rc = sut_fail_errno(diag, "%s: cannot be replaced", path);
	}
	return rc;
}

enum sut_rc sut_file_digest(const char *path, unsigned char digest[static 32],
			    struct sut_diag *diag)
{
	SUT_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	crypto_hash_sha256_state state;
	unsigned char chunk[CHUNK];
	ssize_t n;

	if (fd < 0) {
		enum sut_rc rc = sut_fail_errno(diag, "%s", path);

		return errno == ENOENT ? SUT_GONE : rc;
	}
	crypto_hash_sha256_init(&state);
	while ((n = read(fd, chunk, sizeof(chunk))) > 0)
		crypto_hash_sha256_update(&state, chunk, (size_t)n);
	if (n < 0)
		return sut_fail_errno(diag, "%s: cannot be read", path);
	crypto_hash_sha256_final(&state, digest);
	return SUT_OK;
}

/* A line of sha256sum(1), which quotes what would break a line and says so by a first backslash. */
static void put_line(FILE *file, const char *hex, const char *path)
{
	if (strpbrk(path, "\\\n\r"))
		putc('\\', file);
	fprintf(file, "%s  ", hex);
	for (; *path; path++) {
		if (*path == '\\')
			fputs("\\\\", file);
		else if (*path == '\n')
			fputs("\\n", file);
		else if (*path == '\r')
			fputs("\\r", file);
		else
			putc(*path, file);
	}
	putc('\n', file);
}

static enum sut_rc put_sums(struct sut_arena *arena, FILE *file, const char *folder,
			    const char *name, struct sut_diag *diag)
{
	const char *below = sut_arena_printf(arena, "%s/%s", folder, name);
	struct sut_tree tree;
	enum sut_rc rc = SUT_OK;

	if (access(below, F_OK) < 0)
		return SUT_OK;
	rc = sut_tree_list(arena, below, &tree, diag);
	for (size_t i = 0; rc == SUT_OK && i < tree.count; i++) {
		const char *path = sut_arena_printf(arena, "%s/%s", name, tree.files[i].path);
		unsigned char digest[crypto_hash_sha256_BYTES];
		char hex[2 * sizeof(digest) + 1];

		if (tree.files[i].link)
			continue;
		rc = sut_file_digest(sut_arena_printf(arena, "%s/%s", folder, path), digest, diag);
		if (rc == SUT_OK)
			put_line(file, sut_hex(hex, digest, sizeof(digest)), path);
		if (rc == SUT_OK && i % 64 == 0)
			rc = sut_cache_interrupted(diag);
	}
	return rc;
}

enum sut_rc sut_tree_sums(struct sut_arena *arena, const char *folder, char **text,
			  struct sut_diag *diag)
{
	static const char *const names[] = {"kernel", "objects", "tree"};
	SUT_FREE char *written = NULL;
	size_t size;
	FILE *file = open_memstream(&written, &size);
	enum sut_rc rc = SUT_OK;

	if (!file)
		return sut_fail_errno(diag, "open_memstream");
	for (size_t i = 0; i < SUT_ARRAY_SIZE(names) && rc == SUT_OK; i++)
		rc = put_sums(arena, file, folder, names[i], diag);
	if (fclose(file) != 0 && rc == SUT_OK)
		rc = sut_fail_errno(diag, "%s: no memory for its digests", folder);
	if (rc == SUT_OK)
		*text = sut_arena_strdup(arena, written);
	return rc;
}

void sut_tree_remove(const char *folder)
{
	FTS_GUARD FTS *fts = open_fts(folder);
	FTSENT *entry;

	/* What cannot be removed stays, and the next one tries again. */
	while (fts && (entry = fts_read(fts))) {
		if (entry->fts_info == FTS_D)
			chmod(entry->fts_accpath, 0700);
		else if (entry->fts_info == FTS_DP)
			rmdir(entry->fts_accpath);
		else
			unlink(entry->fts_accpath);
	}
}
