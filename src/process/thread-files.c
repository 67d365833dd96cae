// SPDX-License-Identifier: GPL-2.0-or-later
#include "process/thread-files.h"
#include "base/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

void sut_thread_files_init(struct sut_thread_files *files)
{
	*files = (struct sut_thread_files){0};
	for (int i = 0; i < SUT_THREAD_FILES; i++)
		files->fds[i] = -1;
}

void sut_thread_files_close(struct sut_thread_files *files)
{
	for (int i = 0; i < SUT_THREAD_FILES; i++)
		sut_guard_close(&files->fds[i]);
	sut_thread_files_init(files);
}

static ssize_t read_open(int fd, char *buf, size_t size)
{
	ssize_t n = fd < 0 ? -1 : pread(fd, buf, size - 1, 0);

	if (n > 0)
		buf[n] = '\0';
	if (n == 0)
		errno = ENODATA;
	return n ? n : -1;
}

ssize_t sut_thread_files_read(struct sut_thread_files *files, int tasks, pid_t tid,
			      enum sut_thread_file file, char *buf, size_t size)
{
	static const char *const names[SUT_THREAD_FILES] = {
		[SUT_THREAD_SCHEDSTAT] = "schedstat",
		[SUT_THREAD_SYSCALL] = "syscall",
		[SUT_THREAD_STAT] = "stat",
		[SUT_THREAD_STATUS] = "status",
	};
	char path[32];
	ssize_t n;

	if (files->tid == tid) {
		n = read_open(files->fds[file], buf, size);
		if (n >= 0)
			return n;
		/* That one has ended: who has its id now is another. */
		if (files->fds[file] >= 0)
			sut_thread_files_close(files);
	} else {
		sut_thread_files_close(files);
	}
	files->tid = tid;
	snprintf(path, sizeof(path), "%d/%s", tid, names[file]);
	files->fds[file] = openat(tasks, path, O_RDONLY | O_CLOEXEC);
	return read_open(files->fds[file], buf, size);
}
