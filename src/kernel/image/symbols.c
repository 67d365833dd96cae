// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/image/symbols.h"
#include "base/guard.h"

#include <string.h>

/* ---- indices ---- */

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

void sut_kernel_symbols_index(struct sut_arena *arena, struct sut_kernel_symbols *symbols)
{
	symbols->by_name = sort(arena, symbols, true);
	symbols->by_address = sort(arena, symbols, false);
	for (size_t from = 0, to; from < symbols->count; from = to) {
		const char *name = symbols->list[symbols->by_name[from]].name;

		for (to = from + 1; to < symbols->count; to++)
			if (strcmp(symbols->list[symbols->by_name[to]].name, name) != 0)
				break;
		for (size_t i = from; i < to; i++) {
			struct sut_kernel_symbol *symbol = &symbols->list[symbols->by_name[i]];

			symbol->position = symbol->early_position = (uint32_t)(i - from + 1);
			symbol->namesakes = symbol->early_namesakes = (uint32_t)(to - from);
		}
	}
}

/* ---- questions ---- */

/* The first place of an index at which compare() no longer says "before" (negative). */
static size_t lower_bound(const struct sut_kernel_symbols *symbols, const uint32_t *index,
			  int (*compare)(const struct sut_kernel_symbol *symbol, const void *what),
			  const void *what)
{
	size_t low = 0, high = symbols->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare(&symbols->list[index[middle]], what) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int compare_name(const struct sut_kernel_symbol *symbol, const void *name)
{
	return strcmp(symbol->name, name);
}

static int compare_place(const struct sut_kernel_symbol *symbol, const void *what)
{
	const struct sut_kernel_symbol *place = what;

	if (symbol->section != place->section)
		return symbol->section < place->section ? -1 : 1;
	return symbol->address < place->address ? -1 : symbol->address > place->address;
}

const uint32_t *sut_kernel_symbols_find(const struct sut_kernel_symbols *symbols, const char *name,
					size_t *count)
{
	size_t first = lower_bound(symbols, symbols->by_name, compare_name, name), last = first;

	while (last < symbols->count &&
	       strcmp(symbols->list[symbols->by_name[last]].name, name) == 0)
		last++;
	*count = last - first;
	return symbols->by_name + first;
}

const uint32_t *sut_kernel_symbols_at(const struct sut_kernel_symbols *symbols, uint32_t section,
				      uint64_t address, size_t *count)
{
	const struct sut_kernel_symbol place = {.section = section, .address = address};
	size_t first = lower_bound(symbols, symbols->by_address, compare_place, &place);
	size_t last = first;

	while (last < symbols->count &&
	       compare_place(&symbols->list[symbols->by_address[last]], &place) == 0)
		last++;
	*count = last - first;
	return symbols->by_address + first;
}

const struct sut_kernel_symbol *
sut_kernel_symbols_covering(const struct sut_kernel_symbols *symbols, uint64_t address)
{
	struct sut_kernel_symbol place = {.address = address};
	size_t at = lower_bound(symbols, symbols->by_address, compare_place, &place);

	if (at == symbols->count || symbols->list[symbols->by_address[at]].address != address) {
		if (!at)
			return NULL;
		place.address = symbols->list[symbols->by_address[at - 1]].address;
		at = lower_bound(symbols, symbols->by_address, compare_place, &place);
	}
	return &symbols->list[symbols->by_address[at]];
}

bool sut_kernel_sympos(const struct sut_kernel_symbol *symbol, uint32_t *sympos)
{
	if (symbol->position != symbol->early_position)
		return false;
	*sympos = symbol->namesakes == 1 && symbol->early_namesakes == 1 ? 0 : symbol->position;
	return true;
}

/* ---- where a section lies ---- */

static bool is_listed(const struct sut_kernel_place *place)
{
	return *place->name && *place->name != '$' && strncmp(place->name, ".L", 2) != 0;
}

static bool lies_at(const struct sut_kernel_symbols *symbols, const struct sut_kernel_place *places,
		    size_t count, uint64_t base)
{
	for (size_t i = 0; i < count; i++) {
		size_t there, k;
		const uint32_t *found =
			sut_kernel_symbols_at(symbols, 0, base + places[i].offset, &there);

		if (!is_listed(&places[i]))
			continue;
		for (k = 0; k < there; k++)
			if (strcmp(symbols->list[found[k]].name, places[i].name) == 0)
				break;
		if (k == there)
			return false;
	}
	return true;
}

size_t sut_kernel_symbols_place(const struct sut_kernel_symbols *symbols,
				const struct sut_kernel_place *places, size_t count,
				uint64_t *bases, size_t max)
{
	const struct sut_kernel_place *rarest = NULL;
	const uint32_t *candidates = NULL;
	size_t candidate_count = 0, found = 0;

	for (size_t i = 0; i < count; i++) {
		size_t namesakes;
		const uint32_t *first;

		if (!is_listed(&places[i]))
			continue;
		first = sut_kernel_symbols_find(symbols, places[i].name, &namesakes);
		if (!rarest || namesakes < candidate_count) {
			rarest = &places[i];
			candidates = first;
			candidate_count = namesakes;
		}
	}
	for (size_t i = 0; i < candidate_count; i++) {
		uint64_t base = symbols->list[candidates[i]].address - rarest->offset;

		if (!lies_at(symbols, places, count, base))
			continue;
		if (found < max)
			bases[found] = base;
		found++;
	}
	return found;
}
