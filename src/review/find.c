// SPDX-License-Identifier: GPL-2.0-or-later
#include "review/find.h"

#include "base/guard.h"
#include "base/io.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Where Debian's dynamic linker looks. */
static const char libraries[] = "/lib/x86_64-linux-gnu:/usr/lib/x86_64-linux-gnu:/lib:/usr/lib";

struct search {
	struct sut_arena *arena;
	const struct sut_patch_object *object;
	const struct sut_target *found;
};

static bool is_wanted(const struct sut_patch_object *object, const struct sut_target *target)
{
	return target->build_id_size == object->build_id_size &&
	       memcmp(target->build_id, object->build_id, object->build_id_size) == 0;
}

/* Keeps the file if it is the one. */
static enum sut_rc try(struct search *search, const char *path, struct sut_diag *diag)
{
	struct sut_target *target = sut_arena_alloc(search->arena, sizeof(*target));
	enum sut_rc rc = sut_target_load(search->arena, path, target, diag);

	if (rc == SUT_OK && is_wanted(search->object, target))
		search->found = target;
	return rc;
}

/* A place where it may be. That something else is there, or nothing, is no error. */
static void try_quietly(struct search *search, const char *path)
{
	struct sut_diag diag = {0};

	if (!search->found && access(path, R_OK) == 0)
		try(search, path, &diag);
}

static void look_in(struct search *search, const char *folders)
{
	const char *names[] = {search->object->name, search->object->soname};

	while (*folders) {
		size_t length = strcspn(folders, ":");

		for (size_t i = 0; i < SUT_ARRAY_SIZE(names); i++)
			if (*names[i])
				try_quietly(search,
					    sut_arena_printf(search->arena, "%.*s/%s", (int)length,
							     folders, names[i]));
		folders += length + (folders[length] == ':');
	}
}

static bool has_name(const struct sut_patch_object *object, const char *path)
{
	const char *name = sut_base_name(path);
	size_t length = strcspn(name, " \n"); /* without " (deleted)" */

	return (strlen(object->name) == length && !strncmp(object->name, name, length)) ||
	       (strlen(object->soname) == length && !strncmp(object->soname, name, length));
}

/* A mapped file by its mapping, which leads to it even if its name is gone; else by its name. */
static enum sut_rc look_at_process(struct search *search, pid_t pid, struct sut_diag *diag)
{
	SUT_FCLOSE FILE *maps =
		fopen(sut_arena_printf(search->arena, "/proc/%d/maps", (int)pid), "re");
	SUT_FREE char *line = NULL;
	size_t size = 0;

	if (!maps)
		return errno == ENOENT
			       ? sut_fail(diag, SUT_GONE, "", "pid %d: is not there", (int)pid)
			       : sut_fail_errno(diag, "/proc/%d/maps", (int)pid);
	while (!search->found && getline(&line, &size, maps) > 0) {
		const char *path = strchr(line, '/');

		if (!path || !has_name(search->object, path))
			continue;
		try_quietly(search, sut_arena_printf(search->arena, "/proc/%d/map_files/%.*s",
						     (int)pid, (int)strcspn(line, " "), line));
		try_quietly(search, sut_arena_printf(search->arena, "/proc/%d/root%.*s", (int)pid,
						     (int)strcspn(path, "\n"), path));
	}
	return SUT_OK;
}

enum sut_rc sut_find_target(struct sut_arena *arena, const struct sut_find *find,
			    const struct sut_patch_object *object, const struct sut_target **target,
			    struct sut_diag *diag)
{
	struct search search = {.arena = arena, .object = object};
	const char *path = getenv("PATH");

	for (size_t i = 0; i < find->path_count && !search.found; i++) {
		enum sut_rc rc = try(&search, find->paths[i], diag);

		if (rc)
			return rc;
	}
	if (!search.found && object->executable)
		look_in(&search, path ? path : "/usr/bin:/bin:/usr/sbin:/sbin");
	if (!search.found && !object->executable)
		look_in(&search, libraries);
	if (!search.found && find->pid) {
		enum sut_rc rc = look_at_process(&search, find->pid, diag);

		if (rc)
			return rc;
	}
	*target = search.found;
	return SUT_OK;
}
