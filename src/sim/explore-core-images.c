// SPDX-License-Identifier: GPL-2.0-or-later
/* The contents that a part of a stage ever had: numbered, each kept once. */
#include "sim/explore-core.h"

#include <stdlib.h>
#include <string.h>

static uint64_t hash(const unsigned char *data, size_t size)
{
	uint64_t h = size;

	for (size_t i = 0; i + sizeof(h) <= size; i += sizeof(h)) {
		uint64_t word;

		memcpy(&word, data + i, sizeof(word));
		h = (h ^ word) * UINT64_C(0x9e3779b97f4a7c15);
		h ^= h >> 32;
	}
	return h;
}

static const unsigned char *image_at(const struct sut_small_images *images, uint32_t number)
{
	return images->data + (size_t)number * images->size;
}

/* Where it is in the table, or would go. */
static uint32_t slot_of(const struct sut_small_images *images, const void *content)
{
	uint32_t mask = images->table_size - 1;
	uint32_t slot = (uint32_t)hash(content, images->size) & mask;

	while (images->table[slot] &&
	       memcmp(image_at(images, images->table[slot] - 1), content, images->size))
		slot = (slot + 1) & mask;
	return slot;
}

/* The controller of a test may end when there is no memory: nothing is lost with it. */
static void *must(void *memory)
{
	if (!memory)
		abort();
	return memory;
}

static void grow(struct sut_small_images *images)
{
	images->capacity = images->capacity ? 2 * images->capacity : 64;
	images->data = must(realloc(images->data, images->capacity * images->size));
	free(images->table);
	images->table_size = 4 * images->capacity;
	images->table = must(calloc(images->table_size, sizeof(*images->table)));
	for (uint32_t i = 0; i < images->count; i++)
		images->table[slot_of(images, image_at(images, i))] = i + 1;
}

uint32_t sut_small_image(struct sut_small_images *images, const void *content)
{
	uint32_t slot;

	if (images->count == images->capacity)
		grow(images);
	slot = slot_of(images, content);
	if (!images->table[slot]) {
		memcpy(images->data + (size_t)images->count * images->size, content, images->size);
		images->table[slot] = ++images->count;
	}
	return images->table[slot] - 1;
}
