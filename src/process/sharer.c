// SPDX-License-Identifier: GPL-2.0-or-later
#include "process/sharer.h"
#include "process/thread.h"
#include "base/guard.h"

#include <fcntl.h>
#include <linux/kcmp.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool shares(const struct sut_target *target, pid_t pid)
{
	return syscall(SYS_kcmp, target->pid, pid, KCMP_VM, 0, 0) == 0;
}

static bool lends_memory(const struct sut_target *target, pid_t tid)
{
	struct sut_thread_state state;

	sut_thread_glance(target, tid, &state);
	return sut_thread_lends_memory(&state);
}

/* A child of the thread that shares the memory, or 0. */
static pid_t find_child(const struct sut_target *target, pid_t tid)
{
	SUT_FCLOSE FILE *children = NULL;
	char path[32];
	int fd, pid;

	snprintf(path, sizeof(path), "%d/children", tid);
	fd = openat(target->tasks, path, O_RDONLY | O_CLOEXEC);
	children = fd < 0 ? NULL : fdopen(fd, "r");
	if (!children) {
		sut_guard_close(&fd);
		return 0;
	}
	while (fscanf(children, "%d", &pid) == 1)
		if (shares(target, pid) && !lends_memory(target, tid))
			return pid;
	return 0;
}

enum sut_rc sut_sharer_check(const struct sut_target *target, struct sut_arena *arena,
			     struct sut_diag *diag)
{
	struct sut_thread_list threads;
	enum sut_rc rc = sut_thread_list(target, arena, &threads, diag);

	for (size_t i = 0; rc == SUT_OK && i < threads.count; i++) {
		pid_t pid = find_child(target, threads.tids[i]);

		sut_pace_rest(target->pace);
		if (!pid)
			continue;
		sut_fail(diag, SUT_RETRY, "shared",
			 "process %d (%s): process %d runs in its memory without being a thread of "
			 "it; what that one is in nobody can tell",
			 target->pid, target->name, pid);
		sut_remedy(diag, "Try again when process %d has ended.", pid);
		return SUT_RETRY;
	}
	return rc;
}
