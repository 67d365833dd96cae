/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bringing a patch into use or out of it, from wherever the target is: a transition that runs is
 * followed, turned round, or waited for first. Apply and revert differ only in how they start one.
 */
#ifndef SUT_PROCESS_DRIVE_H
#define SUT_PROCESS_DRIVE_H

#include "process/switch.h"

struct sut_drive {
	struct sut_arena *arena;
	struct sut_runtime *runtime;
	struct sut_memory *memory; /* read; read again when it may have changed */
	const char *name;          /* of the patch */
	bool wanted;               /* in use */
	/* Nothing is in transition and the patch is not as wanted: begins one. */
	enum sut_rc (*start)(struct sut_drive *drive, const struct sut_effect_options *options,
			     uint64_t *transition, struct sut_diag *diag);
	void *context;
};

enum sut_rc sut_drive(struct sut_drive *drive, const struct sut_effect_options *options,
		      struct sut_effect *effect, struct sut_diag *diag);

/*
 * Opens a target and reads what is there; to change it, locks it first and waits for operations
 * that others sent. One that has just begun to run a program gets up to a second for that. close of
 * the target is the caller's, also on failure. SUT_REFUSED (rule "forked").
 */
enum sut_rc sut_drive_open(struct sut_target *target, pid_t pid, bool change,
			   struct sut_arena *arena, struct sut_runtime *runtime,
			   struct sut_memory *memory, struct sut_diag *diag);

/* Functions of a patch, for the report. */
void sut_drive_count(const struct sut_rt_func *funcs, size_t count, struct sut_effect *effect);

#endif
