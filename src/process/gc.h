/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Giving back what reverted and replaced patches have left in a process: once nothing in it leads
 * there any more, and that is proven.
 */
#ifndef SUT_PROCESS_GC_H
#define SUT_PROCESS_GC_H

#include "process/runtime.h"

struct sut_gc_options {
	uint64_t wait_ns;      /* how long to try */
	uint64_t max_pause_ns; /* longest stop of the process */
};

enum sut_gc_end {
	SUT_GC_NOTHING, /* there is nothing of that kind */
	SUT_GC_FREED,
	SUT_GC_KEPT, /* `why` says why */
};

/* What came of it. Strings live in the arena. */
struct sut_gc {
	enum sut_gc_end end;
	char name[32];          /* of the process */
	uint64_t bytes;         /* freed, or kept: mapped memory */
	size_t count;           /* pieces of it */
	uint64_t runtime_bytes; /* stays as long as the process lives */
	const char *why;
	uint64_t address;      /* KEPT: of the word that leads there, or 0 */
	pid_t tid;             /* KEPT: the thread that holds it, or 0 */
	uint64_t searched;     /* bytes of its memory */
	uint64_t predicted_ns; /* how long the stop would be, or was thought to be */
	struct sut_enter_cost cost;
};

/*
 * Everything goes at once, or nothing: as long as a patch is in use, or moves, all stays. On
 * failure the process is as before.
 */
enum sut_rc sut_gc(struct sut_arena *arena, pid_t pid, const struct sut_gc_options *options,
		   struct sut_gc *gc, struct sut_diag *diag);

#endif
