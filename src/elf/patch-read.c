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
#include "elf/patch-reader.h"

#include <string.h>

/* The bytes [offset, offset + size) of the file, or NULL. */
static const unsigned char *slice(const struct sut_patch_reader *r, uint64_t offset, uint64_t size)
{
	if (offset > r->size || size > r->size - offset)
		return NULL;
	return r->data + offset;
}

static enum sut_rc check_header(const struct sut_patch_reader *r, const Elf64_Ehdr *ehdr)
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

static enum sut_rc read_header(struct sut_patch_reader *r)
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

const char *sut_patch_reader_string(const struct sut_patch_reader *r, size_t table, uint64_t offset)
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
static enum sut_rc check_ranges(struct sut_patch_reader *r)
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

static enum sut_rc read_section_names(struct sut_patch_reader *r)
{
	static const Elf64_Shdr empty;

	if (memcmp(&r->shdrs[0], &empty, sizeof(empty)) != 0)
		return SUT_PATCH_BAD(r->diag, "section [0]: not empty");
	if (r->shdrs[r->shstrtab].sh_type != SHT_STRTAB)
		return SUT_PATCH_BAD(r->diag, "section [%zu]: not the section names", r->shstrtab);
	r->names = sut_arena_array(r->arena, r->count, sizeof(*r->names));
	r->names[0] = "";
	for (size_t i = 1; i < r->count; i++) {
		r->names[i] = sut_patch_reader_string(r, r->shstrtab, r->shdrs[i].sh_name);
		if (!r->names[i] || !*r->names[i])
			return SUT_PATCH_BAD(r->diag, "section [%zu]: has no name", i);
	}
	return SUT_OK;
}

/* A section of which there is exactly one. */
static enum sut_rc take_single(struct sut_patch_reader *r, size_t i, size_t *place)
{
	if (*place)
		return SUT_PATCH_BAD(r->diag, "section [%zu]: a second %s", i, r->names[i]);
	*place = i;
	return SUT_OK;
}

static enum sut_rc take_content(struct sut_patch_reader *r, size_t i)
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

static enum sut_rc unknown_section(const struct sut_patch_reader *r, size_t i)
{
	return SUT_PATCH_BAD(r->diag, "section [%zu]: %s is none that the format has", i,
			     r->names[i]);
}

static enum sut_rc take_note(struct sut_patch_reader *r, size_t i, size_t *digest)
{
	if (strcmp(r->names[i], SUT_PATCH_DIGEST_NAME) == 0)
		return take_single(r, i, digest);
	if (strcmp(r->names[i], SUT_PATCH_NOTE_NAME) == 0)
		return take_single(r, i, &r->note);
	for (size_t k = 0; k < SUT_PATCH_SOURCES; k++)
		if (strcmp(r->names[i], sut_patch_source_sections[k]) == 0)
			return take_single(r, i, &r->sources[k]);
	return unknown_section(r, i);
}

static enum sut_rc take_section(struct sut_patch_reader *r, size_t i, size_t *digest)
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
		return take_note(r, i, digest);
	case SHT_RELA:
		return SUT_OK; /* when the symbols are known */
	default:
		return unknown_section(r, i);
	}
}

static enum sut_rc read_sections(struct sut_patch_reader *r)
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

/* One note, and nothing behind it: its descriptor. */
static const unsigned char *note_descriptor(const struct sut_patch_reader *r, size_t section,
					    uint32_t type, size_t *size)
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

static enum sut_rc read_note(struct sut_patch_reader *r)
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

static enum sut_rc read_sources(struct sut_patch_reader *r)
{
	for (size_t k = 0; k < SUT_PATCH_SOURCES; k++) {
		struct sut_bytes *source = &r->patch->sources[k];

		if (!r->sources[k])
			continue;
		source->data =
			note_descriptor(r, r->sources[k], SUT_PATCH_NOTE_SOURCE, &source->size);
		if (!source->data)
			return SUT_PATCH_BAD(r->diag, "%s: not well-formed",
					     sut_patch_source_sections[k]);
	}
	return SUT_OK;
}

static enum sut_rc read_all(struct sut_patch_reader *r)
{
	static enum sut_rc (*const steps[])(struct sut_patch_reader *) = {
		read_header,
		check_ranges,
		read_section_names,
		read_sections,
		sut_patch_reader_symbols,
		read_note,
		read_sources,
		sut_patch_reader_target_names,
		sut_patch_reader_relocs,
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
	struct sut_patch_reader reader = {
		.arena = arena, .data = data, .size = size, .patch = &read, .diag = diag};
	enum sut_rc rc;

	if (size < SUT_PATCH_DIGEST_OFFSET + SUT_SHA256_SIZE || size > SUT_PATCH_FILE_MAX)
		return SUT_PATCH_BAD(diag, "file: %zu bytes cannot be a patch file", size);
	rc = read_all(&reader);
	if (rc == SUT_OK)
		*patch = read;
	return rc;
}
