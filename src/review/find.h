/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The file that an object of a patch is, by its build-id. */
#ifndef SUT_REVIEW_FIND_H
#define SUT_REVIEW_FIND_H

#include "proof/target.h"

#include <sys/types.h>

struct sut_find {
	size_t path_count;
	const char *const *paths; /* files that somebody named */
	pid_t pid;                /* a process whose files are looked at, too; 0: none */
};

/*
 * Looks among the named files, then where programs and libraries are installed, then among what
 * the process maps. *target NULL: none of them has the build-id. An error is a named file that
 * cannot be read, or a process that cannot.
 */
enum sut_rc sut_find_target(struct sut_arena *arena, const struct sut_find *find,
			    const struct sut_patch_object *object, const struct sut_target **target,
			    struct sut_diag *diag);

#endif
