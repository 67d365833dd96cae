/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who calls a function of a target, as the target's bytes show it. */
#ifndef SUT_PROOF_CALLERS_H
#define SUT_PROOF_CALLERS_H

#include "proof/target.h"

/* Addresses of all direct calls of and jumps to an address, ascending; of bytes that only look like
 * one, too. */
uint64_t *sut_callers_find(struct sut_arena *arena, const struct sut_target *target, uint64_t entry,
			   size_t *count);

/*
 * Something in the target has a pointer to the address, or code that makes one; or the address is
 * none of the file's. The first question about a target reads all of it, into the arena, which must
 * live as long as it is asked.
 */
bool sut_callers_have_pointer(struct sut_arena *arena, struct sut_target *target, uint64_t entry);

/* A shared object that other objects may call the function of that name in. */
bool sut_callers_may_import(const struct sut_target *target, const char *name);

/* The function that the address lies in, by the target's symbols; NULL: they do not tell. */
const struct sut_target_symbol *sut_target_function_at(const struct sut_target *target,
						       uint64_t address);

#endif
