/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The shortest way from old code to new. */
#ifndef SUT_REVIEW_ALIGN_H
#define SUT_REVIEW_ALIGN_H

#include "review/code.h"

/* A row of a diff: a line of the old code, of the new one, or one that both have. */
struct sut_aligned {
	uint32_t old, new; /* indices of lines, or SUT_CODE_NONE */
};

/*
 * Lines with the same key are matched in order, as many as can be; of those, jumps that do not lead
 * to each other's counterpart are no match after all. Code that has next to nothing in common is
 * not matched at all, which bounds the time.
 */
size_t sut_align(struct sut_arena *arena, const struct sut_code *old, const struct sut_code *new,
		 struct sut_aligned **rows);

#endif
