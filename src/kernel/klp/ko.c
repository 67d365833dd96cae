// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/klp/ko.h"
#include "base/search.h"

#include <stdlib.h>
#include <string.h>

static enum sut_rc malformed(const struct sut_ko *ko, struct sut_diag *diag, const char *what)
{
	return sut_fail(diag, SUT_INVALID, "format", "%s: not a valid kernel module: %s",
			ko->elf.path, what);
}

/* A table of strings whose last one ends inside it. */
static bool is_strings(const struct sut_ko *ko, uint32_t index)
{
	if (index >= ko->elf.section_count)
		return false;
	const struct sut_kernel_section *section = &ko->elf.sections[index];

	return section->type == SHT_STRTAB && section->data && section->size &&
	       !section->data[section->size - 1];
}

static enum sut_rc read_symbols(struct sut_arena *arena, struct sut_ko *ko, struct sut_diag *diag)
{
	const struct sut_kernel_section *table;

	ko->symtab = 0;
	for (uint32_t i = 1; i < ko->elf.section_count; i++) {
		if (ko->elf.sections[i].type != SHT_SYMTAB)
			continue;
		if (ko->symtab)
			return malformed(ko, diag, "it has two symbol tables");
		ko->symtab = i;
	}
	if (!ko->symtab)
		return malformed(ko, diag, "it has no symbol table");
	table = &ko->elf.sections[ko->symtab];
	ko->strtab = table->link;
	if (!is_strings(ko, ko->strtab) || !is_strings(ko, ko->shstrtab))
		return malformed(ko, diag, "a table of names does not exist or does not end");
	ko->symbol_count = table->data ? table->size / sizeof(*ko->symbols) : 0;
	if (!ko->symbol_count || ko->symbol_count > UINT32_MAX / 2 ||
	    table->size % sizeof(*ko->symbols))
		return malformed(ko, diag, "its symbol table has a wrong size");
	ko->symbols = sut_arena_memdup(arena, table->data, table->size);
	for (size_t i = 0; i < ko->symbol_count; i++) {
		const Elf64_Sym *symbol = &ko->symbols[i];

		if (symbol->st_name >= ko->elf.sections[ko->strtab].size)
			return malformed(ko, diag, "a symbol's name lies outside of its table");
		if (symbol->st_shndx < SHN_LORESERVE && symbol->st_shndx >= ko->elf.section_count)
			return malformed(ko, diag, "a symbol lies in a section that is not there");
	}
	return SUT_OK;
}

static int compare_relocs(const void *a, const void *b)
{
	const struct sut_ko_reloc *left = a, *right = b;

	if (left->section != right->section)
		return left->section < right->section ? -1 : 1;
	if (left->offset != right->offset)
		return left->offset < right->offset ? -1 : 1;
	if (left->table != right->table)
		return left->table < right->table ? -1 : 1;
	return (left->symbol > right->symbol) - (left->symbol < right->symbol);
}

size_t sut_ko_relocs_in(const struct sut_ko *ko, uint32_t index)
{
	const struct sut_kernel_section *table = &ko->elf.sections[index];

	if (table->type != SHT_RELA || !table->data || table->info >= ko->elf.section_count ||
	    !(ko->elf.sections[table->info].flags & SHF_ALLOC))
		return 0;
	return table->size / sizeof(Elf64_Rela);
}

static enum sut_rc read_table(struct sut_ko *ko, uint32_t index, struct sut_diag *diag)
{
	const struct sut_kernel_section *table = &ko->elf.sections[index];
	const struct sut_kernel_section *changed = &ko->elf.sections[table->info];
	size_t count = sut_ko_relocs_in(ko, index);

	if (count &&
	    (table->link != ko->symtab || table->size % sizeof(Elf64_Rela) || !changed->data))
		return malformed(ko, diag, "a table of relocations does not fit its section");
	for (size_t i = 0; i < count; i++) {
		Elf64_Rela rela;

		memcpy(&rela, table->data + i * sizeof(rela), sizeof(rela));
		if (ELF64_R_SYM(rela.r_info) >= ko->symbol_count || rela.r_offset >= changed->size)
			return malformed(ko, diag,
					 "a relocation leads out of its section or of "
					 "the symbol table");
		ko->relocs[ko->reloc_count++] = (struct sut_ko_reloc){
			.section = table->info,
			.table = index,
			.type = ELF64_R_TYPE(rela.r_info),
			.symbol = ELF64_R_SYM(rela.r_info),
			.offset = rela.r_offset,
			.addend = rela.r_addend,
		};
	}
	return SUT_OK;
}

static enum sut_rc read_relocs(struct sut_arena *arena, struct sut_ko *ko, struct sut_diag *diag)
{
	size_t count = 0;

