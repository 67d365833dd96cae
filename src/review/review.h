/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A patch as a reviewer reads it: for each function the hunks of the source patch, and the machine
 * code that was there beside the one that comes.
 */
#ifndef SUT_REVIEW_REVIEW_H
#define SUT_REVIEW_REVIEW_H

#include "review/align.h"
#include "review/find.h"
#include "review/hunk.h"

enum sut_old_code {
	SUT_OLD_NONE,    /* the function is new */
	SUT_OLD_SHOWN,   /* from the target's file */
	SUT_OLD_ABSENT,  /* the file was not found */
	SUT_OLD_ANOTHER, /* the file has the build-id, but not the bytes: one of the two lies */
};

struct sut_review_func {
	const struct sut_patch_func *func;
	const struct sut_patch_object *object;
	enum sut_old_code old_code;
	bool too_long; /* to be shown */
	struct sut_code old, new;
	size_t row_count;
	struct sut_aligned *rows;
	size_t removed, added; /* instructions */
	size_t hunk_count;
	const struct sut_hunk **hunks;
	bool borrowed; /* they are in no function of the patch, and may have got into this one */
};

struct sut_review {
	const struct sut_patch *patch;
	const struct sut_target **targets; /* per object; NULL: not found */
	size_t func_count;
	struct sut_review_func *funcs;
	struct sut_hunk_list hunks;
};

/* Everything lives in the arena or in patch. */
enum sut_rc sut_review_make(struct sut_arena *arena, const struct sut_patch *patch,
			    const struct sut_find *find, struct sut_review *review,
			    struct sut_diag *diag);

/* What a row of a function is: ' ', '-' or '+', and the line that it shows. */
char sut_review_mark(const struct sut_aligned *row);
const struct sut_code_line *sut_review_line(const struct sut_review_func *func,
					    const struct sut_aligned *row);

/*
 * The rows from a change to the last one that is near to it, context included: the next such
 * stretch from *row on. false: there is none.
 */
bool sut_review_stretch(const struct sut_review_func *func, size_t context, size_t *row,
			size_t *end);

/* What has to be said about the hunks of a function, or about there being none; "": nothing. */
const char *sut_review_hunk_text(const struct sut_review *review,
				 const struct sut_review_func *func);

/* The lines of the hand-written part, as they may be shown; none: it is not in the file. */
size_t sut_review_written(struct sut_arena *arena, const struct sut_patch *patch,
			  const char ***lines);

/* "old code of the target", for people: where it comes from or why it is not there. */
const char *sut_review_old_text(struct sut_arena *arena, const struct sut_review *review,
				const struct sut_review_func *func);

#endif
