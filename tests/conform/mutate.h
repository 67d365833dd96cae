/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small changes to ELF files, each at random, the same for the same seed. */
#ifndef SUT_TESTS_CONFORM_MUTATE_H
#define SUT_TESTS_CONFORM_MUTATE_H

#include "base/arena.h"

#include <stddef.h>
#include <stdint.h>

/* A sequence of numbers that looks random (splitmix64). */
uint64_t mutate_random(uint64_t *seed);
/* Below the limit, which is not 0. */
uint64_t mutate_below(uint64_t *seed, uint64_t limit);

enum mutation {
	MUTATE_CODE, /* a bit of a section with code */
	MUTATE_DATA, /* a bit of a section of other things in memory: strings, tables, constants */
	MUTATE_ADDEND,  /* of a relocation */
	MUTATE_TYPE,    /* of a relocation */
	MUTATE_TARGET,  /* of a relocation: another symbol */
	MUTATE_PLACE,   /* of a relocation: another offset */
	MUTATE_SWAP,    /* two relocations of a section refer to what the other did */
	MUTATE_SYMBOL,  /* size, type, binding, visibility, value or section of a symbol */
	MUTATE_SECTION, /* flags, alignment, type or element size of a section */
	MUTATE_COUNT,
};

extern const char *const mutation_names[MUTATE_COUNT];

/*
 * Makes one mutation of that kind in a relocatable object of the given size, in place. Returns what
 * was done, for a person, or NULL if the object has nothing of the kind.
 */
const char *mutate_object(struct sut_arena *arena, unsigned char *file, size_t size,
			  enum mutation kind, uint64_t *seed);

#endif
