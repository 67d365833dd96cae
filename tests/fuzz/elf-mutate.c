// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Mutations that an ELF file survives. Bytes changed anywhere mostly break what leads to the rest,
 * and inserting any always does. So most of the time one section's content is mutated in place, its
 * length kept; the smaller a section is, the more it is worth.
 */
#include <elf.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed);

enum { PART_MAX = 4096 /* bytes of a section that are mutated at once */ };

/* A section with content, or NULL when the file has no table of them that can be used. */
static const Elf64_Shdr *choose(const uint8_t *data, size_t size, unsigned int seed)
{
	const Elf64_Ehdr *header = (const Elf64_Ehdr *)data;

	if (size < sizeof(*header) || header->e_shoff % 8 || header->e_shoff > size ||
	    !header->e_shnum || (size - header->e_shoff) / sizeof(Elf64_Shdr) < header->e_shnum)
		return NULL;
	const Elf64_Shdr *section =
		(const Elf64_Shdr *)(data + header->e_shoff) + seed % header->e_shnum;

	if (section->sh_type == SHT_NOBITS || !section->sh_size || section->sh_offset > size ||
	    section->sh_size > size - section->sh_offset)
		return NULL;
	return section;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed)
{
	const Elf64_Shdr *section = seed % 8 ? choose(data, size, seed / 8) : NULL;
	uint8_t part[PART_MAX] = {0};
	size_t length, start;

	if (!section)
		return seed % 64 ? LLVMFuzzerMutate(data, size, size)
				 : LLVMFuzzerMutate(data, size, max);
	start = section->sh_size > PART_MAX ? seed / 512 % (section->sh_size - PART_MAX) : 0;
	length = section->sh_size > PART_MAX ? PART_MAX : section->sh_size;
	start += section->sh_offset;
	memcpy(part, data + start, length);
	LLVMFuzzerMutate(part, length, length);
	memcpy(data + start, part, length);
	return size;
}
