/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The extracted file: what is needed of a unit, in the order of the unit, as one C file. */
#ifndef SUT_SOURCE_WRITE_H
#define SUT_SOURCE_WRITE_H

#include "source/closure.h"

struct sut_written {
	const char *unit;   /* as the tree names it */
	const char *patch;  /* the source patch's name */
	bool relative;      /* the recorded command names the unit from its folder */
	const char *origin; /* the tree, as the recorded command has it; NULL: where it is */
	size_t count;       /* of the functions that are replaced */
	const char *const *names;
};

/* The text. closure is done. */
const char *sut_write(const struct sut_closure *closure, const struct sut_written *written);

#endif
