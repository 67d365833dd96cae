/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The files of a thread in /proc, which the same few questions are asked of again and again: those
 * of the thread that was asked about last stay open. A file is of the very thread that it was
 * opened for: when that has ended it says so, whoever has the id by then.
 */
#ifndef SUT_PROCESS_THREAD_FILES_H
#define SUT_PROCESS_THREAD_FILES_H

#include <stdbool.h>
#include <sys/types.h>

enum sut_thread_file {
	SUT_THREAD_SCHEDSTAT,
	SUT_THREAD_SYSCALL,
	SUT_THREAD_STAT,
	SUT_THREAD_STATUS,
	SUT_THREAD_FILES
};

/* Of one target, and the thread that works on it. */
struct sut_thread_files {
	pid_t tid; /* 0: none */
	int fds[SUT_THREAD_FILES];
	bool ordinary; /* no thread of the kernel, which stays so */
};

/* Nothing is open. */
void sut_thread_files_init(struct sut_thread_files *files);

void sut_thread_files_close(struct sut_thread_files *files);

/*
 * Reads the file anew, with an end behind it. tasks: the process's folder of threads. -1: errno is
 * ENOENT or ESRCH when there is no such thread (any more), else it may well be there: EMFILE.
 */
ssize_t sut_thread_files_read(struct sut_thread_files *files, int tasks, pid_t tid,
			      enum sut_thread_file file, char *buf, size_t size);

#endif
