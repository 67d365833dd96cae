// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The memory of the shadow store. Blocks of some sizes are cut off chunks and never change their
 * size again, so that what once was a node is one for ever: a lookup that comes late reads another
 * node at worst, which it notices, and never anything else. Freed nodes wait, oldest first, until
 * nobody can use their data any more.
 */
#include "core/shadow-memory.h"

enum {
	UNIT = 16, /* alignment for any type */
	PAGE = 4096,
	CHUNK_MIN = 64 * 1024,
	CHUNK_SHARE = 16, /* a chunk is this part of what there is already */
};

_Static_assert(sizeof(struct sut_shadow_node) % UNIT == 0, "data are aligned");

/* Block sizes are 4, 5, 6 or 7 times a power of two. */
static unsigned int class_of(size_t size, size_t *block)
{
	size_t bytes = sizeof(struct sut_shadow_node) + size, step = UNIT, steps;
	unsigned int class = 0;

	while (bytes > 8 * step) {
		step *= 2;
		class += 4;
	}
	steps = (bytes + step - 1) / step;
	if (steps < 4) /* of a 32-bit node */
		steps = 4;
	*block = steps * step;
	return class + (unsigned int)steps - 4;
}

void sut_shadow_clear(void *block, size_t size)
{
	for (unsigned long *word = block, *end = word + size / sizeof(*word); word < end; word++)
		__atomic_store_n(word, 0, __ATOMIC_RELAXED);
}

static size_t round_up(size_t size, size_t to)
{
	return (size + to - 1) / to * to;
}

void *sut_shadow_carve(struct sut_shadow_store *store, size_t size)
{
	size_t chunk = round_up(store->mapped / CHUNK_SHARE, PAGE);
	bool own;
	void *block;

	if (chunk < CHUNK_MIN)
		chunk = CHUNK_MIN;
	size = round_up(size, UNIT);
	if (size > store->chunk_left) {
		own = size > chunk / 4;
		if (own)
			chunk = round_up(size, PAGE);
		block = store->host->map(store, chunk);
		if (!block)
			return NULL;
		store->mapped += chunk;
		if (own)
			return block;
		store->chunk = block;
		store->chunk_left = chunk;
	}
	block = store->chunk;
	store->chunk += size;
	store->chunk_left -= size;
	return block;
}

/* Makes those free that need not wait any longer. */
static void release(struct sut_shadow_store *store)
{
	unsigned long proved = sut_shadow_read(&store->proved);
	size_t limit = store->host->quarantine;
	size_t keep = store->waiting_bytes > limit ? limit / 2 : limit;
	struct sut_shadow_node *node;
	bool any = false;

	while ((node = store->waiting)) {
		bool is_proved = proved - node->epoch <= (unsigned long)-1 / 2;
		size_t block;

		class_of(node->size, &block);
		if (!is_proved) {
			if (store->waiting_bytes <= keep)
				break;
			store->unproved += block;
		}
		store->waiting = node->after;
		store->waiting_bytes -= block;
		sut_shadow_put(store, node);
		any = true;
	}
	if (any)
		sut_shadow_next_generation(store);
}

struct sut_shadow_node *sut_shadow_take(struct sut_shadow_store *store, size_t size)
{
	struct sut_shadow_node *node;
	unsigned int class;
	size_t block;

	if (size > SUT_SHADOW_SIZE_MAX)
		return NULL;
	class = class_of(size, &block);
	if (!store->free[class])
		release(store);
	node = store->free[class];
	if (node)
		store->free[class] = node->after;
	else
		node = sut_shadow_carve(store, block);
	if (!node)
		return NULL;
	node->size = size;
	sut_shadow_clear(node + 1, block - sizeof(*node));
	return node;
}

void sut_shadow_put(struct sut_shadow_store *store, struct sut_shadow_node *node)
{
	size_t block;
	unsigned int class = class_of(node->size, &block);

	node->after = store->free[class];
	store->free[class] = node;
}

void sut_shadow_retire(struct sut_shadow_store *store, struct sut_shadow_node *node)
{
	size_t block;

	class_of(node->size, &block);
	node->after = NULL;
	node->epoch = store->epoch + 1;
	if (store->waiting)
		store->waiting_last->after = node;
	else
		store->waiting = node;
	store->waiting_last = node;
	store->waiting_bytes += block;
	sut_shadow_write(&store->epoch, node->epoch);
}
