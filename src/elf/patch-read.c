// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reading a patch file that may have been made by anybody.
 *
 * The order: the ELF header and section
 * table; the sections by type; the symbol table; the note, which says what belongs to which object;
 * the relocations; and last what must hold for the content as a whole (patch-check.c). Every step
 * touches only what the steps before have checked. Bytes are reached through slice() alone.
 *
 * Sections that the format does not have are refused, not skipped: what a reviewer was shown must
 * be all there is.
 */
#include "elf/patch-format.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The longest name is that of a relocation section: two names and a prefix. */
enum { STRING_MAX = 3 * SUT_PATCH_WORD_MAX };

struct reader {
	struct sut_arena *arena;
	const unsigned char *data;
	size_t size;
	uint64_t table; /* where the section table begins, */
	size_t count;   /* and how many sections it has */
	Elf64_Shdr *shdrs;
	const char **names;
	int32_t *content; /* ELF section index -> content section, or -1 */
	size_t symtab, strtab, shstrtab, note;
	struct sut_patch *patch;
	struct sut_diag *diag;
};

/* The bytes [offset, offset + size) of the file, or NULL. */
static const unsigned char *slice(const struct reader *r, uint64_t offset, uint64_t size)
{
	if (offset > r->size || size > r->size - offset)
		return NULL;
	return r->data + offset;
}

static enum sut_rc check_header(const struct reader *r, const Elf64_Ehdr *ehdr)
{
	const unsigned char *ident = ehdr->e_ident;

	if (ident[EI_CLASS] != ELFCLASS64 || ident[EI_DATA] != ELFDATA2LSB ||
	    ehdr->e_machine != EM_X86_64)
		return sut_fail(r->diag, SUT_UNSUPPORTED, "format",
				"ELF header: for another machine than x86-64");
	if (ident[EI_VERSION] != EV_CURRENT || ident[EI_OSABI] != ELFOSABI_NONE ||
	    ident[EI_ABIVERSION] || ehdr->e_type != ET_REL || ehdr->e_version != EV_CURRENT ||
	    ehdr->e_entry || ehdr->e_phoff || ehdr->e_flags || ehdr->e_phnum ||
	    ehdr->e_ehsize != sizeof(*ehdr) || ehdr->e_shentsize != sizeof(Elf64_Shdr))
		return SUT_PATCH_BAD(r->diag, "ELF header: not that of a relocatable object");
	return SUT_OK;
}

static enum sut_rc read_header(struct reader *r)
{
	const unsigned char *table;
	Elf64_Ehdr ehdr;
	enum sut_rc rc;

	memcpy(&ehdr, r->data, sizeof(ehdr));
	rc = check_header(r, &ehdr);
	if (rc != SUT_OK)
		return rc;
	r->count = ehdr.e_shnum;
	r->shstrtab = ehdr.e_shstrndx;
	r->table = ehdr.e_shoff;
	table = slice(r, r->table, (uint64_t)r->count * sizeof(*r->shdrs));
	if (!r->count || !table || r->shstrtab >= r->count ||
	    r->table + r->count * sizeof(*r->shdrs) != r->size)
		return SUT_PATCH_BAD(r->diag, "ELF header: the section table is not at the end of "
					      "the file");
	r->shdrs = sut_arena_memdup(r->arena, table, r->count * sizeof(*r->shdrs));
	return SUT_OK;
}

/* The string at offset in a string table; NULL when there is none, or none of a sane length. */
static const char *string_at(const struct reader *r, size_t table, uint64_t offset)
{
	const Elf64_Shdr *shdr = &r->shdrs[table];
	const unsigned char *strings = slice(r, shdr->sh_offset, shdr->sh_size);

	uint64_t left;

	if (!strings || offset >= shdr->sh_size)
		return NULL;
	left = shdr->sh_size - offset;
	if (!memchr(strings + offset, 0, left < STRING_MAX ? left : STRING_MAX))
		return NULL;
	return (const char *)strings + offset;
}

/* Ranges ascend in the order of the table and do not overlap; the digest alone lies in front. */
static enum sut_rc check_ranges(struct reader *r)
{
	uint64_t end = sizeof(Elf64_Ehdr);

	for (size_t i = 1; i < r->count; i++) {
		const Elf64_Shdr *shdr = &r->shdrs[i];

		if (shdr->sh_type == SHT_NOBITS)
			continue;
		if (shdr->sh_offset < end || !slice(r, shdr->sh_offset, shdr->sh_size))
			return SUT_PATCH_BAD(r->diag,
					     "section [%zu]: its bytes are out of order, "
					     "overlapping or not in the file",
					     i);
		end = shdr->sh_offset + shdr->sh_size;
	}
	if (r->table < end)
		return SUT_PATCH_BAD(r->diag, "ELF header: the section table overlaps a section");
	return SUT_OK;
}