	for (uint32_t i = 1; i < ko->elf.section_count; i++) {
		const struct sut_kernel_section *section = &ko->elf.sections[i];

		/* The kernel passes over it, until a section of that number is added. */
		if (section->type == SHT_RELA && section->info >= ko->elf.section_count)
			return malformed(ko, diag, "relocations of a section that is not there");
		count += sut_ko_relocs_in(ko, i);
	}
	ko->relocs = sut_arena_array(arena, count, sizeof(*ko->relocs));
	ko->reloc_count = 0;
	for (uint32_t i = 1; i < ko->elf.section_count; i++) {
		enum sut_rc rc = sut_ko_relocs_in(ko, i) ? read_table(ko, i, diag) : SUT_OK;

		if (rc)
			return rc;
	}
	qsort(ko->relocs, ko->reloc_count, sizeof(*ko->relocs), compare_relocs);
	return SUT_OK;
}

enum sut_rc sut_ko_read(struct sut_arena *arena, const char *path, struct sut_bytes bytes,
			struct sut_ko *ko, struct sut_diag *diag)
{
	Elf64_Ehdr header;
	enum sut_rc rc;

	*ko = (struct sut_ko){0};
	rc = sut_kernel_elf_parse(arena, path, bytes, &ko->elf, diag);
	if (rc)
		return rc;
	if (!ko->elf.relocatable)
		return malformed(ko, diag, "it is a linked file");
	memcpy(&header, bytes.data, sizeof(header));
	ko->shstrtab = header.e_shstrndx;
	rc = read_symbols(arena, ko, diag);
	return rc ? rc : read_relocs(arena, ko, diag);
}

enum sut_rc sut_ko_load(struct sut_arena *arena, const char *path, struct sut_ko *ko,
			struct sut_diag *diag)
{
	struct sut_bytes bytes;
	enum sut_rc rc = sut_file_read(arena, path, SUT_KO_FILE_MAX, &bytes, diag);

	return rc ? rc : sut_ko_read(arena, path, bytes, ko, diag);
}

const char *sut_ko_symbol_name(const struct sut_ko *ko, size_t symbol)
{
	return (const char *)ko->elf.sections[ko->strtab].data + ko->symbols[symbol].st_name;
}

uint32_t sut_ko_find_symbol(const struct sut_ko *ko, const char *name)
{
	for (uint32_t i = 1; i < ko->symbol_count; i++)
		if (ELF64_ST_BIND(ko->symbols[i].st_info) != STB_LOCAL &&
		    !strcmp(sut_ko_symbol_name(ko, i), name))
			return i;
	return SUT_KO_NONE;
}

static bool is_before(const struct sut_ko_reloc *reloc, uint32_t section, uint64_t offset)
{
	return reloc->section < section || (reloc->section == section && reloc->offset < offset);
}

size_t sut_ko_find_reloc(const struct sut_ko *ko, uint32_t section, uint64_t offset)
{
	return SUT_LOWER_BOUND(0, ko->reloc_count, at, is_before(&ko->relocs[at], section, offset));
}

const char *sut_ko_string(const struct sut_ko *ko, uint32_t section, uint64_t offset)
{
	const struct sut_kernel_section *place;

	if (section >= ko->elf.section_count)
		return NULL;
	place = &ko->elf.sections[section];
	if (!place->data || offset >= place->size ||
	    !memchr(place->data + offset, '\0', place->size - offset))
		return NULL;
	return (const char *)place->data + offset;
}

const char *sut_ko_info(const struct sut_ko *ko, const char *key, size_t *position)
{
	const struct sut_kernel_section *info = sut_kernel_elf_section(&ko->elf, ".modinfo");
	size_t at = position ? *position : 0, length = strlen(key);

	while (info && info->data && at < info->size) {
		const char *entry = (const char *)info->data + at;
		const char *end = memchr(entry, '\0', info->size - at);

		if (!end)
			return NULL;
		at += (size_t)(end - entry) + 1;
		if (position)
			*position = at;
		if (!strncmp(entry, key, length) && entry[length] == '=')
			return entry + length + 1;
	}
	return NULL;
}

const char *sut_ko_version(const struct sut_ko *ko, size_t *position, uint32_t *crc)
{
	enum { SIZE = 64, NAME = 8 }; /* struct modversion_info */
	const struct sut_kernel_section *versions = sut_kernel_elf_section(&ko->elf, "__versions");
	const unsigned char *entry;

	if (!versions || !versions->data || *position >= versions->size / SIZE)
		return NULL;
	entry = versions->data + SIZE * (*position)++;
	memcpy(crc, entry, sizeof(*crc));
	return memchr(entry + NAME, '\0', SIZE - NAME) ? (const char *)entry + NAME : NULL;
}
