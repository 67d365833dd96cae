// SPDX-License-Identifier: GPL-2.0-or-later
#include "mutate.h"

#include <elf.h>
#include <stdbool.h>
#include <string.h>

const char *const mutation_names[MUTATE_COUNT] = {
	[MUTATE_CODE] = "code", [MUTATE_DATA] = "data",     [MUTATE_ADDEND] = "addend",
	[MUTATE_TYPE] = "type", [MUTATE_TARGET] = "target", [MUTATE_PLACE] = "place",
	[MUTATE_SWAP] = "swap", [MUTATE_SYMBOL] = "symbol", [MUTATE_SECTION] = "section",
};

uint64_t mutate_random(uint64_t *seed)
{
	uint64_t x = *seed += 0x9e3779b97f4a7c15;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

uint64_t mutate_below(uint64_t *seed, uint64_t limit)
{
	return mutate_random(seed) % limit;
}

struct edit {
	struct sut_arena *arena;
	unsigned char *file;
	Elf64_Shdr *sections;
	size_t count;
	uint64_t *seed;
};

static const char *section_name(const struct edit *edit, const Elf64_Shdr *section)
{
	const Elf64_Ehdr *header = (const Elf64_Ehdr *)edit->file;

	return (char *)edit->file + edit->sections[header->e_shstrndx].sh_offset + section->sh_name;
}

/* A section that is suitable, or NULL: by its size, so that each byte has the same chance. */
static Elf64_Shdr *choose_section(const struct edit *edit,
				  bool (*suits)(const struct edit *edit, const Elf64_Shdr *section))
{
	uint64_t total = 0, at;

	for (size_t i = 1; i < edit->count; i++)
		total += suits(edit, &edit->sections[i]) ? edit->sections[i].sh_size : 0;
	if (!total)
		return NULL;
	at = mutate_below(edit->seed, total);
	for (size_t i = 1; i < edit->count; i++) {
		if (!suits(edit, &edit->sections[i]))
			continue;
		if (at < edit->sections[i].sh_size)
			return &edit->sections[i];
		at -= edit->sections[i].sh_size;
	}
	return NULL;
}

static bool is_code(const struct edit *edit, const Elf64_Shdr *section)
{
	(void)edit;
	return section->sh_type == SHT_PROGBITS && section->sh_flags & SHF_EXECINSTR;
}

static bool is_data(const struct edit *edit, const Elf64_Shdr *section)
{
	(void)edit;
	return section->sh_type != SHT_NOBITS && section->sh_flags & SHF_ALLOC &&
	       !(section->sh_flags & SHF_EXECINSTR);
}

static bool is_relocs(const struct edit *edit, const Elf64_Shdr *section)
{
	return section->sh_type == SHT_RELA && section->sh_info < edit->count &&
	       edit->sections[section->sh_info].sh_flags & SHF_ALLOC;
}

static bool is_memory(const struct edit *edit, const Elf64_Shdr *section)
{
	(void)edit;
	return section->sh_flags & SHF_ALLOC;
}

static bool is_symbols(const struct edit *edit, const Elf64_Shdr *section)
{
	(void)edit;
	return section->sh_type == SHT_SYMTAB;
}

static const char *flip_bit(struct edit *edit, Elf64_Shdr *section)
{
	uint64_t at = mutate_below(edit->seed, section->sh_size);
	unsigned int bit = mutate_below(edit->seed, 8);

	edit->file[section->sh_offset + at] ^= 1u << bit;
	return sut_arena_printf(edit->arena, "bit %u of byte 0x%llx of %s", bit,
				(unsigned long long)at, section_name(edit, section));
}

static const char *change_reloc(struct edit *edit, Elf64_Shdr *section, enum mutation kind)
{
	static const uint32_t types[] = {R_X86_64_NONE,          R_X86_64_64,        R_X86_64_32,
					 R_X86_64_32S,           R_X86_64_PC32,      R_X86_64_PLT32,
					 R_X86_64_REX_GOTPCRELX, R_X86_64_GOTPCRELX, R_X86_64_PC64,
					 R_X86_64_GOTTPOFF,      R_X86_64_TPOFF32,   R_X86_64_TLSGD,
					 R_X86_64_TLSLD,         R_X86_64_DTPOFF32};
	Elf64_Rela *relocs = (Elf64_Rela *)(edit->file + section->sh_offset);
	size_t count = section->sh_size / sizeof(*relocs);
	size_t i = mutate_below(edit->seed, count), j = mutate_below(edit->seed, count);
	const Elf64_Shdr *symbols = &edit->sections[section->sh_link];
	uint64_t symbol = mutate_below(edit->seed, symbols->sh_size / sizeof(Elf64_Sym));
	uint32_t type = types[mutate_below(edit->seed, sizeof(types) / sizeof(types[0]))];
	int64_t step = mutate_below(edit->seed, 2) ? 1 : 8;
	Elf64_Rela other = relocs[j];

	switch (kind) {
	case MUTATE_ADDEND:
		relocs[i].r_addend += mutate_below(edit->seed, 2) ? step : -step;
		break;
	case MUTATE_TYPE:
		relocs[i].r_info = ELF64_R_INFO(ELF64_R_SYM(relocs[i].r_info), (uint64_t)type);
		break;
	case MUTATE_TARGET:
		relocs[i].r_info = ELF64_R_INFO(symbol, ELF64_R_TYPE(relocs[i].r_info));
		break;
	case MUTATE_PLACE:
		relocs[i].r_offset += mutate_below(edit->seed, 2) ? 1 : -1;
		break;
	default:
		relocs[j].r_info = relocs[i].r_info;
		relocs[j].r_addend = relocs[i].r_addend;
		relocs[i].r_info = other.r_info;
		relocs[i].r_addend = other.r_addend;
	}
	return sut_arena_printf(edit->arena, "%s of relocation %zu (and %zu) of %s",
				mutation_names[kind], i, j, section_name(edit, section));
}

static const char *change_symbol(struct edit *edit, Elf64_Shdr *section)
{
	Elf64_Sym *symbols = (Elf64_Sym *)(edit->file + section->sh_offset);
	size_t index = 1 + mutate_below(edit->seed, section->sh_size / sizeof(*symbols) - 1);
	Elf64_Sym *symbol = &symbols[index];
	unsigned char bind = ELF64_ST_BIND(symbol->st_info), type = ELF64_ST_TYPE(symbol->st_info);
	static const unsigned char types[] = {STT_NOTYPE, STT_OBJECT, STT_FUNC, STT_TLS,
					      STT_GNU_IFUNC};
	const char *what;

	switch (mutate_below(edit->seed, 6)) {
	case 0:
		what = "size";
		symbol->st_size += mutate_below(edit->seed, 2) ? 1 : -1;
		break;
	case 1:
		what = "type";
		type = types[mutate_below(edit->seed, sizeof(types))];
		break;
	case 2:
		what = "binding";
		bind = mutate_below(edit->seed, 3);
		break;
	case 3:
		what = "visibility";
		symbol->st_other = mutate_below(edit->seed, 4);
		break;
	case 4:
		what = "value";
		symbol->st_value += mutate_below(edit->seed, 2) ? 1 : -1;
		break;
	default:
		what = "section";
		symbol->st_shndx = mutate_below(edit->seed, edit->count);
	}
	symbol->st_info = ELF64_ST_INFO(bind, type);
	return sut_arena_printf(edit->arena, "%s of symbol %zu (%s)", what, index,
				(char *)edit->file + edit->sections[section->sh_link].sh_offset +
					symbol->st_name);
}

static const char *change_section(struct edit *edit, Elf64_Shdr *section)
{
	static const uint64_t flags[] = {SHF_WRITE, SHF_EXECINSTR, SHF_MERGE,
					 SHF_ALLOC, SHF_STRINGS,   SHF_TLS};
	static const uint32_t types[] = {SHT_PROGBITS, SHT_NOTE, SHT_INIT_ARRAY, SHT_FINI_ARRAY};
	const char *what;

	switch (mutate_below(edit->seed, 4)) {
	case 0:
		what = "alignment";
		section->sh_addralign = mutate_below(edit->seed, 2) ? section->sh_addralign << 1
								    : section->sh_addralign >> 1;
		break;
	case 1:
		what = "element size";
		section->sh_entsize = mutate_below(edit->seed, 2) ? 0 : section->sh_entsize << 1;
		break;
	case 2:
		what = "type";
		if (section->sh_type != SHT_NOBITS && section->sh_type != SHT_RELA)
			section->sh_type = types[mutate_below(edit->seed, 4)];
		break;
	default:
		what = "flags";
		section->sh_flags ^= flags[mutate_below(edit->seed, 6)];
	}
	return sut_arena_printf(edit->arena, "%s of section %s", what, section_name(edit, section));
}

const char *mutate_object(struct sut_arena *arena, unsigned char *file, size_t size,
			  enum mutation kind, uint64_t *seed)
{
	const Elf64_Ehdr *header = (const Elf64_Ehdr *)file;
	struct edit edit = {arena, file, NULL, 0, seed};
	Elf64_Shdr *section = NULL;

	if (size < sizeof(*header) || header->e_shoff > size ||
	    (size - header->e_shoff) / sizeof(*edit.sections) < header->e_shnum)
		return NULL;
	edit.sections = (Elf64_Shdr *)(file + header->e_shoff);
	edit.count = header->e_shnum;
	switch (kind) {
	case MUTATE_CODE:
		section = choose_section(&edit, is_code);
		return section ? flip_bit(&edit, section) : NULL;
	case MUTATE_DATA:
		section = choose_section(&edit, is_data);
		return section ? flip_bit(&edit, section) : NULL;
	case MUTATE_ADDEND:
	case MUTATE_TYPE:
	case MUTATE_TARGET:
	case MUTATE_PLACE:
	case MUTATE_SWAP:
		section = choose_section(&edit, is_relocs);
		return section ? change_reloc(&edit, section, kind) : NULL;
	case MUTATE_SYMBOL:
		section = choose_section(&edit, is_symbols);
		return section ? change_symbol(&edit, section) : NULL;
	case MUTATE_SECTION:
		section = choose_section(&edit, is_memory);
		return section ? change_section(&edit, section) : NULL;
	case MUTATE_COUNT:
		break;
	}
	return NULL;
}
