// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Mutations that a patch file survives for a while. Flipping bytes anywhere mostly breaks the
 * section table, and inserting any always does. So half of the time one part is mutated and the
 * rest of the file is kept right: the note's JSON, or a table of fixed-size records.
 */
#include <elf.h>
#include <jansson.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed);

enum { NOTE_HEADER = 20 };

/* The section table, when the file still has one that can be used as it is. */
static Elf64_Shdr *sections(uint8_t *data, size_t size, size_t *count)
{
	const Elf64_Ehdr *ehdr = (const Elf64_Ehdr *)data;
	Elf64_Shdr *shdrs;

	if (size < sizeof(*ehdr) || ehdr->e_shoff % 8 || ehdr->e_shoff > size ||
	    (size - ehdr->e_shoff) / sizeof(*shdrs) < ehdr->e_shnum)
		return NULL;
	shdrs = (Elf64_Shdr *)(data + ehdr->e_shoff);
	*count = ehdr->e_shnum;
	for (size_t i = 0; i < *count; i++)
		if (shdrs[i].sh_type != SHT_NOBITS &&
		    (shdrs[i].sh_offset > size || shdrs[i].sh_size > size - shdrs[i].sh_offset))
			return NULL;
	return shdrs;
}

/* Mutated text, in canonical form when it is still JSON. */
static size_t mutate_json(uint8_t *text, size_t size, size_t max)
{
	json_t *root;
	char *dump;

	size = LLVMFuzzerMutate(text, size, max);
	root = json_loadb((const char *)text, size, 0, NULL);
	dump = root ? json_dumps(root, JSON_SORT_KEYS | JSON_COMPACT) : NULL;
	if (dump && strlen(dump) <= max) {
		size = strlen(dump);
		memcpy(text, dump, size);
	}
	free(dump);
	json_decref(root);
	return size;
}

/* Moves what lies behind the note, and all that points there, by a multiple of 8. */
static size_t move_behind(uint8_t *data, size_t size, size_t at, ptrdiff_t shift)
{
	Elf64_Ehdr *ehdr = (Elf64_Ehdr *)data;
	Elf64_Shdr *shdrs;

	memmove(data + at + shift, data + at, size - at);
	ehdr->e_shoff += (uint64_t)shift;
	shdrs = (Elf64_Shdr *)(data + ehdr->e_shoff);
	for (size_t i = 0; i < ehdr->e_shnum; i++)
		if (shdrs[i].sh_offset >= at)
			shdrs[i].sh_offset += (uint64_t)shift;
	return size + (size_t)shift;
}

static size_t mutate_note(uint8_t *data, size_t size, size_t max)
{
	static uint8_t text[65536 + 8];
	size_t count, old, length;
	Elf64_Shdr *shdrs = sections(data, size, &count);
	uint64_t offset;
	Elf64_Nhdr *nhdr;

	if (!shdrs || count < 3 || shdrs[2].sh_type != SHT_NOTE || shdrs[2].sh_size < NOTE_HEADER)
		return 0;
	offset = shdrs[2].sh_offset;
	old = shdrs[2].sh_size - NOTE_HEADER;
	nhdr = (Elf64_Nhdr *)(data + offset);
	if (offset % 4 || offset < sizeof(Elf64_Ehdr) || old > 65536 || nhdr->n_descsz > old)
		return 0;
	memset(text, 0, sizeof(text));
	memcpy(text, data + offset + NOTE_HEADER, nhdr->n_descsz);
	length = mutate_json(text, nhdr->n_descsz, 65536);
	memset(text + length, 0, 8);
	nhdr->n_descsz = (uint32_t)length;
	length = (length + 7) / 8 * 8;
	old = (old + 7) / 8 * 8;
	if (offset + NOTE_HEADER + old > ((const Elf64_Ehdr *)data)->e_shoff ||
	    size - old + length > max)
		return 0;
	shdrs[2].sh_size = NOTE_HEADER + (nhdr->n_descsz + 3) / 4 * 4;
	size = move_behind(data, size, offset + NOTE_HEADER + old,
			   (ptrdiff_t)length - (ptrdiff_t)old);
	memcpy(data + offset + NOTE_HEADER, text, length);
	return size;
}

/* One record of a symbol or relocation table, the bytes of data, or one entry of the section table.
 */
static size_t mutate_record(uint8_t *data, size_t size, unsigned int seed)
{
	size_t count;
	Elf64_Shdr *shdrs = sections(data, size, &count);
	Elf64_Shdr *shdr;

	if (!shdrs || !count)
		return 0;
	shdr = &shdrs[seed % count];
	seed /= (unsigned int)count;
	if ((shdr->sh_type == SHT_RELA || shdr->sh_type == SHT_SYMTAB) && shdr->sh_size >= 24 &&
	    seed % 4)
		LLVMFuzzerMutate(data + shdr->sh_offset + seed / 4 % (shdr->sh_size / 24) * 24, 24,
				 24);
	else if (shdr->sh_type == SHT_PROGBITS && shdr->sh_size && seed % 4)
		LLVMFuzzerMutate(data + shdr->sh_offset, shdr->sh_size, shdr->sh_size);
	else
		LLVMFuzzerMutate((uint8_t *)shdr, sizeof(*shdr), sizeof(*shdr));
	return size;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed)
{
	size_t mutated = 0;

	if (seed % 4 == 0)
		mutated = mutate_record(data, size, seed / 4);
	else if (seed % 4 == 1)
		mutated = mutate_note(data, size, max);
	return mutated ? mutated : LLVMFuzzerMutate(data, size, max);
}
