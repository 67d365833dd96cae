/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two patches compared by what they do: whether a patch file has exactly what a rebuild of its
 * source has, and nothing else. Two such files need not be equal byte by byte: sections, symbols
 * and strings may be in another order, and only what is used of a section of strings may be there.
 *
 * Compared are the code and data with every reference resolved to what it means, the old code that
 * is replaced, the addresses of symbols in the target, what the author added by hand, and which
 * refusals were overruled. What is not compared: facts (how it was made), and sources, which the
 * caller has to look at.
 */
#ifndef SUT_REVIEW_COMPARE_H
#define SUT_REVIEW_COMPARE_H

#include "elf/patchfile.h"

enum sut_compared {
	SUT_COMPARED_SAME,
	SUT_COMPARED_DIFFERENT,
	SUT_COMPARED_EXTRA,   /* only in the file */
	SUT_COMPARED_MISSING, /* only in the rebuild */
};

/* One thing that is not the same. */
struct sut_finding {
	enum sut_compared kind;
	const char *subject;  /* what it is: "reference at 0x12", "symbol log_line" */
	const char *file;     /* as the file has it; "" for MISSING */
	const char *expected; /* as the rebuild has it; "" for EXTRA */
};

struct sut_findings {
	size_t count, capacity;
	struct sut_finding *list;
};

struct sut_compared_func {
	const char *name, *object, *source;
	bool new;
	enum sut_compared verdict;
	struct sut_findings findings;
};

struct sut_comparison {
	size_t func_count;
	struct sut_compared_func *funcs; /* of the file in its order, then those that it misses */
	struct sut_findings findings;    /* of all that is in no function */
	bool same;
};

/* Everything in the result lives in the arena or in the patches. */
void sut_compare(struct sut_arena *arena, const struct sut_patch *file,
		 const struct sut_patch *rebuilt, struct sut_comparison *comparison);

#endif
