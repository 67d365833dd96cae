/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A translation unit, compiled without and with the source patch: what the stages hand on. */
#ifndef SUT_OBJECT_UNIT_H
#define SUT_OBJECT_UNIT_H

#include <stddef.h>

struct sut_work;
struct sut_candidate;

/* A compile of a unit's source as C++: no patch is made of it, see languages.c. */
struct sut_foreign_compile {
	const char *source; /* as in the compile command */
	const char *line;   /* the command, for people */
	const char *object; /* without the patch */
};

/* A translation unit that the source patch affects, compiled on both sides. */
struct sut_unit {
	const char *source;    /* as in the compile command, relative to the tree where it can be */
	const char *path;      /* the source's absolute path */
	const char *directory; /* where the compiler runs */
	size_t argc;
	const char **argv;     /* the recorded command */
	const char **recorded; /* the same before the tree was moved, for people */
	const char *before;    /* object, -ffunction-sections -fdata-sections, lines stabilised */
	const char *after;
	const char *plain; /* where sut_unit_plain() puts its object */
	size_t foreign_count, foreign_capacity;
	struct sut_foreign_compile *foreigns;
	/* How it was compiled, for sut_unit_beside(): */
	struct sut_work *work;
	const struct sut_candidate *candidate;
};

#endif
