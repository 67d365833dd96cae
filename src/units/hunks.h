/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The source patch as text: which files a unified diff touches, and its hunks for each. */
#ifndef SUT_UNITS_HUNKS_H
#define SUT_UNITS_HUNKS_H

#include "base/arena.h"
#include "base/diag.h"
#include "base/io.h"

#include <stddef.h>

/* What git says above the hunks: the new file was made from the old one. */
enum sut_hunks_origin { SUT_HUNKS_SAME, SUT_HUNKS_RENAMED, SUT_HUNKS_COPIED };

/* The part of a diff that is about one file. */
struct sut_hunks {
	const char *old_name; /* as in the diff; NULL: the file is new */
	const char *new_name; /* NULL: the file is deleted */
	enum sut_hunks_origin origin;
	size_t count;     /* 0 only for what is renamed or copied as it is */
	const char *text; /* from the first "@@" on */
	size_t size;
};

/* Finds the hunks of every file in order. SUT_INVALID (rule "patch") names the line that is wrong;
 * name is the file's, for messages. */
enum sut_rc sut_hunks_find(struct sut_arena *arena, const char *name, struct sut_bytes diff,
			   struct sut_hunks **files, size_t *count, struct sut_diag *diag);

/* name without its first `level` folders, as patch -p does; NULL when it has fewer, or when it
 * would leave the tree. */
const char *sut_hunks_strip(const char *name, unsigned int level);

#endif
