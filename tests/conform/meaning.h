/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a relocatable object means, found without the code under test: the image that a linker makes
 * of it, as far as anything can reach it. Two objects of one layout mean the same when that is the
 * same; what a comment says, what lies in padding and what a relocation overwrites is not part of
 * it.
 */
#ifndef SUT_TESTS_CONFORM_MEANING_H
#define SUT_TESTS_CONFORM_MEANING_H

#include "base/io.h"

#include <stdbool.h>

struct meaning;

/* Of a well-formed object file for x86-64; NULL for what is not. The bytes stay the caller's. */
struct meaning *meaning_read(struct sut_arena *arena, struct sut_bytes file);

/* NULL: both mean the same. Else where they differ, in words. */
const char *meaning_difference(struct sut_arena *arena, const struct meaning *a,
			       const struct meaning *b);

#endif
