// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Writing a patch file: the same content gives the same bytes, on any machine and from any arena.
 *
 * Sections in the order of the file:
 *
 *   .note.suture.digest, .note.suture, and one note for each source that is carried
 *   the sections of the patch, in their order
 *   for each of them .rela<name>, if it has such relocations, then .klp.rela.<object><name> for
 *   each object whose symbols it refers to
 *   .symtab, .strtab, .shstrtab
 *
 * All symbols are global, so that ELF's rule "locals first" does not change their order.
 */
#include "elf/patch-format.h"
#include "base/io.h"

#include <inttypes.h>
#include <string.h>

struct bytes {
	unsigned char *data;
	size_t size, capacity;
};

struct writer {
	struct sut_arena *arena;
	const struct sut_patch *patch;
	uint32_t first; /* ELF index of the patch's first section */
	struct bytes file, strtab, shstrtab;
	size_t shdr_count, shdr_capacity;
	Elf64_Shdr *shdrs;
	struct sut_diag *diag;
};

static void put(struct writer *w, struct bytes *bytes, const void *data, size_t size)
{
	while (bytes->capacity - bytes->size < size)
		bytes->data =
			sut_arena_grow(w->arena, bytes->data, bytes->size, &bytes->capacity, 1);
	if (size)
		memcpy(bytes->data + bytes->size, data, size);
	bytes->size += size;
}

static void align_file(struct writer *w, uint64_t align)
{
	static const unsigned char zero;

	while (w->file.size % align)
		put(w, &w->file, &zero, 1);
}

static uint32_t put_string(struct writer *w, struct bytes *table, const char *s)
{
	size_t at = table->size;

	if (!*s)
		return 0;
	put(w, table, s, strlen(s) + 1);
	return (uint32_t)at;
}

/* Appends a section; its bytes are what is put into the file until end_section(). */
static Elf64_Shdr *begin_section(struct writer *w, const char *name, uint32_t type, uint64_t flags,
				 uint64_t align)
{
	align_file(w, align);
	SUT_PUSH(w->arena, w->shdrs, w->shdr_count, w->shdr_capacity) = (Elf64_Shdr){
		.sh_name = put_string(w, &w->shstrtab, name),
		.sh_type = type,
		.sh_flags = flags,
		.sh_offset = w->file.size,
		.sh_addralign = align,
	};
	return &w->shdrs[w->shdr_count - 1];
}

static void end_section(struct writer *w)
{
	Elf64_Shdr *shdr = &w->shdrs[w->shdr_count - 1];

	shdr->sh_size = w->file.size - shdr->sh_offset;
}

static void write_note(struct writer *w, const char *name, uint32_t type, const void *descriptor,
		       size_t size)
{
	const Elf64_Nhdr nhdr = {
		.n_namesz = sizeof(SUT_PATCH_NOTE_OWNER),
		.n_descsz = (uint32_t)size,
		.n_type = type,
	};

	begin_section(w, name, SHT_NOTE, 0, 4);
	put(w, &w->file, &nhdr, sizeof(nhdr));
	put(w, &w->file, SUT_PATCH_NOTE_OWNER "\0", 8);
	put(w, &w->file, descriptor, size);
	align_file(w, 4);
	end_section(w);
}

static enum sut_rc write_notes(struct writer *w)
{
	static const unsigned char digest[SUT_SHA256_SIZE];
	char *text;
	size_t size;
	enum sut_rc rc = sut_patch_note_encode(w->arena, w->patch, w->first, &text, &size, w->diag);

	if (rc != SUT_OK)
		return rc;
	if (size > SUT_PATCH_NOTE_MAX)
		return sut_fail(w->diag, SUT_UNSUPPORTED, "large",
				"patch %s: its description has %zu bytes, more than the %d of a "
				"patch file",
				w->patch->name, size, SUT_PATCH_NOTE_MAX);
	write_note(w, SUT_PATCH_DIGEST_NAME, SUT_PATCH_NOTE_DIGEST, digest, sizeof(digest));
	write_note(w, SUT_PATCH_NOTE_NAME, SUT_PATCH_NOTE_CONTENT, text, size);
	for (size_t i = 0; i < SUT_PATCH_SOURCES; i++)
		if (w->patch->sources[i].data)
			write_note(w, sut_patch_source_sections[i], SUT_PATCH_NOTE_SOURCE,
				   w->patch->sources[i].data, w->patch->sources[i].size);
	return SUT_OK;
}

