/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a blocked task is waiting for, and what frees it. */
#ifndef SUT_KERNEL_HOST_WAITS_H
#define SUT_KERNEL_HOST_WAITS_H

#include "kernel/host/host.h"

/*
 * The system call that the task sleeps in, by the text of /proc/TID/syscall: "read of 3 (/a/file)".
 * "": none, or the text is no such.
 */
const char *sut_host_waits(const struct sut_host *host, struct sut_arena *arena, pid_t tid,
			   const char *text);

/* A sentence. state: the transition that the task blocks. */
const char *sut_host_remedy(struct sut_arena *arena, const struct sut_host_blocker *blocker,
			    const struct sut_host_state *state);

#endif
