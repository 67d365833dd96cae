// SPDX-License-Identifier: GPL-2.0-or-later
/* The carried code, written as an ELF object: sections, one symbol table, relocations. */
#include "kernel/create/emit.h"

#include <elf.h>
#include <string.h>

/* Sections of the file: the null one, the content's, their relocations, then three tables. */
struct file {
	struct sut_arena *arena;
	const struct sut_carry *carry;
	size_t size, capacity;
	unsigned char *data;
	size_t string_size, string_capacity;
	char *strings; /* of symbols and sections alike */
	size_t header_count;
	Elf64_Shdr *headers;
	uint32_t *numbers; /* per symbol of the content: its index in the file */
	uint32_t local_count;
};

static void reserve(struct sut_arena *arena, void **data, size_t used, size_t *capacity,
		    size_t wanted)
{
	if (used + wanted <= *capacity)
		return;
	*capacity = 2 * (used + wanted);
	void *larger = sut_arena_alloc(arena, *capacity);

	if (used)
		memcpy(larger, *data, used);
	*data = larger;
}

static uint64_t put(struct file *file, const void *data, size_t size, uint64_t align)
{
	uint64_t at = (file->size + align - 1) / align * align;

	reserve(file->arena, (void **)&file->data, file->size, &file->capacity,
		at - file->size + size);
	if (size)
		memcpy(file->data + at, data, size);
	file->size = at + size;
	return at;
}

static uint32_t put_string(struct file *file, const char *text)
{
	size_t size = strlen(text) + 1;
	uint32_t at = file->string_size;

	if (!*text && at)
		return 0;
	reserve(file->arena, (void **)&file->strings, file->string_size, &file->string_capacity,
		size);
	memcpy(file->strings + at, text, size);
	file->string_size += size;
	return at;
}

static Elf64_Shdr *add_header(struct file *file, const char *name, uint32_t type)
{
	Elf64_Shdr *header = &file->headers[file->header_count++];

	*header = (Elf64_Shdr){.sh_name = put_string(file, name), .sh_type = type};
	return header;
}

static void put_sections(struct file *file)
{
	for (size_t i = 0; i < file->carry->section_count; i++) {
		const struct sut_carry_section *section = &file->carry->sections[i];
		Elf64_Shdr *header = add_header(file, section->name, section->type);
		bool bytes = section->type != SHT_NOBITS;

		header->sh_flags = section->flags;
		header->sh_addralign = section->align;
		header->sh_entsize = section->entry_size;
		header->sh_size = section->size;
		header->sh_offset =
			put(file, section->data, bytes ? section->size : 0, section->align);
	}
}

static bool is_local(const struct sut_carry_symbol *symbol)
{
	return symbol->source == SUT_CARRY_OWN && !symbol->global;
}

/* ELF wants local symbols first. */
static void put_symbols(struct file *file, uint32_t string_table)
{
	const struct sut_carry *carry = file->carry;
	Elf64_Sym *table = sut_arena_array(file->arena, carry->symbol_count + 1, sizeof(*table));
	size_t count = 1;

	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < carry->symbol_count; i++) {
			const struct sut_carry_symbol *symbol = &carry->symbols[i];
			bool own = symbol->source == SUT_CARRY_OWN;

			if (is_local(symbol) != !pass)
				continue;
			file->numbers[i] = count;
			table[count++] = (Elf64_Sym){
				.st_name = put_string(file, symbol->name),
				.st_info =
					ELF64_ST_INFO(pass ? STB_GLOBAL : STB_LOCAL, symbol->type),
				.st_shndx = own ? symbol->section + 1 : SHN_UNDEF,
				.st_value = symbol->value,
				.st_size = symbol->size,
			};
		}
		if (!pass)
			file->local_count = count;
	}
	Elf64_Shdr *header = add_header(file, ".symtab", SHT_SYMTAB);

	header->sh_offset = put(file, table, count * sizeof(*table), sizeof(uint64_t));
	header->sh_size = count * sizeof(*table);
	header->sh_link = string_table;
	header->sh_info = file->local_count;
	header->sh_addralign = sizeof(uint64_t);
	header->sh_entsize = sizeof(*table);
}

