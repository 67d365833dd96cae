// SPDX-License-Identifier: GPL-2.0-or-later
#include "process/sharer.h"
#include "process/thread.h"
#include "base/guard.h"

#include <fcntl.h>
#include <linux/kcmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

/* Who makes a child by vfork does not wait for it at once, and who has made one no longer does. */
static bool is_sharer(const struct sut_target *target, pid_t tid, pid_t child)
{
	enum { TURNS = 50, PAUSE_US = 1000 };

	for (int turn = 0; turn < TURNS; turn++) {
		if (!shares(target, child) || lends_memory(target, tid))
			return false;
		usleep(PAUSE_US);
	}
	return true;
}

/* A child of the thread that shares the memory, or 0. */
static pid_t find_child(const struct sut_target *target, pid_t tid)
{
	char text[4096], *at, *end;
	size_t kept = 0;
	ssize_t got;

	snprintf(text, sizeof(text), "%d/children", tid);
	SUT_CLOSE int fd = openat(target->tasks, text, O_RDONLY | O_CLOEXEC);

	while (fd >= 0 && (got = read(fd, text + kept, sizeof(text) - 1 - kept)) > 0) {
		text[kept + (size_t)got] = '\0';
		/* A space behind each. */
		for (at = text; (end = strchr(at, ' ')); at = end + 1) {
			pid_t pid = (pid_t)strtol(at, NULL, 10);

			if (is_sharer(target, tid, pid))
				return pid;
		}
		kept = strlen(at);
		memmove(text, at, kept);
	}
	return 0;
}

/* The last one that was given to a process or a thread, as far as we see any; 0: not known. */
static pid_t last_id(void)
{
	char text[128], *at = NULL;

	if (sut_proc_read(AT_FDCWD, "/proc/loadavg", text, sizeof(text)) > 0)
		at = strrchr(text, ' ');
	return at ? (pid_t)strtol(at, NULL, 10) : 0;
}

enum sut_rc sut_sharer_check(struct sut_runtime *runtime, struct sut_arena *arena,
			     struct sut_diag *diag)
{
	const struct sut_target *target = runtime->target;
	struct sut_thread_list threads;
	pid_t last = last_id();
	enum sut_rc rc;

	if (last && runtime->alone_at == last)
		return SUT_OK;
	rc = sut_thread_list(target, arena, &threads, diag);
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
	if (rc == SUT_OK)
		runtime->alone_at = last;
	return rc;
}
