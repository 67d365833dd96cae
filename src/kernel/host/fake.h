/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A kernel that is a folder: files as a kernel shows them, and a clock that runs while somebody
 * sleeps. It knows one livepatch, "sample", which it patches in two seconds unless task 102 sleeps
 * in a function of it.
 */
#ifndef SUT_KERNEL_HOST_FAKE_H
#define SUT_KERNEL_HOST_FAKE_H

#include "kernel/host/host.h"

struct fake {
	struct sut_host host;
	char root[64];
	uint64_t clock, changed; /* ns; when the transition began */
	int load_error;          /* answer of the next load */
	const char *load_log;    /* what it writes to the log */
	bool stuck;              /* task 102 holds up every transition to patched */
	bool stuck_out;          /* ... and to unpatched */
	bool ends_late;          /* a disable ends when it is to be turned round */
	bool idle;               /* the module enables no patch */
	bool pinned;             /* the module is never given up */
	size_t loads, unloads;
};

/* An unpatched kernel for which the sample was made. */
void fake_start(struct fake *fake);
void fake_end(struct fake *fake);

/* Writes a file and the folders above it. */
void fake_put(const struct fake *fake, const char *path, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void fake_remove(const struct fake *fake, const char *path);

/* A patch in use as its control files show it: of one function of vmlinux. */
void fake_patch(const struct fake *fake, const char *name, const char *function, bool transition);

/* Task 102, which sleeps in the frames that are given and has not gone over. */
void fake_task(const struct fake *fake, int patch_state, const char *stack);

/* One operation on a fake kernel, and what came of it. */
struct run {
	struct fake fake;
	struct sut_arena arena;
	struct sut_host_effect effect;
	struct sut_diag diag;
};

extern const struct sut_host_options ten_seconds;

void run_start(struct run *run);
void run_end(struct run *run);
/* path: of the sample. */
enum sut_rc run_apply(struct run *run, const char *path, const char *replaces,
		      const struct sut_host_options *options);
enum sut_rc run_revert(struct run *run, const char *name, const struct sut_host_options *options);
bool run_warned(const struct run *run, const char *rule);

#endif
