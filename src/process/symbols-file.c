// SPDX-License-Identifier: GPL-2.0-or-later
/* The files of symbols.h. Everything has its address in the process, so nothing is relocated. */
#include "process/symbols.h"
#include "base/io.h"

#include <elf.h>
#include <stdio.h>
#include <string.h>

enum { MODE = 0644, ALIGN = 16, FIXED_SECTIONS = 5 /* null, .eh_frame, and the tables */ };

struct file {
	struct sut_arena *arena;
	size_t size, capacity;
	char *data;
	size_t header_count;
	Elf64_Shdr *headers;
	size_t name_size, name_capacity;
	char *names;
};

/* Appends, and returns where it is in the file. */
static size_t put(struct file *file, const void *data, size_t size)
{
	const char *bytes = data;
	size_t at;

	while (file->size % ALIGN)
		SUT_PUSH(file->arena, file->data, file->size, file->capacity) = 0;
	at = file->size;
	for (size_t i = 0; i < size; i++)
		SUT_PUSH(file->arena, file->data, file->size, file->capacity) = bytes[i];
	return at;
}

static uint32_t put_name(struct file *file, const char *name)
{
	size_t at = file->name_size;

	for (size_t i = 0; i <= strlen(name); i++)
		SUT_PUSH(file->arena, file->names, file->name_size, file->name_capacity) = name[i];
	return (uint32_t)at;
}

static void add_section(struct file *file, const char *name, const Elf64_Shdr *header,
			const void *data)
{
	Elf64_Shdr *to = &file->headers[file->header_count++];

	*to = *header;
	to->sh_name = put_name(file, name);
	to->sh_offset = put(file, data, header->sh_size);
	to->sh_addralign = 1;
}

static uint16_t section_of(const struct sut_symbols *symbols, uint64_t address)
{
	for (size_t i = 0; i < symbols->region_count; i++)
		if (address - symbols->regions[i].address < symbols->regions[i].size)
			return (uint16_t)(1 + i);
	return SHN_ABS;
}

static void add_symbols(struct file *file, const struct sut_symbols *symbols)
{
	Elf64_Sym *table = sut_arena_array(file->arena, symbols->count + 1, sizeof(*table));

	for (size_t i = 0; i < symbols->count; i++)
		table[i + 1] = (Elf64_Sym){
			.st_name = put_name(file, symbols->list[i].name),
			.st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC),
			.st_shndx = section_of(symbols, symbols->list[i].address),
			.st_value = symbols->list[i].address,
			.st_size = symbols->list[i].size,
		};
	add_section(file, ".symtab",
		    &(Elf64_Shdr){
			    .sh_type = SHT_SYMTAB,
			    .sh_size = (symbols->count + 1) * sizeof(*table),
			    .sh_link = (uint32_t)file->header_count + 1,
			    .sh_info = 1,
			    .sh_entsize = sizeof(*table),
		    },
		    table);
}

static void add_header(struct file *file)
{
	Elf64_Ehdr *header;
	size_t at = put(file, file->headers, file->header_count * sizeof(*file->headers));

	header = (Elf64_Ehdr *)file->data;
	*header = (Elf64_Ehdr){
		.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
			    EV_CURRENT},
		.e_type = ET_EXEC,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_shoff = at,
		.e_ehsize = sizeof(*header),
		.e_shentsize = sizeof(Elf64_Shdr),
		.e_shnum = (uint16_t)file->header_count,
		.e_shstrndx = (uint16_t)(file->header_count - 1),
	};
}

enum sut_rc sut_symbols_save(struct sut_arena *arena, const struct sut_symbols *symbols,
			     const char *path, struct sut_diag *diag)
{
	struct file file = {.arena = arena, .header_count = 1};
	const Elf64_Ehdr room = {0};

	if (symbols->region_count > SHN_LORESERVE - FIXED_SECTIONS)
		return sut_fail(diag, SUT_UNSUPPORTED, "large", "%s: too many patches", path);
	file.headers = sut_arena_array(arena, symbols->region_count + FIXED_SECTIONS,
				       sizeof(*file.headers));
	put_name(&file, "");
	put(&file, &room, sizeof(room));
	for (size_t i = 0; i < symbols->region_count; i++)
		add_section(&file, i ? sut_arena_printf(arena, ".text.%zu", i) : ".text",
			    &(Elf64_Shdr){
				    .sh_type = SHT_PROGBITS,
				    .sh_flags = SHF_ALLOC | SHF_EXECINSTR,
				    .sh_addr = symbols->regions[i].address,
				    .sh_size = symbols->regions[i].size,
			    },
			    symbols->regions[i].bytes);
	add_section(&file, ".eh_frame",
		    &(Elf64_Shdr){
			    .sh_type = SHT_PROGBITS,
			    .sh_flags = SHF_ALLOC,
			    .sh_size = symbols->frames_size,
		    },
		    symbols->frames);
	add_symbols(&file, symbols);
	/* Its own name is the last that it gets. */
	Elf64_Shdr *strings = &file.headers[file.header_count++];

	strings->sh_type = SHT_STRTAB;
	strings->sh_name = put_name(&file, ".strtab");
	strings->sh_addralign = 1;
	strings->sh_size = file.name_size;
	strings->sh_offset = put(&file, file.names, file.name_size);
	add_header(&file);
	return sut_file_write(path, file.data, file.size, MODE, diag);
}

enum sut_rc sut_symbols_save_perf(struct sut_arena *arena, const struct sut_symbols *symbols,
				  const char *path, struct sut_diag *diag)
{
	const char *text = "";

	for (size_t i = 0; i < symbols->count; i++)
		text = sut_arena_printf(arena, "%s%llx %llx %s\n", text,
					(unsigned long long)symbols->list[i].address,
					(unsigned long long)symbols->list[i].size,
					symbols->list[i].name);
	return sut_file_write(path, text, strlen(text), MODE, diag);
}
