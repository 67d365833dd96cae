/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The code of a function, old or new, as lines that can be compared and read. */
#ifndef SUT_REVIEW_CODE_H
#define SUT_REVIEW_CODE_H

#include "review/names.h"

enum { SUT_CODE_NONE = UINT32_MAX };

/* Constants that an instruction refers to, and which are compared by what they are. */
struct sut_code_data {
	const unsigned char *bytes;              /* NULL: there are none */
	uint64_t size;                           /* old: as far as the file goes */
	uint64_t address;                        /* old: link-time; new: in its section */
	const struct sut_patch_section *section; /* new */
};

struct sut_code_line {
	uint32_t piece;
	uint64_t offset;  /* from the start of its piece */
	const char *text; /* the instruction; for the first line of a further piece its name */
	const char *key;  /* the text without places in the function and constants */
	uint32_t target;  /* the line that a jump within the function leads to, or NONE */
	struct sut_code_data data;
	bool label; /* no instruction, but where a piece begins */
};

struct sut_code_piece {
	const char *name;
	const unsigned char *code;
	uint64_t size;
	uint64_t address;                        /* old: link-time; new: in its section */
	const struct sut_patch_section *section; /* new */
	uint32_t first;                          /* its first line */
};

struct sut_code {
	size_t count;
	struct sut_code_line *lines;
	size_t piece_count;
	struct sut_code_piece *pieces;
	const struct sut_patch *patch;
};

/* The function as the patch has it. Nothing if it has too many instructions to be shown. */
struct sut_code sut_code_new(struct sut_arena *arena, const struct sut_patch *patch,
			     const struct sut_patch_func *func);

/* The line whose instruction lies there, in a section of the patch or, NULL, in the target; or
 * NONE. */
uint32_t sut_code_line_of(const struct sut_code *code, const struct sut_patch_section *section,
			  uint64_t address);

/* The function as the target has it. Its bytes are in the file. */
struct sut_code sut_code_old(struct sut_arena *arena, const struct sut_names *names,
			     const struct sut_target *target, const struct sut_patch *patch,
			     const struct sut_patch_func *func);

#endif