static enum sut_rc read_section_names(struct reader *r)
{
	static const Elf64_Shdr empty;

	if (memcmp(&r->shdrs[0], &empty, sizeof(empty)) != 0)
		return SUT_PATCH_BAD(r->diag, "section [0]: not empty");
	if (r->shdrs[r->shstrtab].sh_type != SHT_STRTAB)
		return SUT_PATCH_BAD(r->diag, "section [%zu]: not the section names", r->shstrtab);
	r->names = sut_arena_array(r->arena, r->count, sizeof(*r->names));
	r->names[0] = "";
	for (size_t i = 1; i < r->count; i++) {
		r->names[i] = string_at(r, r->shstrtab, r->shdrs[i].sh_name);
		if (!r->names[i] || !*r->names[i])
			return SUT_PATCH_BAD(r->diag, "section [%zu]: has no name", i);
	}
	return SUT_OK;
}

/* A section of which there is exactly one. */
static enum sut_rc take_single(struct reader *r, size_t i, size_t *place)
{
	if (*place)
		return SUT_PATCH_BAD(r->diag, "section [%zu]: a second %s", i, r->names[i]);
	*place = i;
	return SUT_OK;
}

static enum sut_rc take_content(struct reader *r, size_t i)
{
	const Elf64_Shdr *shdr = &r->shdrs[i];
	struct sut_patch_section *section = &r->patch->sections[r->patch->section_count];

	if (shdr->sh_addr || shdr->sh_link || shdr->sh_info || shdr->sh_entsize)
		return SUT_PATCH_BAD(r->diag, "section [%zu]: %s has an address or a link", i,
				     r->names[i]);
	r->content[i] = (int32_t)r->patch->section_count++;
	*section = (struct sut_patch_section){
		.name = r->names[i],
		.flags = shdr->sh_flags,
		.align = shdr->sh_addralign,
		.size = shdr->sh_size,
		.data = shdr->sh_type == SHT_PROGBITS ? r->data + shdr->sh_offset : NULL,
	};
	return SUT_OK;
}

static enum sut_rc take_section(struct reader *r, size_t i, size_t *digest)
{
	switch (r->shdrs[i].sh_type) {
	case SHT_PROGBITS:
	case SHT_NOBITS:
		return take_content(r, i);
	case SHT_SYMTAB:
		return take_single(r, i, &r->symtab);
	case SHT_STRTAB:
		return i == r->shstrtab ? SUT_OK : take_single(r, i, &r->strtab);
	case SHT_NOTE:
		if (strcmp(r->names[i], SUT_PATCH_DIGEST_NAME) == 0)
			return take_single(r, i, digest);
		if (strcmp(r->names[i], SUT_PATCH_NOTE_NAME) == 0)
			return take_single(r, i, &r->note);
		break;
	case SHT_RELA:
		return SUT_OK; /* when the symbols are known */
	default:
		break;
	}
	return SUT_PATCH_BAD(r->diag, "section [%zu]: %s is none that the format has", i,
			     r->names[i]);
}

static enum sut_rc read_sections(struct reader *r)
{
	size_t digest = 0;

	r->content = sut_arena_array(r->arena, r->count, sizeof(*r->content));
	r->patch->sections = sut_arena_array(r->arena, r->count, sizeof(*r->patch->sections));
	r->content[0] = -1;
	for (size_t i = 1; i < r->count; i++) {
		enum sut_rc rc;

		r->content[i] = -1;
		rc = take_section(r, i, &digest);
		if (rc != SUT_OK)
			return rc;
	}
	if (!r->symtab || !r->strtab || !r->note || !digest)
		return SUT_PATCH_BAD(r->diag, "sections: %s is missing",
				     !r->symtab   ? "the symbol table"
				     : !r->strtab ? "the symbols' string table"
				     : !r->note   ? SUT_PATCH_NOTE_NAME
						  : SUT_PATCH_DIGEST_NAME);
	if (r->shdrs[digest].sh_offset != sizeof(Elf64_Ehdr) ||
	    r->shdrs[digest].sh_size !=
		    SUT_PATCH_DIGEST_OFFSET + SUT_SHA256_SIZE - sizeof(Elf64_Ehdr))
		return SUT_PATCH_BAD(r->diag, SUT_PATCH_DIGEST_NAME ": not in its place");
	return SUT_OK;
}

static enum sut_rc take_symbol(struct reader *r, size_t i, const Elf64_Sym *sym)
{
	struct sut_patch_symbol *symbol = &r->patch->symbols[i];

