/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The code of a function, old or new, as lines that can be compared and read. */
#ifndef SUT_REVIEW_CODE_H
#define SUT_REVIEW_CODE_H

#include "review/names.h"

enum { SUT_CODE_NONE = UINT32_MAX };

/* Constants without a name that an instruction refers to: compared by what they are. */
struct sut_code_data {
	const unsigned char *bytes; /* NULL: there are none */
	uint64_t size;              /* old: as far as the file goes */
};

struct sut_code_line {
	uint32_t piece;
	uint64_t offset;  /* from the start of its piece */
	const char *text; /* the instruction; for the first line of a further piece its name */
	const char *key;  /* the text without places in the function and nameless constants */
	uint32_t target;  /* the line that a jump within the function leads to, or NONE */
	struct sut_code_data data;
	bool label; /* no instruction, but where a piece begins */
};

struct sut_code {
	size_t count;
	struct sut_code_line *lines;
};

/* The function as the patch has it. Nothing if it has too many instructions to be shown. */
struct sut_code sut_code_new(struct sut_arena *arena, const struct sut_patch *patch,
			     const struct sut_patch_func *func);

/* The function as the target has it. Its bytes are in the file. */
struct sut_code sut_code_old(struct sut_arena *arena, const struct sut_names *names,
			     const struct sut_target *target, const struct sut_patch *patch,
			     const struct sut_patch_func *func);

#endif
