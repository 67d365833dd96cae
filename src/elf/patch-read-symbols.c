// SPDX-License-Identifier: GPL-2.0-or-later
/* The reader's second half: symbols, and the relocations that refer to them. */
#include "elf/patch-reader.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum sut_rc take_symbol(struct sut_patch_reader *r, size_t i, const Elf64_Sym *sym)
{
	struct sut_patch_symbol *symbol = &r->patch->symbols[i];

	*symbol = (struct sut_patch_symbol){
		.name = sut_patch_reader_string(r, r->strtab, sym->st_name),
		.type = ELF64_ST_TYPE(sym->st_info),
		.value = sym->st_value,
		.size = sym->st_size,
	};
	if (!symbol->name)
		return SUT_PATCH_BAD(r->diag, "symbol %zu: its name is not in the file", i);
	if (ELF64_ST_BIND(sym->st_info) != STB_GLOBAL || sym->st_other)
		return SUT_PATCH_BAD(r->diag, "symbol %zu: %s is not global", i, symbol->name);
	if (sym->st_shndx == SHN_UNDEF) {
		symbol->kind = SUT_PATCH_SYMBOL_IMPORT;
	} else if (sym->st_shndx == SUT_PATCH_SHN_LIVEPATCH) {
		symbol->kind = SUT_PATCH_SYMBOL_TARGET;
	} else if (sym->st_shndx == SUT_PATCH_SHN_RUNTIME) {
		symbol->kind = SUT_PATCH_SYMBOL_RUNTIME;
	} else if (sym->st_shndx < r->count && r->content[sym->st_shndx] >= 0) {
		symbol->kind = SUT_PATCH_SYMBOL_OWN;
		symbol->section = (uint32_t)r->content[sym->st_shndx];
	} else {
		return SUT_PATCH_BAD(r->diag, "symbol %zu: %s is in no section of the patch", i,
				     symbol->name);
	}
	return SUT_OK;
}

/* Symbol 0 of the table is ELF's empty one; ours are counted from 0 behind it. */
enum sut_rc sut_patch_reader_symbols(struct sut_patch_reader *r)
{
	const Elf64_Shdr *shdr = &r->shdrs[r->symtab];
	const unsigned char *table = r->data + shdr->sh_offset;
	size_t count = shdr->sh_size / sizeof(Elf64_Sym);
	static const Elf64_Sym empty;

	if (shdr->sh_entsize != sizeof(Elf64_Sym) || shdr->sh_size % sizeof(Elf64_Sym) || !count ||
	    shdr->sh_link != r->strtab || shdr->sh_info != 1 || shdr->sh_flags ||
	    memcmp(table, &empty, sizeof(empty)) != 0)
		return SUT_PATCH_BAD(r->diag, "symbol table: not well-formed");
	if (count - 1 > SUT_PATCH_SYMBOLS_MAX)
		return SUT_PATCH_BAD(r->diag, "symbols: more than %d", SUT_PATCH_SYMBOLS_MAX);
	r->patch->symbol_count = count - 1;
	r->patch->symbols = sut_arena_array(r->arena, count - 1, sizeof(*r->patch->symbols));
	for (size_t i = 0; i + 1 < count; i++) {
		Elf64_Sym sym;
		enum sut_rc rc;

		memcpy(&sym, table + (i + 1) * sizeof(sym), sizeof(sym));
		rc = take_symbol(r, i, &sym);
		if (rc != SUT_OK)
			return rc;
	}
	return SUT_OK;
}

/* What follows prefix in s, or NULL. */
static const char *behind(const char *s, const char *prefix)
{
	size_t length = strlen(prefix);

	return s && strncmp(s, prefix, length) == 0 ? s + length : NULL;
}

/* ".klp.sym.<object>.<name>,<sympos>" becomes name and sympos. */
static enum sut_rc read_target_name(struct sut_patch_reader *r, size_t i)
{
	struct sut_patch_symbol *symbol = &r->patch->symbols[i];
	const char *full = symbol->name, *name, *comma, *object;
	char sympos[16];

	if (symbol->object >= r->patch->object_count)
		return SUT_PATCH_BAD(r->diag, "symbol %zu: %s is of no object", i, full);
	object = r->patch->objects[symbol->object].name;
	name = behind(behind(behind(full, ".klp.sym."), object), ".");
	comma = name ? strrchr(name, ',') : NULL;
	if (!comma)
		return SUT_PATCH_BAD(r->diag, "symbol %zu: %s is not named as a symbol of %s", i,
				     full, object);
	symbol->sympos = (uint32_t)strtoul(comma + 1, NULL, 10);
	snprintf(sympos, sizeof(sympos), "%" PRIu32, symbol->sympos);
	if (strcmp(comma + 1, sympos) != 0)
		return SUT_PATCH_BAD(r->diag, "symbol %zu: %s has no sympos", i, full);
	symbol->name = sut_arena_strndup(r->arena, name, (size_t)(comma - name));
	return SUT_OK;
}

enum sut_rc sut_patch_reader_target_names(struct sut_patch_reader *r)
{
	enum sut_rc rc = SUT_OK;

