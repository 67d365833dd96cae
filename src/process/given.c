// SPDX-License-Identifier: GPL-2.0-or-later
#include "process/given.h"
#include "base/guard.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* Does any number in the text lead there? All of them are tried as hexadecimal. */
static bool any_number_leads(const struct sut_scan *scan, const char *text)
{
	static const char digits[] = "0123456789abcdef";

	while (*(text += strcspn(text, digits))) {
		char *end;

		if (sut_scan_range(scan, strtoull(text, &end, 16)))
			return true;
		text = end > text ? end : text + 1;
	}
	return false;
}

/* A file of any length; false: it is not to be had. */
static bool file_leads(const struct sut_scan *scan, int folder, const char *name, bool *leads)
{
	SUT_CLOSE int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
	SUT_FCLOSE FILE *file = fd < 0 ? NULL : fdopen(dup(fd), "r");
	SUT_FREE char *line = NULL;
	size_t size = 0;

	*leads = false;
	while (file && !*leads && getline(&line, &size, file) > 0)
		*leads = any_number_leads(scan, line);
	return file != NULL;
}

/* Bytes that it has not read yet, where it may have written them itself. */
static bool has_unread(int process, int number, bool socket)
{
	SUT_CLOSE int fd = (int)syscall(SYS_pidfd_getfd, process, number, 0);
	int domain = 0, unread = 0;
	socklen_t size = sizeof(domain);

	if (fd < 0)
		return true;
	if (socket &&
	    (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) < 0 || domain != AF_UNIX))
		return false;
	if (!socket && (fcntl(fd, F_GETFL) & O_ACCMODE) == O_WRONLY)
		return false;
	return ioctl(fd, FIONREAD, &unread) == 0 && unread > 0;
}

static const char *descriptor_leads(const struct sut_scan *scan, struct sut_arena *arena,
				    int process, int fds, const char *number)
{
	char link[64], path[PATH_MAX];
	ssize_t length = readlinkat(fds, number, link, sizeof(link) - 1);
	struct stat status;
	bool leads = false;

	if (length < 0)
		return NULL;
	link[length] = '\0';
	if (strcmp(link, "anon_inode:[io_uring]") == 0)
		return "it uses io_uring, and what its requests lead to cannot be read";
	if (strcmp(link, "anon_inode:[eventpoll]") == 0) {
		snprintf(path, sizeof(path), "fdinfo/%s", number);
		if (!file_leads(scan, scan->target->folder, path, &leads) || leads)
			return sut_arena_printf(arena,
						"what epoll returns (descriptor %s) may "
						"lead there",
						number);
	}
	if (fstatat(fds, number, &status, 0) == 0 &&
	    (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode)) &&
	    has_unread(process, atoi(number), S_ISSOCK(status.st_mode)))
		return sut_arena_printf(arena,
					"there is something unread in descriptor %s, and it may "
					"lead there",
					number);
	return NULL;
}

const char *sut_given_leads(const struct sut_scan *scan, struct sut_arena *arena)
{
	const struct sut_target *target = scan->target;
	SUT_CLOSE int process = (int)syscall(SYS_pidfd_open, target->pid, 0);
	SUT_CLOSEDIR DIR *dir =
		fdopendir(openat(target->folder, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	const char *why = NULL;
	struct dirent *entry;
	bool leads;

	if (process < 0 || !dir)
		return "its descriptors cannot be looked at";
	/* A kernel without this file has no such timers. */
	if (file_leads(scan, target->folder, "timers", &leads) && leads)
		return "what a timer hands over leads there";
	for (size_t i = 0; i < target->map_count; i++)
		if (strcmp(target->maps[i].path, "/[aio]") == 0)
			return "it uses asynchronous I/O, and what its requests lead to cannot be "
			       "read";
	while (!why && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			why = descriptor_leads(scan, arena, process, dirfd(dir), entry->d_name);
	return why;
}
