// SPDX-License-Identifier: GPL-2.0-or-later
#include "profile/cache.h"
#include "profile/index.h"
#include "profile/tree.h"
#include "base/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

enum {
	NAME_MAX_LENGTH = 128,
	HELD_TRIES = 300, /* of 200 ms: as long as a slow create */
};

static const char *own_root(struct sut_arena *arena)
{
	const char *wanted = getenv("SUTURE_CACHE"), *cache = getenv("XDG_CACHE_HOME");
	const char *home = getenv("HOME");

	if (wanted && *wanted)
		return wanted;
	if (geteuid() == 0)
		return "/var/cache/suture";
	if (cache && *cache == '/')
		return sut_arena_printf(arena, "%s/suture", cache);
	return home && *home == '/' ? sut_arena_printf(arena, "%s/.cache/suture", home) : NULL;
}

size_t sut_cache_roots(struct sut_arena *arena, const char *roots[SUT_CACHE_ROOTS])
{
	const char *own = own_root(arena), *wanted = getenv("SUTURE_CACHE");
	size_t count = 0;

	if (own)
		roots[count++] = own;
	if (geteuid() != 0 && !(wanted && *wanted))
		roots[count++] = "/var/cache/suture";
	return count;
}

enum sut_rc sut_cache_trust(const char *path, struct sut_diag *diag)
{
	struct stat st;

	if (lstat(path, &st) < 0) {
		enum sut_rc rc = sut_fail_errno(diag, "%s", path);

		return errno == ENOENT || errno == ENOTDIR ? SUT_GONE : rc;
	}
	if ((S_ISDIR(st.st_mode) || S_ISREG(st.st_mode)) && !(st.st_mode & (S_IWGRP | S_IWOTH)) &&
	    (st.st_uid == geteuid() || st.st_uid == 0))
		return SUT_OK;
	sut_fail(diag, SUT_REFUSED, "cache",
		 "%s: somebody else can write it, and a profile says which programs are run", path);
	sut_remedy(diag, "remove it, or name another folder in SUTURE_CACHE");
	return SUT_REFUSED;
}

#define ALPHANUMERIC "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

bool sut_cache_name_valid(const char *name)
{
	size_t length = strlen(name);

	return length && length <= NAME_MAX_LENGTH && strchr(ALPHANUMERIC, name[0]) &&
	       strspn(name, ALPHANUMERIC "._+~-") == length;
}

enum sut_rc sut_cache_interrupted(struct sut_diag *diag)
{
	sigset_t pending;

	if (sigpending(&pending) == 0 &&
	    (sigismember(&pending, SIGINT) || sigismember(&pending, SIGTERM) ||
	     sigismember(&pending, SIGHUP)))
		return sut_fail(diag, SUT_SYSTEM, "interrupted", "interrupted by a signal");
	return SUT_OK;
}

/* Makes a folder and those above it that are not there. */
static enum sut_rc make_folder(struct sut_arena *arena, const char *path, struct sut_diag *diag)
{
	const char *slash = strrchr(path, '/');

	if (mkdir(path, geteuid() == 0 ? 0755 : 0700) == 0 || errno == EEXIST)
		return SUT_OK;
	if (errno == ENOENT && slash > path) {
		enum sut_rc rc =
			make_folder(arena, sut_arena_strndup(arena, path, (size_t)(slash - path)),
				    diag);

		if (rc)
			return rc;
		if (mkdir(path, geteuid() == 0 ? 0755 : 0700) == 0 || errno == EEXIST)
			return SUT_OK;
	}
	sut_fail_errno(diag, "%s: cannot be made", path);
	sut_remedy(diag, "name a folder that can be written in SUTURE_CACHE");
	return SUT_SYSTEM;
}

static enum sut_rc make_root(struct sut_arena *arena, const char *root, struct sut_diag *diag)
{
	static const char *const folders[] = {"profiles", "build-id", "making"};
	enum sut_rc rc = make_folder(arena, root, diag);

	for (size_t i = 0; i < SUT_ARRAY_SIZE(folders) && rc == SUT_OK; i++) {
		rc = make_folder(arena, sut_arena_printf(arena, "%s/%s", root, folders[i]), diag);
		if (rc == SUT_OK)
			rc = sut_cache_trust(sut_arena_printf(arena, "%s/%s", root, folders[i]),
					     diag);
	}
	return rc ? rc : sut_cache_trust(root, diag);
}

static enum sut_rc take_lock(struct sut_arena *arena, const char *root, int *lock,
			     struct sut_diag *diag)
{
	const char *path = sut_arena_printf(arena, "%s/lock", root);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0 || flock(fd, LOCK_EX) < 0) {
		sut_fail_errno(diag, "%s: cannot be locked", path);
		sut_remedy(diag, "name a folder that can be written in SUTURE_CACHE");
		if (fd >= 0)
			close(fd);
		return SUT_SYSTEM;
	}
	*lock = fd;
	return SUT_OK;
}

/* Takes a folder's own lock; false: somebody has it, or there is no folder. */
static bool lock_folder(const char *path, int kind, int *lock)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	if (fd >= 0 && flock(fd, kind | LOCK_NB) == 0) {
		*lock = fd;
		return true;
	}
	if (fd >= 0)
		close(fd);
	return false;
}

