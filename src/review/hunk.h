/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The source patch in a patch file, hunk by hunk, and which function of the patch a hunk is of. */
#ifndef SUT_REVIEW_HUNK_H
#define SUT_REVIEW_HUNK_H

#include "elf/patchfile.h"

enum { SUT_HUNK_NO_LINE = 0 };

struct sut_hunk_line {
	char mark;             /* ' ', '-', '+', or '\\' for what diff says of the line before */
	unsigned int old, new; /* line numbers, or NO_LINE */
	const char *text;      /* may be shown */
};

struct sut_hunk {
	const char *file;  /* may be shown; the new name unless the file goes */
	const char *range; /* "@@ -1,2 +1,3 @@ context", may be shown */
	size_t line_count;
	struct sut_hunk_line *lines;
	bool taken; /* by some function */
};

struct sut_hunk_list {
	size_t count, capacity;
	struct sut_hunk *list;
};

/*
 * All hunks of the patch's source patch; none if it is not there. SUT_INVALID (rule "patch") for a
 * text that is no diff.
 */
enum sut_rc sut_hunk_list_read(struct sut_arena *arena, const struct sut_patch *patch,
			       struct sut_hunk_list *hunks, struct sut_diag *diag);

/* The hunk is of the file that the function is in. */
bool sut_hunk_same_file(const struct sut_hunk *hunk, const struct sut_patch_func *func);

/*
 * Whether a hunk changes a function of the patch, by the names in its text and its line numbers:
 * for people, who see the hunk. What is changed in another function that the compiler put into this
 * one is not told.
 */
bool sut_hunk_is_of(const struct sut_hunk *hunk, const struct sut_patch *patch,
		    const struct sut_patch_func *func);

#endif
