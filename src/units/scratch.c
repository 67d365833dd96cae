// SPDX-License-Identifier: GPL-2.0-or-later
#include "units/scratch.h"
#include "base/guard.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { REMOVE_FDS = 16, MEMORY_MIN = 64 << 20 /* bytes that are free */ };

/* A link in the folder leads to the one in memory. */
static const char memory_link[] = "%s/memory", memory_place[] = "/dev/shm";

/* Held as long as its maker lives; it gets its name when it is. */
static const char lock_name[] = "lock", lock_new[] = "lock.new";

/* The descriptor stays open for the rest of the process, whose end lets the lock go. */
static enum sut_rc take_lock(struct sut_arena *arena, const char *folder, struct sut_diag *diag)
{
	const char *made = sut_arena_printf(arena, "%s/%s", folder, lock_new);
	int fd = open(made, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0 ||
	    rename(made, sut_arena_printf(arena, "%s/%s", folder, lock_name)) < 0)
		return sut_fail_errno(diag, "%s: cannot be locked", folder);
	return SUT_OK;
}

/* Somebody of this user made the folder and was killed before it could remove it. */
static bool is_left_over(int parent, const char *name)
{
	SUT_CLOSE int folder =
		openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	SUT_CLOSE int lock =
		folder < 0 ? -1 : openat(folder, lock_name, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	return lock >= 0 && fstat(folder, &st) == 0 && st.st_uid == geteuid() &&
	       flock(lock, LOCK_EX | LOCK_NB) == 0;
}

static void remove_left_over(struct sut_arena *arena, const char *parent)
{
	static const char prefix[] = "suture-";
	SUT_CLOSEDIR DIR *dir = opendir(parent);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (strncmp(entry->d_name, prefix, strlen(prefix)) == 0 &&
		    is_left_over(dirfd(dir), entry->d_name))
			sut_scratch_remove(sut_arena_printf(arena, "%s/%s", parent, entry->d_name));
}

enum sut_rc sut_scratch_make(struct sut_arena *arena, const char **folder, struct sut_diag *diag)
{
	const char *wanted = getenv("TMPDIR");
	const char *parent = wanted && *wanted ? wanted : "/tmp";
	SUT_FREE char *real = realpath(parent, NULL);
	enum sut_rc rc;
	char *name;

	if (!real)
		return sut_fail_errno(diag, "%s: no folder for temporary files", parent);
	remove_left_over(arena, real);
	name = sut_arena_printf(arena, "%s/suture-XXXXXX", real);
	if (!mkdtemp(name))
		return sut_fail_errno(diag, "%s: cannot make a temporary folder", real);
	rc = take_lock(arena, name, diag);
	if (rc) {
		sut_scratch_remove(name);
		return rc;
	}
	*folder = name;
	return SUT_OK;
}

const char *sut_scratch_memory(struct sut_arena *arena, const char *folder)
{
	const char *wanted = getenv("TMPDIR");
	const char *link = sut_arena_printf(arena, memory_link, folder);
	char *name = sut_arena_printf(arena, "%s/suture-XXXXXX", memory_place), present[PATH_MAX];
	ssize_t length = readlink(link, present, sizeof(present));
	struct statvfs room;

	if (length > 0)
		return sut_arena_strndup(arena, present, (size_t)length);
	if ((wanted && *wanted) || statvfs(memory_place, &room) < 0 ||
	    room.f_bavail * room.f_frsize < MEMORY_MIN || !mkdtemp(name))
		return folder;
	if (symlink(name, link) == 0)
		return name;
	rmdir(name);
	return folder;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)ftw;
	/* What cannot be removed stays; there is nothing better to do about it. */
	if (type == FTW_DP)
		rmdir(path);
	else
		unlink(path);
	return 0;
}

static void remove_all(const char *folder)
{
	nftw(folder, remove_one, REMOVE_FDS, FTW_DEPTH | FTW_PHYS);
}

void sut_scratch_remove(const char *folder)
{
	char link[PATH_MAX], memory[PATH_MAX];
	ssize_t length;

	snprintf(link, sizeof(link), memory_link, folder);
	length = readlink(link, memory, sizeof(memory) - 1);
	if (length > 0) {
		memory[length] = '\0';
		remove_all(memory);
	}
	remove_all(folder);
	/* A compiler that outlived its suture may still write into it: the next one looks again. */
	if (access(folder, F_OK) == 0) {
		snprintf(link, sizeof(link), "%s/%s", folder, lock_name);
		close(open(link, O_RDWR | O_CREAT | O_CLOEXEC, 0600));
	}
}

enum sut_rc sut_scratch_with(struct sut_arena *arena,
			     enum sut_rc (*work)(void *context, const char *folder), void *context,
			     struct sut_diag *diag)
{
	sigset_t endings, before;
	const char *folder;
	enum sut_rc rc;

	sigemptyset(&endings);
	sigaddset(&endings, SIGINT);
	sigaddset(&endings, SIGTERM);
	sigaddset(&endings, SIGHUP);
	sigprocmask(SIG_BLOCK, &endings, &before);
	rc = sut_scratch_make(arena, &folder, diag);
	if (rc == SUT_OK) {
		rc = work(context, folder);
		sut_scratch_remove(folder);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	return rc;
}
