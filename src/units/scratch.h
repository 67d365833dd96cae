/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A private folder of one operation. */
#ifndef SUT_UNITS_SCRATCH_H
#define SUT_UNITS_SCRATCH_H

#include "base/arena.h"
#include "base/diag.h"

/*
 * A new folder in TMPDIR (or /tmp), closed to other users; its name has no links in it. Folders
 * there of which the makers were killed are removed.
 */
enum sut_rc sut_scratch_make(struct sut_arena *arena, const char **folder, struct sut_diag *diag);

/*
 * A folder for many small files that goes away with this one: in memory where there is such a file
 * system and the user names no place (TMPDIR), for a thousand links take a second on some disks.
 * Else the folder itself.
 */
const char *sut_scratch_memory(struct sut_arena *arena, const char *folder);

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
