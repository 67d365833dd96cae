/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A private folder of one operation. */
#ifndef SUT_CREATE_SCRATCH_H
#define SUT_CREATE_SCRATCH_H

#include "base/arena.h"
#include "base/diag.h"

/* A new folder in TMPDIR (or /tmp), closed to other users; its name has no links in it. */
enum sut_rc sut_scratch_make(struct sut_arena *arena, const char **folder, struct sut_diag *diag);

/* Removes it with everything in it; links are removed, not followed. */
void sut_scratch_remove(const char *folder);

/*
 * Makes a folder, works in it and removes it. SIGINT, SIGTERM and SIGHUP wait until it is gone;
 * sut_jobs_run() ends early for them.
 */
enum sut_rc sut_scratch_with(struct sut_arena *arena,
			     enum sut_rc (*work)(void *context, const char *folder), void *context,
			     struct sut_diag *diag);

#endif