	*symbol = (struct sut_patch_symbol){
		.name = string_at(r, r->strtab, sym->st_name),
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
static enum sut_rc read_symbols(struct reader *r)
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

/* One note, and nothing behind it: its descriptor. */
static const unsigned char *note_descriptor(const struct reader *r, size_t section, uint32_t type,
					    size_t *size)
{
	const Elf64_Shdr *shdr = &r->shdrs[section];
	const size_t front = sizeof(Elf64_Nhdr) + 8; /* "suture" and its end, padded to 4 */
	const unsigned char *note = r->data + shdr->sh_offset;
	Elf64_Nhdr nhdr;

	if (shdr->sh_size < front || shdr->sh_flags || shdr->sh_link || shdr->sh_info)
		return NULL;
	memcpy(&nhdr, note, sizeof(nhdr));
	if (nhdr.n_namesz != sizeof(SUT_PATCH_NOTE_OWNER) || nhdr.n_type != type ||
	    memcmp(note + sizeof(nhdr), SUT_PATCH_NOTE_OWNER "\0", 8) != 0 ||
	    ((uint64_t)nhdr.n_descsz + 3) / 4 * 4 != shdr->sh_size - front)
		return NULL;
	*size = nhdr.n_descsz;
	return note + front;
}

static enum sut_rc read_note(struct reader *r)
{
	const struct sut_patch_map map = {
		.section_count = r->count,
		.sections = r->content,
		.symbol_count = r->patch->symbol_count,
	};
	size_t size;
	const unsigned char *text = note_descriptor(r, r->note, SUT_PATCH_NOTE_CONTENT, &size);

	if (!text)
		return SUT_PATCH_BAD(r->diag, SUT_PATCH_NOTE_NAME ": not well-formed");
	if (size > SUT_PATCH_NOTE_MAX)
		return SUT_PATCH_BAD(r->diag, SUT_PATCH_NOTE_NAME ": longer than %d bytes",
				     SUT_PATCH_NOTE_MAX);
	return sut_patch_note_decode(r->arena, (const char *)text, size, &map, r->patch, r->diag);
}

/* What follows prefix in s, or NULL. */
static const char *behind(const char *s, const char *prefix)
{
	size_t length = strlen(prefix);

	return s && strncmp(s, prefix, length) == 0 ? s + length : NULL;
}

/* ".klp.sym.<object>.<name>,<sympos>" becomes name and sympos. */
static enum sut_rc read_target_name(struct reader *r, size_t i)
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

static enum sut_rc read_target_names(struct reader *r)
{
	enum sut_rc rc = SUT_OK;

	for (size_t i = 0; i < r->patch->symbol_count && rc == SUT_OK; i++)
		if (r->patch->symbols[i].kind == SUT_PATCH_SYMBOL_TARGET)
			rc = read_target_name(r, i);
	return rc;
}

/* The object whose symbols a relocation section refers to: NULL for an ordinary one. */
static enum sut_rc rela_object(const struct reader *r, size_t i, uint32_t first,
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

static enum sut_rc check_rela(const struct reader *r, size_t i)
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
static enum sut_rc check_rela_kind(const struct reader *r, size_t i,
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

static enum sut_rc take_relocs(struct reader *r, size_t i)
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
static enum sut_rc read_relocs(struct reader *r)
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

static enum sut_rc read_all(struct reader *r)
{
	static enum sut_rc (*const steps[])(struct reader *) = {
		read_header,  check_ranges, read_section_names, read_sections,
		read_symbols, read_note,    read_target_names,  read_relocs,
	};
	enum sut_rc rc = SUT_OK;

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && rc == SUT_OK; i++)
		rc = steps[i](r);
	if (rc == SUT_OK)
		rc = sut_patch_check(r->arena, r->patch, r->diag);
	return rc == SUT_OK ? sut_patch_additions_read(r->arena, r->patch, r->diag) : rc;
}

enum sut_rc sut_patch_parse(struct sut_arena *arena, const void *data, size_t size,
			    struct sut_patch *patch, struct sut_diag *diag)
{
	struct sut_patch read = {0};
	struct reader reader = {
		.arena = arena, .data = data, .size = size, .patch = &read, .diag = diag};
	enum sut_rc rc;

	if (size < SUT_PATCH_DIGEST_OFFSET + SUT_SHA256_SIZE || size > SUT_PATCH_FILE_MAX)
		return SUT_PATCH_BAD(diag, "file: %zu bytes cannot be a patch file", size);
	rc = read_all(&reader);
	if (rc == SUT_OK)
		*patch = read;
	return rc;
}