static void write_sections(struct writer *w)
{
	for (size_t i = 0; i < w->patch->section_count; i++) {
		const struct sut_patch_section *section = &w->patch->sections[i];

		begin_section(w, section->name, section->data ? SHT_PROGBITS : SHT_NOBITS,
			      section->flags, section->align);
		if (section->data)
			put(w, &w->file, section->data, section->size);
		end_section(w);
		w->shdrs[w->shdr_count - 1].sh_size = section->size;
	}
}

/* Whether a relocation belongs into the table of this object; NULL: into the ordinary table. */
static bool is_for(const struct sut_patch *patch, const struct sut_patch_reloc *reloc,
		   const struct sut_patch_object *object)
{
	const struct sut_patch_symbol *symbol = &patch->symbols[reloc->symbol];

	if (symbol->kind != SUT_PATCH_SYMBOL_TARGET)
		return !object;
	return &patch->objects[symbol->object] == object;
}

static void write_relocs(struct writer *w, size_t i, const struct sut_patch_object *object)
{
	const struct sut_patch_section *section = &w->patch->sections[i];
	bool begun = false;

	for (size_t k = 0; k < section->reloc_count; k++) {
		const struct sut_patch_reloc *reloc = &section->relocs[k];
		const Elf64_Rela rela = {
			.r_offset = reloc->offset,
			.r_info = ELF64_R_INFO((uint64_t)reloc->symbol + 1, reloc->type),
			.r_addend = reloc->addend,
		};

		if (!is_for(w->patch, reloc, object))
			continue;
		if (!begun) {
			Elf64_Shdr *shdr = begin_section(
				w, sut_patch_rela_name(w->arena, section, object), SHT_RELA,
				object ? SUT_PATCH_SHF_LIVEPATCH | SHF_ALLOC : SHF_INFO_LINK, 8);

			shdr->sh_info = (uint32_t)i + w->first;
			shdr->sh_entsize = sizeof(Elf64_Rela);
			begun = true;
		}
		put(w, &w->file, &rela, sizeof(rela));
	}
	if (begun)
		end_section(w);
}

static void write_all_relocs(struct writer *w)
{
	for (size_t i = 0; i < w->patch->section_count; i++) {
		write_relocs(w, i, NULL);
		for (size_t k = 0; k < w->patch->object_count; k++)
			write_relocs(w, i, &w->patch->objects[k]);
	}
	/* Which index the symbol table has is known only now. */
	for (size_t i = 0; i < w->shdr_count; i++)
		if (w->shdrs[i].sh_type == SHT_RELA)
			w->shdrs[i].sh_link = (uint32_t)w->shdr_count;
}

static void write_symbol(struct writer *w, const struct sut_patch_symbol *symbol)
{
	const char *name = symbol->name;
	Elf64_Sym sym = {
		.st_info = ELF64_ST_INFO(STB_GLOBAL, symbol->type),
		.st_value = symbol->value,
		.st_size = symbol->size,
	};

	switch (symbol->kind) {
	case SUT_PATCH_SYMBOL_OWN:
		sym.st_shndx = (uint16_t)(symbol->section + w->first);
		break;
	case SUT_PATCH_SYMBOL_TARGET:
		sym.st_shndx = SUT_PATCH_SHN_LIVEPATCH;
		name = sut_patch_target_name(w->arena, w->patch, symbol);
		break;
	case SUT_PATCH_SYMBOL_IMPORT:
		sym.st_shndx = SHN_UNDEF;
		break;
	case SUT_PATCH_SYMBOL_RUNTIME:
		sym.st_shndx = SUT_PATCH_SHN_RUNTIME;
		break;
	}
	sym.st_name = put_string(w, &w->strtab, name);
	put(w, &w->file, &sym, sizeof(sym));
}

