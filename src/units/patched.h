/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The files that the source patch changes, as they are with the patch, in a scratch folder. The
 * tree itself is only read.
 */
#ifndef SUT_UNITS_PATCHED_H
#define SUT_UNITS_PATCHED_H

#include "units/units.h"

#include <stdbool.h>
#include <stddef.h>

struct sut_patched_file {
	const char *path;     /* relative to the tree */
	const char *original; /* absolute, links resolved */
	const char *before;   /* a copy of the original; NULL: the patch makes the file */
	const char *after;    /* patched, lines stabilised; NULL: the patch deletes the file */
	size_t copy_of;       /* the file that the build copied here, counted from 1; 0: none */
};

struct sut_patched {
	const char *tree; /* absolute, links resolved */
	size_t count;
	struct sut_patched_file *files;
};

/*
 * Applies options->patch to copies of the C files it touches. Other files are left out with a
 * warning. SUT_REFUSED (rule "patch") when it does not apply, or is applied already.
 */
enum sut_rc sut_patched_make(struct sut_arena *arena, const struct sut_create_options *options,
			     const char *scratch, struct sut_patched *patched,
			     struct sut_verdict *verdict, struct sut_diag *diag);

/*
 * The units that options->from are written for, with those files in the place of their sources.
 * SUT_REFUSED (rule "extract") when a file does not say its unit, or the tree does not have it.
 */
enum sut_rc sut_patched_written(struct sut_arena *arena, const struct sut_create_options *options,
				const char *scratch, struct sut_patched *patched,
				struct sut_diag *diag);

#endif
