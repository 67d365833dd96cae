/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A shadow of the file system in which the source tree is patched and all else is as it is.
 */
#ifndef SUT_UNITS_MIRROR_H
#define SUT_UNITS_MIRROR_H

#include "units/patched.h"

#include <stdbool.h>
#include <stddef.h>

enum sut_side { SUT_SIDE_BEFORE, SUT_SIDE_AFTER, SUT_SIDE_COUNT };

struct sut_mirror {
	struct sut_arena *arena;
	const char *tree; /* the real one */
	const char *root; /* what stands for "/" on this side */
	size_t folder_count, folder_capacity;
	const char **folders; /* real folders outside the tree that are folders here, too */
};

/*
 * Makes one side in scratch. folders are where compilers run. Only folders that lead there or to a
 * patched file are mirrored, others are links, unless the whole tree is asked for.
 */
enum sut_rc sut_mirror_make(struct sut_arena *arena, const struct sut_patched *patched,
			    enum sut_side side, bool whole, const char *const *folders,
			    size_t folder_count, const char *scratch, struct sut_mirror *mirror,
			    struct sut_diag *diag);

/* An absolute path on this side; the path itself when it is the same file on both. */
const char *sut_mirror_path(struct sut_mirror *mirror, const char *path);

#endif
