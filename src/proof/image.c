// SPDX-License-Identifier: GPL-2.0-or-later
/* Questions about a loaded target. */
#include "proof/target.h"
#include "base/search.h"
#include "insn/insn.h"

#include <elf.h>
#include <string.h>

const unsigned char *sut_target_bytes(const struct sut_target *target, uint64_t address,
				      uint64_t size)
{
	for (size_t i = 0; i < target->segment_count; i++) {
		const struct sut_target_segment *segment = &target->segments[i];

		if (address >= segment->address && size <= segment->file_size &&
		    address - segment->address <= segment->file_size - size)
			return segment->data + (address - segment->address);
	}
	return NULL;
}

const struct sut_target_segment *sut_target_code(const struct sut_target *target, uint64_t address)
{
	for (size_t i = 0; i < target->segment_count; i++) {
		const struct sut_target_segment *segment = &target->segments[i];

		if (segment->executable && address >= segment->address &&
		    address - segment->address < segment->file_size)
			return segment;
	}
	return NULL;
}

const struct sut_target_symbol *sut_target_find(const struct sut_target *target, const char *name,
						size_t *count)
{
	size_t low = SUT_LOWER_BOUND(0, target->symbol_count, at,
				     strcmp(target->symbols[at].name, name) < 0);

	*count = 0;
	while (low + *count < target->symbol_count &&
	       !strcmp(target->symbols[low + *count].name, name))
		(*count)++;
	return *count ? &target->symbols[low] : NULL;
}

const struct sut_target_reloc *sut_target_reloc_at(const struct sut_target *target,
						   uint64_t address)
{
	size_t low =
		SUT_LOWER_BOUND(0, target->reloc_count, at, target->relocs[at].address < address);

	if (low < target->reloc_count && target->relocs[low].address == address)
		return &target->relocs[low];
	return NULL;
}

uint64_t sut_target_slot(const struct sut_target *target, const char *name)
{
	uint64_t lazy = 0;

	for (size_t i = 0; i < target->reloc_count; i++) {
		const struct sut_target_reloc *reloc = &target->relocs[i];

		if (reloc->type != R_X86_64_GLOB_DAT && reloc->type != R_X86_64_JUMP_SLOT)
			continue;
		if (strcmp(reloc->name, name) != 0)
			continue;
		if (reloc->type == R_X86_64_GLOB_DAT)
			return reloc->address;
		lazy = reloc->address;
	}
	return lazy;
}

uint64_t sut_target_chosen_slot(const struct sut_target *target, uint64_t resolver)
{
	for (size_t i = 0; i < target->reloc_count; i++) {
		if (target->relocs[i].type == R_X86_64_IRELATIVE &&
		    target->relocs[i].addend == (int64_t)resolver)
			return target->relocs[i].address;
	}
	return 0;
}

/* The offset in the target's own block that the slot without a name is for. */
static bool tls_slot_offset(const struct sut_target *target, const struct sut_target_reloc *reloc,
			    uint64_t *offset)
{
	const unsigned char *second;

	*offset = reloc->addend;
	if (reloc->type != R_X86_64_DTPMOD64)
		return true;
	second = sut_target_bytes(target, reloc->address + sizeof(*offset), sizeof(*offset));
	if (second)
		memcpy(offset, second, sizeof(*offset));
	return second != NULL;
}

uint64_t sut_target_tls_slot(const struct sut_target *target, uint32_t kind, const char *name,
			     const uint64_t *offset)
{
	for (size_t i = 0; i < target->reloc_count; i++) {
		const struct sut_target_reloc *reloc = &target->relocs[i];
		uint64_t found;

		if (reloc->type != kind)
			continue;
		if (*reloc->name
			    ? !strcmp(reloc->name, name)
			    : offset && tls_slot_offset(target, reloc, &found) && found == *offset)
			return reloc->address;
	}
	return 0;
}

uint64_t sut_target_tls_offset(const struct sut_target *target, uint64_t value)
{
	return target->executable ? value - target->tls_size : value;
}

/*
 * A stub of any layout (.plt, .plt.sec, .plt.got) begins with an optional endbr64, then jumps
 * through its slot. No section header is needed to recognise it.
 */
const struct sut_target_reloc *sut_target_stub(const struct sut_target *target, uint64_t address)
{
	static const unsigned char endbr64[] = {0xf3, 0x0f, 0x1e, 0xfa};
	const struct sut_target_segment *segment = sut_target_code(target, address);
	struct sut_insn insn;

	if (!segment)
		return NULL;
	uint64_t offset = address - segment->address, left = segment->file_size - offset;
	const unsigned char *code = segment->data + offset;

	if (left > sizeof(endbr64) && !memcmp(code, endbr64, sizeof(endbr64))) {
		code += sizeof(endbr64);
		left -= sizeof(endbr64);
		address += sizeof(endbr64);
	}
	/* Told by its first bytes, for most callers ask about addresses that are no stubs. */
	if (left < 7 || (memcmp(code, "\xff\x25", 2) != 0 && memcmp(code, "\xf2\xff\x25", 3) != 0))
		return NULL;
	if (!sut_insn_decode(code, left, address, &insn) || insn.kind != SUT_INSN_JUMP_INDIRECT)
		return NULL;
	return sut_target_reloc_at(target, insn.target);
}

bool sut_target_pointer(const struct sut_target *target, uint64_t address, uint64_t *value)
{
	const struct sut_target_reloc *reloc = sut_target_reloc_at(target, address);
	const unsigned char *bytes = sut_target_bytes(target, address, sizeof(*value));

	if (reloc && reloc->type == R_X86_64_RELATIVE) {
		*value = reloc->addend;
		return true;
	}
	if (reloc || !bytes)
		return false;
	memcpy(value, bytes, sizeof(*value));
	return true;
}
