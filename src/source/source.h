/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The source road: a live patch as C that a person can read, change and publish, and that
 * create --from-source compiles. See closure.h for what goes into it.
 */
#ifndef SUT_SOURCE_SOURCE_H
#define SUT_SOURCE_SOURCE_H

#include "create/create.h"

struct sut_source_options {
	const struct sut_create_options *create; /* source, patch, database, strip, progress */
	size_t function_count;
	const char **functions; /* to take instead of those that the object road finds */
};

/* One unit, extracted. */
struct sut_source {
	const char *unit;  /* as the tree names it */
	const char *text;  /* C */
	size_t lines;      /* of the text that are not blank */
	size_t unit_lines; /* ... of the whole unit, preprocessed */
	size_t count;
	const char **names;   /* functions that the text has new versions of */
	const char *left_out; /* options that clang does not know, or "" */
};

/*
 * Extracts every unit in which the patch changes machine code; none: there is none. SUT_UNSUPPORTED
 * (rule "clang") when clang cannot read a unit, SUT_REFUSED (rule "extract") when a function that
 * is named is in no unit.
 */
enum sut_rc sut_source_extract(struct sut_arena *arena, const struct sut_source_options *options,
			       struct sut_source **sources, size_t *count,
			       struct sut_verdict *verdict, struct sut_diag *diag);

#endif
