// SPDX-License-Identifier: GPL-2.0-or-later
#include "profile/index.h"
#include "profile/cache.h"
#include "profile/file.h"
#include "base/guard.h"

#include <errno.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <fcntl.h>

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

enum sut_rc sut_index_names(struct sut_arena *arena, const char *root, const char ***names,
			    size_t *count, struct sut_diag *diag)
{
	const char *folder = sut_arena_printf(arena, "%s/profiles", root);
	SUT_CLOSEDIR DIR *dir = opendir(folder);
	size_t found = 0, capacity = 0;
	struct dirent *entry;

	*names = NULL;
	*count = 0;
	if (!dir)
		return errno == ENOENT ? SUT_OK : sut_fail_errno(diag, "%s", folder);
	while ((entry = readdir(dir)))
		if (sut_cache_name_valid(entry->d_name))
			SUT_PUSH(arena, *names, found, capacity) =
				sut_arena_strdup(arena, entry->d_name);
	if (found)
		qsort(*names, found, sizeof(**names), compare_names);
	*count = found;
	return SUT_OK;
}

/* What each link leads to. */
struct link {
	const char *hex, *name;
	uint64_t created;
};

struct links {
	size_t count, capacity;
	struct link *list;
};

static void add_link(struct sut_arena *arena, struct links *links, const struct link *link)
{
	for (size_t i = 0; i < links->count; i++) {
		if (strcmp(links->list[i].hex, link->hex) != 0)
			continue;
		if (link->created >= links->list[i].created)
			links->list[i] = *link;
		return;
	}
	SUT_PUSH(arena, links->list, links->count, links->capacity) = *link;
}

/* A profile that cannot be read is in no index; `suture profile list` says what is wrong. */
static enum sut_rc collect(struct sut_arena *arena, const char *root, struct links *links,
			   struct sut_diag *diag)
{
	const char **names;
	size_t count;
	enum sut_rc rc = sut_index_names(arena, root, &names, &count, diag);

	for (size_t i = 0; i < count && rc == SUT_OK; i++) {
		struct sut_profile profile;
		struct sut_diag unused;

		if (sut_profile_load(arena, root, names[i], &profile, &unused))
			continue;
		for (size_t k = 0; k < profile.target_count; k++) {
			const struct sut_profile_target *target = &profile.targets[k];
			char *hex = sut_arena_alloc(arena, 2 * SUT_PATCH_BUILD_ID_MAX + 1);

			add_link(arena, links,
				 &(struct link){sut_hex(hex, target->build_id,
							target->build_id_size),
						names[i], profile.created});
		}
	}
	return rc;
}

static bool is_wanted(const struct links *links, const char *hex)
{
	for (size_t i = 0; i < links->count; i++)
		if (strcmp(links->list[i].hex, hex) == 0)
			return true;
	return false;
}

static void drop_others(struct sut_arena *arena, const char *folder, const struct links *links)
{
	SUT_CLOSEDIR DIR *dir = opendir(folder);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.' && !is_wanted(links, entry->d_name))
			unlink(sut_arena_printf(arena, "%s/%s", folder, entry->d_name));
}

enum sut_rc sut_index_make(const char *root, struct sut_diag *diag)
{
	SUT_ARENA struct sut_arena arena = {0};
	const char *folder = sut_arena_printf(&arena, "%s/build-id", root);
	const char *fresh = sut_arena_printf(&arena, "%s/.new", folder);
	struct links links = {0};
	enum sut_rc rc = collect(&arena, root, &links, diag);

	for (size_t i = 0; i < links.count && rc == SUT_OK; i++) {
		const struct link *link = &links.list[i];

		unlink(fresh);
		if (symlink(sut_arena_printf(&arena, "../profiles/%s", link->name), fresh) < 0 ||
		    rename(fresh, sut_arena_printf(&arena, "%s/%s", folder, link->hex)) < 0)
			rc = sut_fail_errno(diag, "%s: cannot be written", folder);
	}
	if (rc == SUT_OK)
		drop_others(&arena, folder, &links);
	return rc;
}

