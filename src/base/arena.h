/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One arena per operation: allocate freely, release everything at once.
 *
 * Allocation does not fail: when the system has no memory the process ends with a message and
 * status 1. That is safe for every target, for a controller may die at any instruction. Code that
 * runs between the stop and the resumption of a thread must not allocate at all.
 */
#ifndef SUT_BASE_ARENA_H
#define SUT_BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

struct sut_arena_block;

struct sut_arena {
	struct sut_arena_block *head;
};

/* A zeroed arena is valid and empty. */
void sut_arena_deinit(struct sut_arena *arena);

/* Zeroed memory, aligned to 16. size 0 gives a unique pointer. */
void *sut_arena_alloc(struct sut_arena *arena, size_t size);

/* count * size, with the overflow checked. */
void *sut_arena_array(struct sut_arena *arena, size_t count, size_t size);

void *sut_arena_memdup(struct sut_arena *arena, const void *data, size_t size);
char *sut_arena_strdup(struct sut_arena *arena, const char *s);
char *sut_arena_strndup(struct sut_arena *arena, const char *s, size_t len);
char *sut_arena_printf(struct sut_arena *arena, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * Grows an arena array by doubling: returns storage for at least count + 1 elements that starts
 * with the present ones. *capacity is updated. The old storage stays until the arena goes.
 */
void *sut_arena_grow(struct sut_arena *arena, void *array, size_t count, size_t *capacity,
		     size_t size);

/* Appends one element: SUT_PUSH(arena, v.item, v.count, v.capacity) = value; */
#define SUT_PUSH(arena, array, count, capacity)                                                    \
	(*({                                                                                       \
		if ((count) == (capacity))                                                         \
			(array) = sut_arena_grow(arena, array, count, &(capacity),                 \
						 sizeof(*(array)));                                \
		&(array)[(count)++];                                                               \
	}))

#endif
