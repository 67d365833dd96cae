/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Objects of unpatched units, kept from one patch to the next in a folder of a profile. The name is
 * the digest of all that decides the object: the tokens, the command, the compiler. What a file
 * holds is a digest and the object; one that is damaged counts as not there. A wrong one could do
 * no harm either: it would not prove to be the target's code.
 */
#ifndef SUT_UNITS_KEPT_H
#define SUT_UNITS_KEPT_H

#include "units/tokens.h"
#include "units/work.h"

/* Fills the candidate's key from its tokens on the unpatched side; none for objects that tell line
 * numbers. */
void sut_kept_key(struct sut_arena *arena, struct sut_candidate *candidate,
		  const struct sut_tokens *tokens);

/* Writes the kept object to path; false: there is none. */
bool sut_kept_take(const char *folder, const struct sut_candidate *candidate, const char *path);

/* Keeps the object at path, if the folder can be written. */
void sut_kept_put(const char *folder, const struct sut_candidate *candidate, const char *path);

#endif
