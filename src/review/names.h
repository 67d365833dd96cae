/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is at an address of a target, for a reader of its code: what the patch knows of it, which is
 * all there is for a stripped file, and what the file's own symbols say.
 */
#ifndef SUT_REVIEW_NAMES_H
#define SUT_REVIEW_NAMES_H

#include "proof/target.h"

struct sut_names;

/* target and patch must stay. object: which one of the patch the target is. */
struct sut_names *sut_names_new(struct sut_arena *arena, const struct sut_target *target,
				const struct sut_patch *patch, uint32_t object);

/*
 * "puts", "shelf+0x8", "stdout@GOT", or, if there may be one, a string in quotes; NULL: nothing is
 * known. In the words that sut_reloc_text() has for the same thing.
 */
const char *sut_names_at(struct sut_arena *arena, const struct sut_names *names, uint64_t address,
			 bool string);

/* The name is one by which the patch refers to the target. */
bool sut_names_patch_has(const struct sut_names *names, uint64_t address);

#endif
