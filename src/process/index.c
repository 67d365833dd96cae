// SPDX-License-Identifier: GPL-2.0-or-later
#include "process/index.h"

static size_t slot_of(const struct sut_index *index, uint64_t address, size_t probe)
{
	/* The upper half of a product with an odd number of many bits depends on all bits. */
	uint64_t hash = (address * UINT64_C(0x9e3779b97f4a7c15)) >> 32;

	return (hash + probe) & (index->slot_count - 1);
}

static void put(struct sut_index *index, size_t number)
{
	size_t probe = 0;

	while (index->slots[slot_of(index, index->addresses[number], probe)])
		probe++;
	index->slots[slot_of(index, index->addresses[number], probe)] = number + 1;
}

/* At most half of the slots are taken, so each search comes to an end. */
static void grow(struct sut_index *index, struct sut_arena *arena)
{
	enum { SMALLEST = 64 };

	if (2 * index->count <= index->slot_count)
		return;
	index->slot_count = index->slot_count ? 2 * index->slot_count : SMALLEST;
	index->slots = sut_arena_array(arena, index->slot_count, sizeof(*index->slots));
	for (size_t i = 0; i + 1 < index->count; i++)
		put(index, i);
}

void sut_index_add(struct sut_index *index, struct sut_arena *arena, uint64_t address)
{
	SUT_PUSH(arena, index->addresses, index->count, index->capacity) = address;
	grow(index, arena);
	put(index, index->count - 1);
}

size_t sut_index_next(const struct sut_index *index, uint64_t address, size_t *probe)
{
	while (index->slot_count) {
		size_t number = index->slots[slot_of(index, address, (*probe)++)];

		if (!number)
			break;
		if (index->addresses[number - 1] == address)
			return number - 1;
	}
	return SUT_INDEX_END;
}
