/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What differs between two objects of one unit, definition by definition: bytes, and what each
 * relocation means. A string, a jump table, a constant is compared by content, everything else by
 * the definition it belongs to; numbers and places that the compiler chose do not matter.
 */
#ifndef SUT_OBJECT_DIFF_H
#define SUT_OBJECT_DIFF_H

#include "base/verdict.h"
#include "object/object.h"
#include "object/twins.h"

enum sut_change { SUT_CHANGE_NONE, SUT_CHANGE_CHANGED, SUT_CHANGE_NEW };

struct sut_diff {
	const struct sut_object *before, *after;
	struct sut_twins twins;
	enum sut_change *change; /* per definition of after; all pieces of a function have one */
	bool part;               /* after holds a part of the unit, and names what it lacks */
	bool kernel;             /* they are a kernel's, see object/kernel.h */
};

void sut_diff_run(struct sut_arena *arena, const struct sut_object *before,
		  const struct sut_object *after, struct sut_diff *diff);

/*
 * The diff of a unit with an object that somebody wrote some of its functions for. What after does
 * not define, by a name of before's, is before's; a static function of after that is not the same
 * is after's own and replaces nothing.
 */
void sut_diff_part(struct sut_arena *arena, const struct sut_object *before,
		   const struct sut_object *after, struct sut_diff *diff);

/*
 * The diff of two objects of a kernel or its modules, for any machine that the reader knows:
 * without what differs in line numbers only.
 */
void sut_diff_kernel(struct sut_arena *arena, const struct sut_object *before,
		     const struct sut_object *after, struct sut_diff *diff);

/* The diff of an object with itself: nothing is changed, and everything is its own twin. */
void sut_diff_identity(struct sut_arena *arena, const struct sut_object *object,
		       struct sut_diff *diff);

/*
 * Adds a refusal for each difference that replacing functions cannot bring about: data that other
 * code sees (rules "data" and "size"), start-up code ("init"), a resolver ("ifunc"), sections of
 * unknown meaning ("section"). source names the unit.
 */
void sut_diff_judge(const struct sut_diff *diff, const char *source, struct sut_verdict *verdict);

/*
 * The variable's content decides, not its place: code that refers to it may get a copy of its own.
 */
bool sut_def_is_copied(const struct sut_object *object, const struct sut_def *def);

/* Where the content of two twins differs first, a line of evidence: "\nat 8: 0c 00 -> 05 00". */
const char *sut_data_difference(struct sut_arena *arena, const struct sut_object *before,
				const struct sut_def *old, const struct sut_object *after,
				const struct sut_def *new);

#endif
