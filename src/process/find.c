// SPDX-License-Identifier: GPL-2.0-or-later
/* Which processes does a target string name? */
#include "process/process.h"
#include "process/target.h"
#include "base/guard.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static enum sut_rc parse_pid(const char *text, pid_t *pid, struct sut_diag *diag)
{
	char *end;
	long value;

	errno = 0;
	value = strtol(text, &end, 10);
	if (errno || end == text || *end || value <= 0 || value > 1 << 22) {
		sut_fail(diag, SUT_INVALID, "target", "pid:%s: not a process id", text);
		sut_remedy(diag, "Give pid:NUMBER or exe:PATH.");
		return SUT_INVALID;
	}
	*pid = (pid_t)value;
	return SUT_OK;
}

static bool runs(pid_t pid, const struct stat *wanted)
{
	char path[32];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	return stat(path, &st) == 0 && st.st_dev == wanted->st_dev && st.st_ino == wanted->st_ino;
}

/* A line is "START-END RIGHTS OFFSET DEVICE INODE PATH": the text is that from the offset on. */
static bool maps_file(pid_t pid, const struct sut_mapped_file *file)
{
	char path[32], line[PATH_MAX + 128], buffer[16 * 1024];
	SUT_FCLOSE FILE *maps = NULL;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	maps = fopen(path, "re");
	if (!maps)
		return false;
	/* The C library's own is of 1 KiB here. */
	setvbuf(maps, buffer, _IOFBF, sizeof(buffer));
	while (fgets(line, sizeof(line), maps)) {
		const char *at = strchr(line, ' ');

		at = at ? strchr(at + 1, ' ') : NULL;
		if (at && strncmp(at + 1, file->text, strlen(file->text)) == 0)
			return true;
	}
	return false;
}

bool sut_target_fits(pid_t pid, const struct sut_patch *patch, struct sut_mapped_file *known)
{
	SUT_TARGET struct sut_target target = {.pid = -1};
	struct sut_diag ignored;

	if (known->text[0] && maps_file(pid, known))
		return true;
	if (sut_target_open(pid, false, &target, &ignored) != SUT_OK)
		return false;
	for (size_t i = 0; i < patch->object_count; i++) {
		const struct sut_patch_object *o = &patch->objects[i];
		const struct sut_object *found =
			sut_target_object(&target, o->build_id, o->build_id_size);
		const struct sut_map *map = found ? sut_target_map(&target, found->low) : NULL;

		if (map)
			snprintf(known->text, sizeof(known->text), "%08x %02x:%02x %llu ", 0,
				 map->major, map->minor, (unsigned long long)map->inode);
		if (found)
			return true;
	}
	return false;
}

static enum sut_rc scan(struct sut_arena *arena, const struct stat *exe, struct sut_pid_list *pids,
			struct sut_diag *diag)
{
	SUT_CLOSEDIR DIR *proc = opendir("/proc");
	struct dirent *entry;

	if (!proc)
		return sut_fail_errno(diag, "/proc");
	while ((entry = readdir(proc))) {
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);

		if (pid > 0 && pid != getpid() && (!exe || runs(pid, exe)))
			SUT_PUSH(arena, pids->pids, pids->count, pids->capacity) = pid;
	}
	return SUT_OK;
}

enum sut_rc sut_targets_find(struct sut_arena *arena, const char *target, struct sut_pid_list *pids,
			     struct sut_diag *diag)
{
	struct stat exe;
	pid_t pid;
	enum sut_rc rc;

	*pids = (struct sut_pid_list){0};
	if (!target)
		return scan(arena, NULL, pids, diag);
	if (strncmp(target, "pid:", 4) == 0) {
		rc = parse_pid(target + 4, &pid, diag);
		if (rc == SUT_OK)
			SUT_PUSH(arena, pids->pids, pids->count, pids->capacity) = pid;
		return rc;
	}
	if (strncmp(target, "exe:", 4) == 0) {
		if (stat(target + 4, &exe) < 0) {
			sut_fail_errno(diag, "%s", target);
			return SUT_INVALID;
		}
		return scan(arena, &exe, pids, diag);
	}
	sut_fail(diag, SUT_INVALID, "target", "%s: not a target", target);
	sut_remedy(diag, "Give pid:NUMBER or exe:PATH.");
	return SUT_INVALID;
}
