/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keeps __LINE__ of unpatched code as it was: #line directives for a patched source. */
#ifndef SUT_UNITS_LINES_H
#define SUT_UNITS_LINES_H

#include "base/arena.h"
#include "base/io.h"

#include <stddef.h>

/*
 * The text of after with "#line N" lines put in, so that lines that after shares with before have
 * the number they had there. Lines of a changed function may keep their new numbers: directives
 * stand at file scope only. *inserted is their number.
 */
struct sut_bytes sut_lines_stabilise(struct sut_arena *arena, struct sut_bytes before,
				     struct sut_bytes after, size_t *inserted);

#endif