static void put_relocs(struct file *file, uint32_t symbol_table)
{
	for (size_t i = 0; i < file->carry->section_count; i++) {
		const struct sut_carry_section *section = &file->carry->sections[i];
		Elf64_Rela *relocs =
			sut_arena_array(file->arena, section->reloc_count, sizeof(*relocs));

		if (!section->reloc_count)
			continue;
		for (size_t k = 0; k < section->reloc_count; k++) {
			const struct sut_carry_reloc *reloc = &section->relocs[k];

			relocs[k] = (Elf64_Rela){
				.r_offset = reloc->offset,
				.r_info = ELF64_R_INFO((uint64_t)file->numbers[reloc->symbol],
						       reloc->type),
				.r_addend = reloc->addend,
			};
		}
		Elf64_Shdr *header =
			add_header(file, sut_arena_printf(file->arena, ".rela%s", section->name),
				   SHT_RELA);

		header->sh_flags = SHF_INFO_LINK;
		header->sh_size = section->reloc_count * sizeof(*relocs);
		header->sh_offset = put(file, relocs, header->sh_size, sizeof(uint64_t));
		header->sh_link = symbol_table;
		header->sh_info = i + 1;
		header->sh_addralign = sizeof(uint64_t);
		header->sh_entsize = sizeof(*relocs);
	}
}

static size_t count_reloc_sections(const struct sut_carry *carry)
{
	size_t count = 0;

	for (size_t i = 0; i < carry->section_count; i++)
		count += carry->sections[i].reloc_count > 0;
	return count;
}

/* The linker asks in this way that nothing needs an executable stack. */
static void put_stack_note(struct file *file)
{
	add_header(file, ".note.GNU-stack", SHT_PROGBITS)->sh_addralign = 1;
}

struct sut_bytes sut_emit_object(struct sut_arena *arena, const struct sut_carry *carry)
{
	struct file file = {.arena = arena, .carry = carry};
	Elf64_Ehdr header = {
		.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
			    EV_CURRENT},
		.e_type = ET_REL,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_ehsize = sizeof(header),
		.e_shentsize = sizeof(Elf64_Shdr),
	};
	size_t tables = 4; /* null, stack note, symbols, strings */
	size_t count = carry->section_count + count_reloc_sections(carry) + tables;
	uint32_t symbol_table = carry->section_count + 2;

	file.headers = sut_arena_array(arena, count, sizeof(*file.headers));
	file.numbers = sut_arena_array(arena, carry->symbol_count, sizeof(*file.numbers));
	put(&file, &header, sizeof(header), 1);
	add_header(&file, "", SHT_NULL);
	put_sections(&file);
	put_stack_note(&file);
	put_symbols(&file, count - 1);
	put_relocs(&file, symbol_table);
	Elf64_Shdr *strings = add_header(&file, ".strtab", SHT_STRTAB);

	strings->sh_addralign = 1;
	strings->sh_size = file.string_size;
	strings->sh_offset = put(&file, file.strings, file.string_size, 1);
	header.e_shnum = file.header_count;
	header.e_shstrndx = count - 1;
	header.e_shoff = put(&file, file.headers, count * sizeof(*file.headers), sizeof(uint64_t));
	memcpy(file.data, &header, sizeof(header));
	return (struct sut_bytes){file.data, file.size};
}

struct sut_klp_binding *sut_emit_bindings(struct sut_arena *arena, const struct sut_carry *carry,
					  size_t *count)
{
	struct sut_klp_binding *bindings =
		sut_arena_array(arena, carry->symbol_count + 1, sizeof(*bindings));

	*count = 0;
	for (size_t i = 0; i < carry->symbol_count; i++) {
		const struct sut_carry_symbol *symbol = &carry->symbols[i];

		if (symbol->source == SUT_CARRY_PRIVATE)
			bindings[(*count)++] = (struct sut_klp_binding){
				.symbol = symbol->name,
				.object = symbol->object,
				.name = symbol->real,
				.sympos = symbol->sympos,
				.with = symbol->with,
			};
	}
	return bindings;
}
