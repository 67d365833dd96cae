// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/image/symbols.h"
#include "base/guard.h"
#include "base/search.h"

#include <string.h>

/* What symbols are sorted by: a number settles most comparisons without a look at the name. */
struct key {
	uint64_t number;
	const char *name; /* or "" */
	uint32_t section, index;
};

static int compare_keys(const void *left, const void *right)
{
	const struct key *a = left, *b = right;
	int order;

	if (a->section != b->section)
		return a->section < b->section ? -1 : 1;
	if (a->number != b->number)
		return a->number < b->number ? -1 : 1;
	order = strcmp(a->name, b->name);
	return order ? order : a->index < b->index ? -1 : 1;
}

/* The first characters of a name as a number of the same order. */
static uint64_t first_characters(const char *name)
{
	uint64_t number = 0;

	for (unsigned int i = 0; i < sizeof(number); i++) {
		number = number << 8 | (unsigned char)*name;
		name += *name != '\0';
	}
	return number;
}

static uint32_t *sort(struct sut_arena *arena, const struct sut_kernel_symbols *symbols,
		      bool by_name)
{
	SUT_ARENA struct sut_arena scratch = {0};
	struct key *keys = sut_arena_array(&scratch, symbols->count, sizeof(*keys));
	uint32_t *indices = sut_arena_array(arena, symbols->count, sizeof(*indices));

	for (size_t i = 0; i < symbols->count; i++) {
		const struct sut_kernel_symbol *symbol = &symbols->list[i];

		if (by_name)
			keys[i] = (struct key){first_characters(symbol->name), symbol->name, 0,
					       (uint32_t)i};
		else
			keys[i] = (struct key){symbol->address, "", symbol->section, (uint32_t)i};
	}
	qsort(keys, symbols->count, sizeof(*keys), compare_keys);
	for (size_t i = 0; i < symbols->count; i++)
		indices[i] = keys[i].index;
	return indices;
}

static const char *name_at(const struct sut_kernel_symbols *symbols, size_t place)
{
	return symbols->list[symbols->by_name[place]].name;
}

void sut_kernel_symbols_index(struct sut_arena *arena, struct sut_kernel_symbols *symbols)
{
	symbols->by_name = sort(arena, symbols, true);
	symbols->by_address = sort(arena, symbols, false);
	for (size_t from = 0, to; from < symbols->count; from = to) {
		for (to = from + 1; to < symbols->count; to++)
			if (strcmp(name_at(symbols, to), name_at(symbols, from)) != 0)
				break;
		for (size_t i = from; i < to; i++) {
			struct sut_kernel_symbol *symbol = &symbols->list[symbols->by_name[i]];

			symbol->position = symbol->early_position = (uint32_t)(i - from + 1);
			symbol->namesakes = symbol->early_namesakes = (uint32_t)(to - from);
		}
	}
}

const uint32_t *sut_kernel_symbols_find(const struct sut_kernel_symbols *symbols, const char *name,
					size_t *count)
{
	size_t low = SUT_LOWER_BOUND(0, symbols->count, at, strcmp(name_at(symbols, at), name) < 0);
	size_t last;

	for (last = low; last < symbols->count; last++)
		if (strcmp(name_at(symbols, last), name) != 0)
			break;
	*count = last - low;
	return symbols->by_name + low;
}

bool sut_kernel_sympos(const struct sut_kernel_symbol *symbol, uint32_t *sympos)
{
	if (symbol->position != symbol->early_position)
		return false;
	*sympos = symbol->namesakes == 1 && symbol->early_namesakes == 1 ? 0 : symbol->position;
	return true;
}