/* Removes what dead processes left. */
static void sweep(struct sut_arena *arena, const char *root)
{
	const char *work = sut_arena_printf(arena, "%s/making", root);
	SUT_CLOSEDIR DIR *dir = opendir(work);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		const char *path = sut_arena_printf(arena, "%s/%s", work, entry->d_name);
		int lock;

		if (entry->d_name[0] == '.' || !lock_folder(path, LOCK_EX, &lock))
			continue;
		sut_tree_remove(path);
		close(lock);
	}
}

enum sut_rc sut_cache_begin(struct sut_arena *arena, struct sut_cache_work *work,
			    struct sut_diag *diag)
{
	const char *roots[SUT_CACHE_ROOTS];
	SUT_FREE char *real = NULL;
	SUT_CLOSE int lock = -1;
	char *folder;
	enum sut_rc rc;

	if (!own_root(arena)) {
		sut_fail(diag, SUT_SYSTEM, "cache", "there is no folder to keep profiles in");
		sut_remedy(diag, "name one in SUTURE_CACHE, or set HOME");
		return SUT_SYSTEM;
	}
	sut_cache_roots(arena, roots);
	rc = make_root(arena, roots[0], diag);
	if (rc == SUT_OK)
		rc = take_lock(arena, roots[0], &lock, diag);
	if (rc)
		return rc;
	/* Compilers' folders and links end in paths without links in them. */
	real = realpath(roots[0], NULL);
	if (!real)
		return sut_fail_errno(diag, "%s", roots[0]);
	sweep(arena, real);
	folder = sut_arena_printf(arena, "%s/making/XXXXXX", real);
	if (!mkdtemp(folder))
		return sut_fail_errno(diag, "%s: cannot be written", real);
	if (!lock_folder(folder, LOCK_EX, &work->lock))
		return sut_fail_errno(diag, "%s: cannot be locked", folder);
	work->root = sut_arena_strdup(arena, real);
	work->folder = folder;
	return SUT_OK;
}

void sut_cache_end(struct sut_cache_work *work)
{
	sut_tree_remove(work->folder);
	close(work->lock);
}

/* Waits until nobody holds the profile; it must not vanish under a create. */
static enum sut_rc wait_for(const char *path, const char *name, unsigned int tries, int *lock,
			    struct sut_diag *diag)
{
	const struct timespec pause = {.tv_nsec = 200000000};

	for (unsigned int i = 0; i < tries; i++) {
		enum sut_rc rc = sut_cache_interrupted(diag);

		if (rc)
			return rc;
		if (lock_folder(path, LOCK_EX, lock))
			return SUT_OK;
		nanosleep(&pause, NULL);
	}
	sut_fail(diag, SUT_RETRY, "cache", "%s: another suture works with it", name);
	sut_remedy(diag, "try again when it has ended");
	return SUT_RETRY;
}

static enum sut_rc exchange(struct sut_arena *arena, const struct sut_cache_work *work,
			    const char *folder, const char *place, struct sut_diag *diag)
{
	const char *old = sut_arena_printf(arena, "%s/old", work->folder);

	/* The name is never without a profile, where the file system can do it. */
	if (renameat2(AT_FDCWD, folder, AT_FDCWD, place, RENAME_EXCHANGE) == 0)
		return SUT_OK;
	if (rename(place, old) == 0 && rename(folder, place) == 0)
		return SUT_OK;
	return sut_fail_errno(diag, "%s: cannot be replaced", place);
}

enum sut_rc sut_cache_put(struct sut_arena *arena, struct sut_cache_work *work, const char *folder,
			  const char *name, struct sut_diag *diag)
{
	const char *place = sut_arena_printf(arena, "%s/profiles/%s", work->root, name);
	SUT_CLOSE int lock = -1, held = -1;
	enum sut_rc rc = take_lock(arena, work->root, &lock, diag);

	if (rc)
		return rc;
	if (access(place, F_OK) < 0) {
		if (rename(folder, place) < 0)
			return sut_fail_errno(diag, "%s: cannot be put there", place);
	} else {
		rc = wait_for(place, name, HELD_TRIES, &held, diag);
		if (rc == SUT_OK)
			rc = exchange(arena, work, folder, place, diag);
		if (rc)
			return rc;
	}
	return sut_index_make(work->root, diag);
}

enum sut_rc sut_cache_take(struct sut_arena *arena, struct sut_cache_work *work, const char *name,
			   struct sut_diag *diag)
{
	const char *place = sut_arena_printf(arena, "%s/profiles/%s", work->root, name);
	SUT_CLOSE int lock = -1, held = -1;
	enum sut_rc rc = take_lock(arena, work->root, &lock, diag);

	if (rc)
		return rc;
	if (!sut_cache_name_valid(name) || access(place, F_OK) < 0)
		return sut_fail(diag, SUT_GONE, "profile", "%s: no profile of that name in %s",
				name, work->root);
	rc = wait_for(place, name, 1, &held, diag);
	if (rc)
		return rc;
	if (rename(place, sut_arena_printf(arena, "%s/%s", work->folder, name)) < 0)
		return sut_fail_errno(diag, "%s: cannot be removed", place);
	return sut_index_make(work->root, diag);
}
