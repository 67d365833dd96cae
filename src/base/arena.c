// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ALIGNMENT = 16, BLOCK_SIZE = 64 * 1024 };

struct sut_arena_block {
	struct sut_arena_block *next;
	size_t size; /* of data[] */
	size_t used;
	_Alignas(ALIGNMENT) unsigned char data[];
};

static void out_of_memory(void)
{
	static const char message[] = "suture: out of memory\n";

	if (write(STDERR_FILENO, message, sizeof(message) - 1) < 0)
		_exit(1);
	_exit(1);
}

void sut_arena_deinit(struct sut_arena *arena)
{
	struct sut_arena_block *block = arena->head;

	while (block) {
		struct sut_arena_block *next = block->next;

		free(block);
		block = next;
	}
	arena->head = NULL;
}

static struct sut_arena_block *block_new(struct sut_arena *arena, size_t size)
{
	struct sut_arena_block *block;

	if (size < BLOCK_SIZE)
		size = BLOCK_SIZE;
	if (size > SIZE_MAX - sizeof(*block))
		out_of_memory();
	block = calloc(1, sizeof(*block) + size);
	if (!block)
		out_of_memory();
	block->size = size;
	block->next = arena->head;
	arena->head = block;
	return block;
}

void *sut_arena_alloc(struct sut_arena *arena, size_t size)
{
	struct sut_arena_block *block = arena->head;
	void *p;

	if (size > SIZE_MAX - ALIGNMENT)
		out_of_memory();
	size = (size + ALIGNMENT) & ~(size_t)(ALIGNMENT - 1);
	if (!block || block->size - block->used < size)
		block = block_new(arena, size);
	p = block->data + block->used;
	block->used += size;
	return p;
}

void *sut_arena_array(struct sut_arena *arena, size_t count, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(count, size, &total))
		out_of_memory();
	return sut_arena_alloc(arena, total);
}

void *sut_arena_memdup(struct sut_arena *arena, const void *data, size_t size)
{
	void *p = sut_arena_alloc(arena, size);

	if (size)
		memcpy(p, data, size);
	return p;
}

char *sut_arena_strdup(struct sut_arena *arena, const char *s)
{
	return sut_arena_memdup(arena, s, strlen(s) + 1);
}

char *sut_arena_strndup(struct sut_arena *arena, const char *s, size_t len)
{
	char *p;

	len = strnlen(s, len);
	p = sut_arena_alloc(arena, len + 1);
	memcpy(p, s, len);
	return p;
}

char *sut_arena_printf(struct sut_arena *arena, const char *fmt, ...)
{
	va_list ap;
	int len;
	char *p;

	va_start(ap, fmt);
	len = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	p = sut_arena_alloc(arena, (size_t)len + 1);
	va_start(ap, fmt);
	vsnprintf(p, (size_t)len + 1, fmt, ap);
	va_end(ap);
	return p;
}

void *sut_arena_grow(struct sut_arena *arena, void *array, size_t count, size_t *capacity,
		     size_t size)
{
	size_t grown = *capacity ? *capacity * 2 : 8;
	void *p = sut_arena_array(arena, grown, size);

	if (count)
		memcpy(p, array, count * size);
	*capacity = grown;
	return p;
}
