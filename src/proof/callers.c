// SPDX-License-Identifier: GPL-2.0-or-later
#include "proof/callers.h"

#include <elf.h>
#include <string.h>

enum {
	CALL = 0xe8,
	JUMP = 0xe9,
	BRANCH_PREFIX = 0x0f,
	BRANCH = 0x80, /* to 0x8f, behind the prefix */
	LEA = 0x8d,
	MODRM_RIP = 0x05,
	MODRM_RIP_MASK = 0xc7,
	FIXED_MIN = 0x400000, /* where programs begin that are linked to a fixed address */
};

/* The four bytes at field are the distance of a call, a jump or a branch. */
static bool is_branch(const unsigned char *code, uint64_t field)
{
	return code[field - 1] == CALL || code[field - 1] == JUMP ||
	       (field > 1 && code[field - 2] == BRANCH_PREFIX &&
		(code[field - 1] & 0xf0) == BRANCH);
}

uint64_t *sut_callers_find(struct sut_arena *arena, const struct sut_target *target, uint64_t entry,
			   size_t *count)
{
	uint64_t *callers = NULL;
	size_t capacity = 0;

	*count = 0;
	for (size_t i = 0; i < target->segment_count; i++) {
		const struct sut_target_segment *segment = &target->segments[i];

		for (uint64_t at = 1; segment->executable && at + 4 <= segment->file_size; at++) {
			int32_t distance;

			memcpy(&distance, segment->data + at, sizeof(distance));
			if (segment->address + at + 4 + (int64_t)distance == entry &&
			    is_branch(segment->data, at))
				SUT_PUSH(arena, callers, *count, capacity) =
					segment->address + at - 1;
		}
	}
	return callers;
}

/* The bit of segment->pointed that tells about the address; false: no file has that. */
static bool find_bit(const struct sut_target *target, uint64_t address, unsigned char **byte,
		     unsigned char *bit)
{
	for (size_t i = 0; i < target->segment_count; i++) {
		const struct sut_target_segment *segment = &target->segments[i];
		uint64_t at = address - segment->address;

		if (at >= segment->file_size)
			continue;
		*byte = &segment->pointed[at / 8];
		*bit = 1 << at % 8;
		return true;
	}
	return false;
}

static void note_pointer(const struct sut_target *target, uint64_t address)
{
	unsigned char *byte, bit;

	if (find_bit(target, address, &byte, &bit))
		*byte |= bit;
}

/* Where the loader puts an address. A slot that only calls go through does not count. */
static void note_relocs(const struct sut_target *target)
{
	for (size_t i = 0; i < target->reloc_count; i++) {
		const struct sut_target_reloc *reloc = &target->relocs[i];
		const struct sut_target_symbol *symbols;
		size_t count = 0;

		if (reloc->type == R_X86_64_RELATIVE)
			note_pointer(target, (uint64_t)reloc->addend);
		if (reloc->type == R_X86_64_JUMP_SLOT || !*reloc->name)
			continue;
		symbols = sut_target_find(target, reloc->name, &count);
		for (size_t j = 0; j < count; j++)
			note_pointer(target, symbols[j].address);
	}
}

/* lea entry(%rip), %reg; and in what is linked to a fixed address, the address itself. */
static void note_code(const struct sut_target *target, const struct sut_target_segment *segment)
{
	for (uint64_t at = 0; at + 4 <= segment->file_size; at++) {
		const unsigned char *field = segment->data + at;
		int32_t word;

		memcpy(&word, field, sizeof(word));
		if ((uint32_t)word >= FIXED_MIN)
			note_pointer(target, (uint32_t)word);
		if (segment->executable && at >= 2 && field[-2] == LEA &&
		    (field[-1] & MODRM_RIP_MASK) == MODRM_RIP)
			note_pointer(target, segment->address + at + 4 + (int64_t)word);
	}
}

/* One pass for all that is asked later: a large patch asks about thousands of functions. */
static void note_pointers(struct sut_arena *arena, struct sut_target *target)
{
	for (size_t i = 0; i < target->segment_count; i++)
		target->segments[i].pointed =
			sut_arena_alloc(arena, target->segments[i].file_size / 8 + 1);
	for (size_t i = 0; i < target->segment_count; i++)
		note_code(target, &target->segments[i]);
	note_relocs(target);
}

bool sut_callers_have_pointer(struct sut_arena *arena, struct sut_target *target, uint64_t entry)
{
	unsigned char *byte, bit;

	if (target->segment_count && !target->segments[0].pointed)
		note_pointers(arena, target);
	return !find_bit(target, entry, &byte, &bit) || *byte & bit;
}

bool sut_callers_may_import(const struct sut_target *target, const char *name)
{
	size_t count;
	const struct sut_target_symbol *symbols = sut_target_find(target, name, &count);

	for (size_t i = 0; i < count && !target->executable; i++)
		if (symbols[i].dynamic)
			return true;
	return false;
}

const struct sut_target_symbol *sut_target_function_at(const struct sut_target *target,
						       uint64_t address)
{
	for (size_t i = 0; i < target->symbol_count; i++) {
		const struct sut_target_symbol *symbol = &target->symbols[i];

		if (symbol->type == STT_FUNC && address - symbol->address < symbol->size)
			return symbol;
	}
	return NULL;
}