	for (size_t i = 0; i < r->patch->symbol_count && rc == SUT_OK; i++)
		if (r->patch->symbols[i].kind == SUT_PATCH_SYMBOL_TARGET)
			rc = read_target_name(r, i);
	return rc;
}

/* The object whose symbols a relocation section refers to: NULL for an ordinary one. */
static enum sut_rc rela_object(const struct sut_patch_reader *r, size_t i, uint32_t first,
			       const struct sut_patch_object **object)
{
	const struct sut_patch_symbol *symbol;

	*object = NULL;
	if (first >= r->patch->symbol_count)
		return SUT_PATCH_BAD(r->diag, "section [%zu]: %s names no symbol", i, r->names[i]);
	symbol = &r->patch->symbols[first];
	if (symbol->kind == SUT_PATCH_SYMBOL_TARGET)
		*object = &r->patch->objects[symbol->object];
	return SUT_OK;
}

static enum sut_rc check_rela(const struct sut_patch_reader *r, size_t i)
{
	const Elf64_Shdr *shdr = &r->shdrs[i];

	if (shdr->sh_link != r->symtab || shdr->sh_info >= r->count ||
	    r->content[shdr->sh_info] < 0 || shdr->sh_entsize != sizeof(Elf64_Rela) ||
	    !shdr->sh_size || shdr->sh_size % sizeof(Elf64_Rela) || shdr->sh_addr)
		return SUT_PATCH_BAD(r->diag, "section [%zu]: %s is not well-formed", i,
				     r->names[i]);
	return SUT_OK;
}

/* All relocations of one section are of one kind and object, which its name and flags tell. */
static enum sut_rc check_rela_kind(const struct sut_patch_reader *r, size_t i,
				   const struct sut_patch_section *section,
				   const struct sut_patch_object *object)
{
	const uint64_t flags =
		object ? SUT_PATCH_SHF_LIVEPATCH | SHF_ALLOC : (uint64_t)SHF_INFO_LINK;

	if (r->shdrs[i].sh_flags != flags ||
	    strcmp(r->names[i], sut_patch_rela_name(r->arena, section, object)) != 0)
		return SUT_PATCH_BAD(
			r->diag, "section [%zu]: %s has not the name and flags of what it holds", i,
			r->names[i]);
	return SUT_OK;
}

static enum sut_rc take_relocs(struct sut_patch_reader *r, size_t i)
{
	const Elf64_Shdr *shdr = &r->shdrs[i];
	struct sut_patch_section *section = &r->patch->sections[r->content[shdr->sh_info]];
	const struct sut_patch_object *first = NULL, *object;
	enum sut_rc rc = SUT_OK;

	for (uint64_t at = 0; at < shdr->sh_size && rc == SUT_OK; at += sizeof(Elf64_Rela)) {
		struct sut_patch_reloc *reloc = &section->relocs[section->reloc_count];
		Elf64_Rela rela;

		memcpy(&rela, r->data + shdr->sh_offset + at, sizeof(rela));
		*reloc = (struct sut_patch_reloc){
			.offset = rela.r_offset,
			.type = ELF64_R_TYPE(rela.r_info),
			.symbol = (uint32_t)ELF64_R_SYM(rela.r_info) - 1,
			.addend = rela.r_addend,
		};
		section->reloc_count++;
		rc = rela_object(r, i, reloc->symbol, &object);
		if (at == 0 && rc == SUT_OK) {
			first = object;
			rc = check_rela_kind(r, i, section, object);
		}
		if (rc == SUT_OK && object != first)
			rc = SUT_PATCH_BAD(r->diag, "section [%zu]: %s mixes objects", i,
					   r->names[i]);
	}
	return rc;
}

static int compare_relocs(const void *left, const void *right)
{
	const struct sut_patch_reloc *a = left, *b = right;

	return a->offset < b->offset ? -1 : a->offset > b->offset;
}

/* A section's relocations lie in several tables of the file and in one array in memory. */
enum sut_rc sut_patch_reader_relocs(struct sut_patch_reader *r)
{
	struct sut_patch *patch = r->patch;
	size_t *counts = sut_arena_array(r->arena, patch->section_count, sizeof(*counts));
	enum sut_rc rc = SUT_OK;

	for (size_t i = 1; i < r->count; i++) {
		if (r->shdrs[i].sh_type != SHT_RELA)
			continue;
		rc = check_rela(r, i);
		if (rc != SUT_OK)
			return rc;
		counts[r->content[r->shdrs[i].sh_info]] += r->shdrs[i].sh_size / sizeof(Elf64_Rela);
	}
	for (size_t i = 0; i < patch->section_count; i++)
		patch->sections[i].relocs =
			sut_arena_array(r->arena, counts[i], sizeof(struct sut_patch_reloc));
	for (size_t i = 1; i < r->count && rc == SUT_OK; i++)
		if (r->shdrs[i].sh_type == SHT_RELA)
			rc = take_relocs(r, i);
	for (size_t i = 0; i < patch->section_count && rc == SUT_OK; i++)
		qsort(patch->sections[i].relocs, counts[i], sizeof(struct sut_patch_reloc),
		      compare_relocs);
	return rc;
}
