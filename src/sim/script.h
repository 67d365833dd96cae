/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A scenario file: its lines, told apart by how they begin. */
#ifndef SUT_SIM_SCRIPT_H
#define SUT_SIM_SCRIPT_H

#include "base/arena.h"
#include "base/diag.h"

enum sut_line_kind {
	SUT_LINE_EMPTY, /* or a comment */
	SUT_LINE_COMMAND,
	SUT_LINE_INDENTED,   /* belongs to a patch command */
	SUT_LINE_TRANSCRIPT, /* what must come, behind a | */
	SUT_LINE_BINARY      /* holds something that is not ASCII text */
};

struct sut_line {
	enum sut_line_kind kind;
	const char *text; /* all of it, without the newline */
};

struct sut_script {
	const char *path;
	struct sut_line *lines; /* lines[0] is line 1 */
	size_t count;
	size_t capacity;
};

/* An error: the file cannot be read. Everything lives in the arena. */
enum sut_rc sut_script_read(struct sut_arena *arena, const char *path, struct sut_script *script,
			    struct sut_diag *diag);

#endif
