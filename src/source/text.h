/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The text of a chunk as the extracted file has it. */
#ifndef SUT_SOURCE_TEXT_H
#define SUT_SOURCE_TEXT_H

#include "source/closure.h"

/*
 * What is left out by #if is left out, and the #if with it. A function keeps its lines. "" when
 * nothing is left.
 */
const char *sut_text(const struct sut_closure *closure, const struct sut_chunk *chunk);

/* The function or variable that the chunk declares first, or NULL. */
struct sut_entity *sut_text_entity(const struct sut_closure *closure,
				   const struct sut_chunk *chunk);

/* Whether the text is that of a function with its body. */
bool sut_text_is_code(const struct sut_closure *closure, const struct sut_chunk *chunk);

#endif
