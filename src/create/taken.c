// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which functions of the patch something in the target has a pointer to, or code that makes one:
 * an indirect jump can lead to these. One pass over the target answers for all of them.
 */
#include "create/taken.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

enum {
	MODRM_RIP = 0x05,
	MODRM_RIP_MASK = 0xc7,
	FIXED_MIN = 0x400000, /* where programs begin that are linked to a fixed address */
};

struct entry {
	uint64_t address;
	size_t func;
};

struct pass {
	const struct sut_target *target;
	size_t count;
	struct entry *entries; /* of changed functions, ascending address */
	bool *taken;
};

static int compare_entries(const void *a, const void *b)
{
	const struct entry *left = a, *right = b;

	return (left->address > right->address) - (left->address < right->address);
}

static void note(struct pass *pass, uint64_t address)
{
	size_t low = 0, high = pass->count;

	if (address < pass->entries[0].address || address > pass->entries[high - 1].address)
		return;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (pass->entries[middle].address < address)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < pass->count && pass->entries[low].address == address; low++)
		pass->taken[pass->entries[low].func] = true;
}

static void note_relocs(struct pass *pass)
{
	for (size_t i = 0; i < pass->target->reloc_count; i++) {
		const struct sut_target_reloc *reloc = &pass->target->relocs[i];

		size_t count = 0;
		const struct sut_target_symbol *symbols =
			reloc->type == R_X86_64_JUMP_SLOT || !*reloc->name
				? NULL
				: sut_target_find(pass->target, reloc->name, &count);

		if (reloc->type == R_X86_64_RELATIVE)
			note(pass, (uint64_t)reloc->addend);
		for (size_t j = 0; j < count; j++)
			note(pass, symbols[j].address);
	}
}

/* lea entry(%rip), %reg; and in what is linked to a fixed address, the address itself. */
static void note_code(struct pass *pass, const struct sut_target_segment *segment)
{
	const bool fixed =
		!pass->target->reloc_count || pass->entries[pass->count - 1].address >= FIXED_MIN;

	for (uint64_t at = 0; at + 4 <= segment->file_size; at++) {
		const unsigned char *field = segment->data + at;
		uint32_t word;

		memcpy(&word, field, sizeof(word));
		if (fixed && (!pass->target->reloc_count || word >= FIXED_MIN))
			note(pass, word);
		if (segment->executable && at >= 2 && field[-2] == 0x8d &&
		    (field[-1] & MODRM_RIP_MASK) == MODRM_RIP)
			note(pass, segment->address + at + 4 + (uint64_t)(int64_t)(int32_t)word);
	}
}

/* Another object can take the address of what a shared object exports. */
static void note_exports(struct pass *pass)
{
	for (size_t i = 0; i < pass->target->symbol_count; i++)
		if (pass->target->symbols[i].dynamic)
			note(pass, pass->target->symbols[i].address);
}

static void find_in(struct pass *pass, const struct sut_patch *patch, uint32_t object)
{
	pass->count = 0;
	for (size_t i = 0; i < patch->func_count; i++) {
		const struct sut_patch_func *func = &patch->funcs[i];

		if (func->kind == SUT_PATCH_FUNC_CHANGED && func->object == object)
			pass->entries[pass->count++] = (struct entry){func->pieces[0].address, i};
	}
	if (!pass->count)
		return;
	qsort(pass->entries, pass->count, sizeof(*pass->entries), compare_entries);
	note_relocs(pass);
	if (!pass->target->executable)
		note_exports(pass);
	for (size_t i = 0; i < pass->target->segment_count; i++)
		note_code(pass, &pass->target->segments[i]);
}

bool *sut_taken_find(const struct sut_extract *extract)
{
	const struct sut_patch *patch = extract->patch;
	struct pass pass = {
		.entries =
			sut_arena_array(extract->arena, patch->func_count, sizeof(*pass.entries)),
		.taken = sut_arena_array(extract->arena, patch->func_count, sizeof(bool)),
	};

	for (uint32_t i = 0; i < patch->object_count; i++) {
		pass.target = extract->targets[i];
		find_in(&pass, patch, i);
	}
	return pass.taken;
}
