// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/image/elf.h"

#include <string.h>

struct parse {
	struct sut_kernel_elf *elf;
	const Elf64_Ehdr *header;
	struct sut_diag *diag;
};

static enum sut_rc invalid(struct parse *parse, const char *what)
{
	return sut_fail(parse->diag, SUT_INVALID, "format", "%s: %s", parse->elf->path, what);
}

static bool inside(struct sut_bytes bytes, uint64_t offset, uint64_t size)
{
	return offset <= bytes.size && size <= bytes.size - offset;
}

static enum sut_rc check_header(struct parse *parse)
{
	struct sut_bytes bytes = parse->elf->bytes;
	const Elf64_Ehdr *header = (const Elf64_Ehdr *)bytes.data;

	if (bytes.size < sizeof(*header) || memcmp(header->e_ident, ELFMAG, SELFMAG) != 0)
		return invalid(parse, "not an ELF file");
	if (header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_ident[EI_DATA] != ELFDATA2LSB ||
	    header->e_machine != EM_X86_64)
		return sut_fail(parse->diag, SUT_UNSUPPORTED, "kernel-image",
				"%s: for another machine than x86-64", parse->elf->path);
	if (header->e_type != ET_EXEC && header->e_type != ET_REL)
		return invalid(parse, "neither a linked kernel nor an object");
	if (!header->e_shnum || header->e_shentsize != sizeof(Elf64_Shdr) ||
	    header->e_shoff % sizeof(uint64_t) ||
	    !inside(bytes, header->e_shoff, (uint64_t)header->e_shnum * sizeof(Elf64_Shdr)))
		return invalid(parse, "has no section headers, or they are damaged");
	if (header->e_shstrndx >= header->e_shnum)
		return invalid(parse, "its sections have no names");
	parse->header = header;
	parse->elf->relocatable = header->e_type == ET_REL;
	return SUT_OK;
}

/* Strings end with a zero, so that any offset below its size is a string. */
static bool is_string_table(struct sut_bytes bytes, const Elf64_Shdr *section)
{
	return section->sh_type == SHT_STRTAB && section->sh_size &&
	       inside(bytes, section->sh_offset, section->sh_size) &&
	       !bytes.data[section->sh_offset + section->sh_size - 1];
}

static enum sut_rc take_sections(struct sut_arena *arena, struct parse *parse)
{
	struct sut_kernel_elf *elf = parse->elf;
	struct sut_bytes bytes = elf->bytes;
	const Elf64_Shdr *headers = (const Elf64_Shdr *)(bytes.data + parse->header->e_shoff);
	const Elf64_Shdr *names = &headers[parse->header->e_shstrndx];

	if (!is_string_table(bytes, names))
		return invalid(parse, "the names of its sections are damaged");
	elf->section_count = parse->header->e_shnum;
	elf->sections = sut_arena_array(arena, elf->section_count, sizeof(*elf->sections));
	for (size_t i = 0; i < elf->section_count; i++) {
		const Elf64_Shdr *from = &headers[i];
		bool filled = i && from->sh_type != SHT_NOBITS && from->sh_size;

		if (from->sh_name >= names->sh_size ||
		    (filled && !inside(bytes, from->sh_offset, from->sh_size)) ||
		    from->sh_addr + from->sh_size < from->sh_addr)
			return invalid(parse, "a section lies outside of it");
		elf->sections[i] = (struct sut_kernel_section){
			.name = (const char *)bytes.data + names->sh_offset + from->sh_name,
			.type = from->sh_type,
			.flags = from->sh_flags,
			.address = from->sh_addr,
			.size = i ? from->sh_size : 0,
			.align = from->sh_addralign,
			.entry_size = from->sh_entsize,
			.link = from->sh_link,
			.info = from->sh_info,
			.data = filled ? bytes.data + from->sh_offset : NULL,
		};
	}
	return SUT_OK;
}

static size_t pad4(uint32_t size)
{
	return ((size_t)size + 3) & ~(size_t)3;
}

/* The build-id among the notes of a section. */
static void take_build_id(struct sut_kernel_elf *elf, const struct sut_kernel_section *section)
{
	size_t at = 0;

	while (section->size - at >= sizeof(Elf64_Nhdr) && !elf->build_id_size) {
		Elf64_Nhdr note;
		size_t name = at + sizeof(note), content, end;

		memcpy(&note, section->data + at, sizeof(note));
		content = name + pad4(note.n_namesz);
		end = content + pad4(note.n_descsz);
		if (content > section->size || end > section->size)
			return;
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == sizeof(ELF_NOTE_GNU) &&
		    memcmp(section->data + name, ELF_NOTE_GNU, sizeof(ELF_NOTE_GNU)) == 0 &&
		    note.n_descsz <= sizeof(elf->build_id)) {
			memcpy(elf->build_id, section->data + content, note.n_descsz);
			elf->build_id_size = note.n_descsz;
		}
		at = end;
	}
}

enum sut_rc sut_kernel_elf_parse(struct sut_arena *arena, const char *path, struct sut_bytes bytes,
				 struct sut_kernel_elf *elf, struct sut_diag *diag)
{
	struct sut_kernel_elf found = {.path = path, .bytes = bytes};
	struct parse parse = {.elf = &found, .diag = diag};
	enum sut_rc rc = check_header(&parse);

	if (rc == SUT_OK)
		rc = take_sections(arena, &parse);
	if (rc)
		return rc;
	for (size_t i = 1; i < found.section_count; i++)
		if (found.sections[i].type == SHT_NOTE && found.sections[i].data)
			take_build_id(&found, &found.sections[i]);
	*elf = found;
	return SUT_OK;
}

const struct sut_kernel_section *sut_kernel_elf_section(const struct sut_kernel_elf *elf,
							const char *name)
{
	for (size_t i = 1; i < elf->section_count; i++)
		if (strcmp(elf->sections[i].name, name) == 0)
			return &elf->sections[i];
	return NULL;
}

const struct sut_kernel_section *sut_kernel_elf_at(const struct sut_kernel_elf *elf,
						   uint64_t address, uint64_t size)
{
	for (size_t i = 1; i < elf->section_count && !elf->relocatable; i++) {
		const struct sut_kernel_section *section = &elf->sections[i];

		if (section->flags & SHF_ALLOC && address >= section->address &&
		    address - section->address < section->size &&
		    size <= section->size - (address - section->address))
			return section;
	}
	return NULL;
}

const unsigned char *sut_kernel_elf_bytes(const struct sut_kernel_elf *elf, uint64_t address,
					  uint64_t size)
{
	const struct sut_kernel_section *section = sut_kernel_elf_at(elf, address, size);

	return section && section->data ? section->data + (address - section->address) : NULL;
}
