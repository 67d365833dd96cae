/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A hash of the elements of a growing array by an address: several may have the same. */
#ifndef SUT_PROCESS_INDEX_H
#define SUT_PROCESS_INDEX_H

#include "base/arena.h"

#include <stdint.h>

/* A zeroed one is valid and empty. */
struct sut_index {
	size_t count, capacity;
	uint64_t *addresses;
	size_t slot_count;
	size_t *slots; /* a number + 1, or 0 */
};

#define SUT_INDEX_END SIZE_MAX

/* The next number, counted from 0, has this address. */
void sut_index_add(struct sut_index *index, struct sut_arena *arena, uint64_t address);
/*
 * The numbers that have the address, in the order of their coming, then SUT_INDEX_END. *probe: 0
 * before the first call, and of this function's own.
 */
size_t sut_index_next(const struct sut_index *index, uint64_t address, size_t *probe);

#endif
