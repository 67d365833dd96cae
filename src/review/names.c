// SPDX-License-Identifier: GPL-2.0-or-later
#include "review/names.h"
#include "base/search.h"
#include "review/listing.h"

#include "base/utf8.h"

#include <elf.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { STRING_MAX = 1 << 14, QUOTED_MAX = 72 };

struct named {
	uint64_t address, size;
	const char *name;
	unsigned int rank; /* the lower the better for the same address */
};

enum { RANK_FUNC, RANK_PATCH, RANK_FILE };

struct sut_names {
	const struct sut_target *target;
	const struct sut_patch *patch;
	size_t count, capacity;
	struct named *list; /* by address, then rank, then size, the largest first */
	uint64_t largest;   /* size of one */
};

static void add(struct sut_arena *arena, struct sut_names *names, struct named named)
{
	SUT_PUSH(arena, names->list, names->count, names->capacity) = named;
	if (named.size > names->largest)
		names->largest = named.size;
}

static void add_patch(struct sut_arena *arena, struct sut_names *names, uint32_t object)
{
	const struct sut_patch *patch = names->patch;

	for (size_t i = 0; i < patch->func_count; i++) {
		const struct sut_patch_func *func = &patch->funcs[i];

		if (func->object == object && func->piece_count)
			add(arena, names,
			    (struct named){func->pieces[0].address, func->pieces[0].size,
					   func->name, RANK_FUNC});
	}
	for (size_t i = 0; i < patch->symbol_count; i++) {
		const struct sut_patch_symbol *symbol = &patch->symbols[i];

		if (symbol->object != object)
			continue;
		if (symbol->kind == SUT_PATCH_SYMBOL_TARGET && symbol->type != STT_TLS)
			add(arena, names,
			    (struct named){symbol->value, symbol->size, symbol->name, RANK_PATCH});
		if (symbol->kind == SUT_PATCH_SYMBOL_IMPORT && symbol->slot)
			add(arena, names,
			    (struct named){symbol->slot, sizeof(uint64_t),
					   sut_arena_printf(arena, "%s@GOT", symbol->name),
					   RANK_PATCH});
	}
}

static void add_target(struct sut_arena *arena, struct sut_names *names)
{
	const struct sut_target *target = names->target;

	for (size_t i = 0; i < target->symbol_count; i++) {
		const struct sut_target_symbol *symbol = &target->symbols[i];

		if (symbol->type != STT_TLS && *symbol->name && symbol->address)
			add(arena, names,
			    (struct named){symbol->address, symbol->size, symbol->name, RANK_FILE});
	}
	for (size_t i = 0; i < target->reloc_count; i++) {
		const struct sut_target_reloc *reloc = &target->relocs[i];

		if (*reloc->name &&
		    (reloc->type == R_X86_64_GLOB_DAT || reloc->type == R_X86_64_JUMP_SLOT))
			add(arena, names,
			    (struct named){reloc->address, sizeof(uint64_t),
					   sut_arena_printf(arena, "%s@GOT", reloc->name),
					   RANK_FILE});
	}
}

static int order(const void *left, const void *right)
{
	const struct named *a = left, *b = right;

	if (a->address != b->address)
		return a->address < b->address ? -1 : 1;
	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	if (a->size != b->size)
		return a->size > b->size ? -1 : 1;
	return strcmp(a->name, b->name);
}

struct sut_names *sut_names_new(struct sut_arena *arena, const struct sut_target *target,
				const struct sut_patch *patch, uint32_t object)
{
	struct sut_names *names = sut_arena_alloc(arena, sizeof(*names));

	*names = (struct sut_names){.target = target, .patch = patch};
	add_patch(arena, names, object);
	add_target(arena, names);
	if (names->count)
		qsort(names->list, names->count, sizeof(*names->list), order);
	return names;
}

/* The first entry at the address, or the last before it that holds it; NULL: none. */
static const struct named *find(const struct sut_names *names, uint64_t address)
{
	size_t low = SUT_LOWER_BOUND(0, names->count, at, names->list[at].address < address);

	if (low < names->count && names->list[low].address == address)
		return &names->list[low];
	while (low && address - names->list[low - 1].address < names->largest) {
		const struct named *named = &names->list[--low];

		/* Of several at one address the first is the best. */
		if (address - named->address < named->size &&
		    (!low || names->list[low - 1].address != named->address ||
		     address - names->list[low - 1].address >= names->list[low - 1].size))
			return named;
	}
	return NULL;
}

/* The patch has that string, too: its end counts. */
static bool patch_has_string(const struct sut_patch *patch, const unsigned char *bytes, size_t size)
{
	for (size_t i = 0; i < patch->section_count; i++) {
		const struct sut_patch_section *section = &patch->sections[i];

		for (uint64_t at = 0; at < section->size;) {
			struct sut_pool_element_at element = sut_pool_element(section, at);

			if (element.kind != SUT_POOL_STRINGS)
				break;
			if (element.size == size && !memcmp(section->data + at, bytes, size))
				return true;
			at += element.size;
		}
	}
	return false;
}

/* Text up to a zero. What is short is taken for text only if the patch has it: numbers look alike.
 */
static bool is_string(const struct sut_names *names, const unsigned char *bytes, uint64_t left)
{
	size_t length = 0;

	while (length < left && length < STRING_MAX && bytes[length]) {
		uint32_t code;
		size_t size = sut_utf8_next(bytes + length, left - length, &code);

		if (!size || (sut_utf8_deceives(code) && !strchr("\t\n\r\033", (int)code)))
			break;
		length += size;
	}
	if (length >= left || bytes[length])
		return left > 0 && patch_has_string(names->patch, bytes,
						    strnlen((const char *)bytes, left - 1) + 1);
	return length > 3 || patch_has_string(names->patch, bytes, length + 1);
}

static const char *string_at(struct sut_arena *arena, const struct sut_names *names,
			     uint64_t address)
{
	for (size_t i = 0; i < names->target->segment_count; i++) {
		const struct sut_target_segment *segment = &names->target->segments[i];
		uint64_t offset = address - segment->address;

		if (address >= segment->address && offset < segment->file_size &&
		    !segment->writable && !segment->executable)
			return is_string(names, segment->data + offset, segment->file_size - offset)
				       ? sut_quoted(arena, segment->data + offset,
						    segment->file_size - offset, QUOTED_MAX)
				       : NULL;
	}
	return NULL;
}

const char *sut_names_at(struct sut_arena *arena, const struct sut_names *names, uint64_t address,
			 bool string)
{
	const struct named *named = find(names, address);
	const struct sut_target_reloc *stub;

	if (named && named->address == address)
		return named->name;
	stub = sut_target_stub(names->target, address);
	if (stub && *stub->name)
		return stub->name;
	if (named)
		return sut_arena_printf(arena, "%s+0x%" PRIx64, named->name,
					address - named->address);
	return string ? string_at(arena, names, address) : NULL;
}

bool sut_names_patch_has(const struct sut_names *names, uint64_t address)
{
	const struct named *named = find(names, address);

	return named && named->rank != RANK_FILE;
}
