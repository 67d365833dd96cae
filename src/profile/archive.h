/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * apt with entries, lists and a cache of our own, so that nothing on the machine changes. The
 * keyrings stay the machine's, and apt verifies what it fetches: the release's signature, the hash
 * of the index, the hash of each file.
 */
#ifndef SUT_PROFILE_ARCHIVE_H
#define SUT_PROFILE_ARCHIVE_H

#include "base/arena.h"
#include "base/diag.h"

#include <stdbool.h>
#include <stddef.h>

struct sut_archive {
	struct sut_arena *arena;
	const char *folder; /* apt's, ours; commands run here */
	bool sources;       /* each entry of the machine is taken for sources; else for packages */
	size_t entries;
	const char *failed; /* what the update said of archives that cannot be had, or "" */
	struct sut_diag *diag;
};

/* Takes the machine's entries and fetches their lists. An archive that cannot be had is no error:
 * another may have what is wanted. */
enum sut_rc sut_archive_open(struct sut_arena *arena, const char *scratch, bool sources,
			     struct sut_archive *archive, struct sut_diag *diag);

/* Runs a command with that configuration; *errors is what it says on standard error. */
enum sut_rc sut_archive_run(struct sut_archive *archive, const char *const *argv, int *status,
			    const char **errors);

/* Adds what a tool said, line by line, to the failure that is in diag. */
void sut_archive_explain(struct sut_archive *archive, const char *errors);

#endif
