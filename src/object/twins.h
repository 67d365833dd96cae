/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Twins: which definition of the object before is which definition of the object after.
 *
 * Most have a name that both sides know. The compiler numbers the rest (count.0, foo.part.1) anew
 * in each compile, so the number says nothing: they are matched by who refers to them.
 */
#ifndef SUT_OBJECT_TWINS_H
#define SUT_OBJECT_TWINS_H

#include "object/object.h"

struct sut_twins {
	uint32_t *after;  /* per definition of before: its twin, or SUT_NO_DEF */
	uint32_t *before; /* per definition of after */
	bool *doubtful;   /* per definition of after: the match is a guess (variables only) */
};

void sut_twins_find(struct sut_arena *arena, const struct sut_object *before,
		    const struct sut_object *after, struct sut_twins *twins);

/* The name without the compiler's numbers: "count.1" and "count.7" give "count.#". */
const char *sut_name_normal(struct sut_arena *arena, const char *name);

/* What the compiler makes per function and nobody writes to: __func__.0, CSWTCH.12, C.3.7. */
bool sut_name_is_generated(const char *name);

#endif
