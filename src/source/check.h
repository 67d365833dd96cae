/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Both roads beside each other: the unit with the source patch, and the C file that stands for it,
 * compiled by the same command and compared function by function.
 *
 * The same code is what is hoped for. It may differ rightly, for the compiler sees less of the unit
 * in the file and inlines and knows less. So where it does, both are compiled without optimisation,
 * where the code of a function comes of its own text alone: what is the same there is the same
 * source.
 */
#ifndef SUT_SOURCE_CHECK_H
#define SUT_SOURCE_CHECK_H

#include "create/create.h"

enum sut_agreement {
	SUT_AGREEMENT_CODE,    /* the same machine code */
	SUT_AGREEMENT_SOURCE,  /* the same source, other choices of the compiler */
	SUT_AGREEMENT_CALLERS, /* only in callers: the object road changes a clone, or the reverse
				*/
	SUT_AGREEMENT_NONE,    /* another function */
};

/* A function that either road changes or adds. */
struct sut_checked {
	const char *unit;
	const char *name;
	enum sut_agreement agreement;
	const char *why; /* "" for the same code */
};

/*
 * options has the tree and the source patch; files are the C files. Refuses in the verdict (rule
 * "cross-check") for each function that does not agree.
 */
enum sut_rc sut_source_check(struct sut_arena *arena, const struct sut_create_options *options,
			     const char **files, size_t file_count, struct sut_checked **checked,
			     size_t *count, struct sut_verdict *verdict, struct sut_diag *diag);

#endif
