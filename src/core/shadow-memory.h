/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is below the shadow store: its memory. Functions are called locked, by shadow.c only. */
#ifndef SUT_CORE_SHADOW_MEMORY_H
#define SUT_CORE_SHADOW_MEMORY_H

#include "core/shadow.h"

/* What a lookup may read, and a writer change, at the same time. */
#define sut_shadow_read(word)         __atomic_load_n(word, __ATOMIC_ACQUIRE)
#define sut_shadow_write(word, value) __atomic_store_n(word, value, __ATOMIC_RELEASE)

static inline struct sut_shadow_node **sut_shadow_buckets(const struct sut_shadow_table *table)
{
	/* Not by `table + 1`, beyond which nothing may lie, as a compiler sees it. */
	return (struct sut_shadow_node **)((uintptr_t)table + sizeof(*table));
}

/* Lookups that are under way will begin again: they might be led astray by what is done next. */
static inline void sut_shadow_next_generation(struct sut_shadow_store *store)
{
	sut_shadow_write(&store->generation, store->generation + 1);
}

/* A node with size and zeroed data, or NULL. */
struct sut_shadow_node *sut_shadow_take(struct sut_shadow_store *store, size_t size);
/* Gives back a node that no lookup could find since it was taken. */
void sut_shadow_put(struct sut_shadow_store *store, struct sut_shadow_node *node);
/* Gives back a node that lookups can no longer find. */
void sut_shadow_retire(struct sut_shadow_store *store, struct sut_shadow_node *node);

/* Zeroed memory that is never given back, or NULL. */
void *sut_shadow_carve(struct sut_shadow_store *store, size_t size);

/* Zeroes whole words, by atomic stores, lest the compiler call memset(). */
void sut_shadow_clear(void *block, size_t size);

#endif
