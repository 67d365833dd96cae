/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The threads of the machine, as far as livepatches are concerned. */
#ifndef SUT_KERNEL_HOST_TASKS_H
#define SUT_KERNEL_HOST_TASKS_H

#include "kernel/host/host.h"

struct sut_host_task {
	pid_t pid, tid;
};

/*
 * Counts the threads, and collects the first max of those whose patch_state is `wanted` (0
 * unpatched, 1 patched); *pending is how many of these there are. Idle tasks are in no list of the
 * kernel's. Both are 0 where some may not be looked at, for only root may read patch_state.
 */
void sut_host_tasks_read(const struct sut_host *host, struct sut_arena *arena, int wanted,
			 struct sut_host_task *list, size_t max, size_t *tasks, size_t *pending);

/*
 * No transition runs yet: tasks that are asleep where one to state->moving, which need not be in
 * the kernel, would find them in its way.
 */
void sut_host_sleepers_read(const struct sut_host *host, struct sut_arena *arena,
			    const struct sut_host_state *state, struct sut_host_blockers *blockers);

/* The fields of /proc/TID/stat that are wanted here. */
struct sut_host_stat {
	char comm[64];
	char state;
	unsigned long flags; /* PF_* */
	uint64_t start;      /* clock ticks from boot */
	int cpu;
};

enum { SUT_HOST_PF_KTHREAD = 0x00200000 };

/* false: the text is none. A name may have blanks and parentheses in it. */
bool sut_host_stat_parse(const char *text, struct sut_host_stat *stat);

/* A line of /proc/TID/stack, "[<0>] name+0x12/0x34 [module]"; false: it is none. */
bool sut_host_frame_parse(struct sut_arena *arena, const char *line, struct sut_host_frame *frame);

/* All lines; *count frames, innermost first. */
struct sut_host_frame *sut_host_stack_parse(struct sut_arena *arena, char *text, size_t *count);

#endif