static void write_tables(struct writer *w)
{
	static const Elf64_Sym empty;
	Elf64_Shdr *shdr = begin_section(w, ".symtab", SHT_SYMTAB, 0, 8);

	shdr->sh_link = (uint32_t)w->shdr_count; /* .strtab is next */
	shdr->sh_info = 1;                       /* the first that is not local */
	shdr->sh_entsize = sizeof(Elf64_Sym);
	put(w, &w->file, &empty, sizeof(empty));
	for (size_t i = 0; i < w->patch->symbol_count; i++)
		write_symbol(w, &w->patch->symbols[i]);
	end_section(w);
	begin_section(w, ".strtab", SHT_STRTAB, 0, 1);
	put(w, &w->file, w->strtab.data, w->strtab.size);
	end_section(w);
	begin_section(w, ".shstrtab", SHT_STRTAB, 0, 1);
	put(w, &w->file, w->shstrtab.data, w->shstrtab.size);
	end_section(w);
}

/* The header is filled in last: it says where the section table is. */
static void write_header(struct writer *w)
{
	const Elf64_Ehdr ehdr = {
		.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT,
			    ELFOSABI_NONE},
		.e_type = ET_REL,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_shoff = w->file.size,
		.e_ehsize = sizeof(Elf64_Ehdr),
		.e_shentsize = sizeof(Elf64_Shdr),
		.e_shnum = (uint16_t)w->shdr_count,
		.e_shstrndx = (uint16_t)(w->shdr_count - 1),
	};

	memcpy(w->file.data, &ehdr, sizeof(ehdr));
	put(w, &w->file, w->shdrs, w->shdr_count * sizeof(*w->shdrs));
	sut_patch_digest(w->file.data, w->file.size, w->file.data + SUT_PATCH_DIGEST_OFFSET);
}

static enum sut_rc write_all(struct writer *w)
{
	static const Elf64_Ehdr placeholder;
	enum sut_rc rc;

	put(w, &w->file, &placeholder, sizeof(placeholder));
	put(w, &w->strtab, "", 1);
	put(w, &w->shstrtab, "", 1);
	SUT_PUSH(w->arena, w->shdrs, w->shdr_count, w->shdr_capacity) = (Elf64_Shdr){0};
	rc = write_notes(w);
	if (rc != SUT_OK)
		return rc;
	write_sections(w);
	write_all_relocs(w);
	write_tables(w);
	if (w->shdr_count >= SHN_LORESERVE || w->file.size > SUT_PATCH_FILE_MAX - 8)
		return sut_fail(w->diag, SUT_UNSUPPORTED, "large",
				"patch %s: %zu sections of %zu bytes are more than a patch file "
				"holds",
				w->patch->name, w->shdr_count, w->file.size);
	align_file(w, 8);
	write_header(w);
	return SUT_OK;
}

static enum sut_rc bug(struct sut_diag *diag)
{
	sut_remedy(diag, "this is a bug in suture; please report it");
	return sut_context(diag, SUT_BUG, "the patch that was to be written is not well-formed");
}

enum sut_rc sut_patch_write(struct sut_arena *arena, const struct sut_patch *patch,
			    unsigned char **data, size_t *size, struct sut_diag *diag)
{
	/* Behind the empty section and the notes. */
	struct writer w = {.arena = arena, .patch = patch, .first = 3, .diag = diag};
	struct sut_patch back;
	enum sut_rc rc;

	if (sut_patch_check(arena, patch, diag) != SUT_OK)
		return bug(diag);
	for (size_t i = 0; i < SUT_PATCH_SOURCES; i++)
		w.first += patch->sources[i].data != NULL;
	rc = write_all(&w);
	if (rc != SUT_OK)
		return rc;
	if (sut_patch_read(arena, w.file.data, w.file.size, &back, diag) != SUT_OK)
		return bug(diag);
	*data = w.file.data;
	*size = w.file.size;
	return SUT_OK;
}

enum sut_rc sut_patch_save(struct sut_arena *arena, const struct sut_patch *patch, const char *path,
			   struct sut_diag *diag)
{
	unsigned char *data;
	size_t size;
	enum sut_rc rc = sut_patch_write(arena, patch, &data, &size, diag);

	return rc ? rc : sut_file_write(path, data, size, 0644, diag);
}