/* The name of the profile that a link leads to, or NULL. */
static const char *read_link(struct sut_arena *arena, const char *root, const char *hex)
{
	static const char prefix[] = "../profiles/";
	char text[4096];
	ssize_t length =
		readlink(sut_arena_printf(arena, "%s/build-id/%s", root, hex), text, sizeof(text));

	if (length < (ssize_t)sizeof(prefix) || length == sizeof(text))
		return NULL;
	text[length] = '\0';
	if (strncmp(text, prefix, strlen(prefix)) != 0 ||
	    !sut_cache_name_valid(text + strlen(prefix)))
		return NULL;
	return sut_arena_strdup(arena, text + strlen(prefix));
}

enum sut_rc sut_profile_find(struct sut_arena *arena, const unsigned char *build_id, size_t size,
			     struct sut_profile *profile, struct sut_diag *diag)
{
	const char *roots[SUT_CACHE_ROOTS];
	size_t count = sut_cache_roots(arena, roots);
	char hex[2 * SUT_PATCH_BUILD_ID_MAX + 1];

	sut_hex(hex, build_id, size);
	for (size_t i = 0; i < count; i++) {
		const char *name = read_link(arena, roots[i], hex);
		struct sut_profile found;
		enum sut_rc rc;

		if (!name)
			continue;
		rc = sut_profile_load(arena, roots[i], name, &found, diag);
		if (rc == SUT_GONE)
			continue;
		if (rc)
			return rc;
		for (size_t k = 0; k < found.target_count; k++) {
			const struct sut_profile_target *target = &found.targets[k];

			if (target->build_id_size != size ||
			    memcmp(target->build_id, build_id, size) != 0)
				continue;
			*profile = found;
			return SUT_OK;
		}
	}
	return sut_fail(diag, SUT_GONE, "profile", "no profile for build-id %s", hex);
}

enum sut_rc sut_profile_open(struct sut_arena *arena, const char *name, struct sut_profile *profile,
			     struct sut_diag *diag)
{
	const char *roots[SUT_CACHE_ROOTS];
	size_t count = sut_cache_roots(arena, roots);

	for (size_t i = 0; i < count && sut_cache_name_valid(name); i++) {
		enum sut_rc rc = sut_profile_load(arena, roots[i], name, profile, diag);

		if (rc != SUT_GONE)
			return rc;
	}
	sut_fail(diag, SUT_GONE, "profile", "%s: no profile of that name", name);
	sut_remedy(diag, "`suture profile list` names those that there are");
	return SUT_GONE;
}

enum sut_rc sut_profile_names(struct sut_arena *arena, const char ***names, size_t *count,
			      struct sut_diag *diag)
{
	const char *roots[SUT_CACHE_ROOTS];
	size_t roots_count = sut_cache_roots(arena, roots), found = 0, capacity = 0;

	*names = NULL;
	for (size_t i = 0; i < roots_count; i++) {
		const char **list;
		size_t length;
		enum sut_rc rc = sut_index_names(arena, roots[i], &list, &length, diag);

		if (rc)
			return rc;
		for (size_t k = 0; k < length; k++)
			SUT_PUSH(arena, *names, found, capacity) = list[k];
	}
	/* A name that is in both folders is the own one. */
	if (found)
		qsort(*names, found, sizeof(**names), compare_names);
	*count = 0;
	for (size_t i = 0; i < found; i++)
		if (!*count || strcmp((*names)[*count - 1], (*names)[i]) != 0)
			(*names)[(*count)++] = (*names)[i];
	return SUT_OK;
}

int sut_profile_hold(const struct sut_profile *profile)
{
	int fd = open(profile->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	struct stat held, named;

	if (fd < 0)
		return -1;
	/* The folder may have been replaced between the name and the lock. */
	if (flock(fd, LOCK_SH) == 0 && fstat(fd, &held) == 0 &&
	    lstat(profile->folder, &named) == 0 && held.st_ino == named.st_ino &&
	    held.st_dev == named.st_dev)
		return fd;
	close(fd);
	return -1;
}
