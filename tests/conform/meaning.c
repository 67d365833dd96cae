// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reached is what code, the lists of constructors and the variables that other units see consist
 * of, and what relocations of reached sections refer to. Of a section with symbols the bytes within
 * them count; of a section without, all; of merged strings and constants those that are referred
 * to, from there to the end of the element. A relocation means the place it leads to, wherever the
 * linker puts that: bytes under it do not count.
 */
#include "meaning.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

struct reference {
	uint64_t offset;
	uint32_t type;
	const char *name; /* of an undefined symbol, else "" */
	uint32_t section; /* 0: undefined or absolute */
	int64_t place;    /* in the section; else the addend */
};

struct piece {
	const char *name;
	uint32_t type;
	uint64_t flags, align, entsize, size;
	const unsigned char *data; /* NULL: zeros */
	bool reached, global;      /* global: with a variable that other units see */
	bool *counted;             /* per byte: in a symbol; NULL: all are */
	bool *replaced;            /* per byte: a relocation overwrites it */
	size_t reference_count;
	struct reference *references; /* by offset, type */
};

struct meaning {
	struct sut_arena *arena;
	struct sut_bytes file;
	const Elf64_Shdr *sections;
	const Elf64_Sym *symbols;
	const char *strings;
	size_t symbol_count, piece_count;
	struct piece *pieces;
};

static bool read_sections(struct meaning *meaning)
{
	const Elf64_Ehdr *header = (const Elf64_Ehdr *)meaning->file.data;
	size_t size = meaning->file.size;

	if (size < sizeof(*header) || header->e_shoff > size ||
	    (size - header->e_shoff) / sizeof(Elf64_Shdr) < header->e_shnum)
		return false;
	meaning->sections = (const Elf64_Shdr *)(meaning->file.data + header->e_shoff);
	meaning->piece_count = header->e_shnum;
	meaning->pieces =
		sut_arena_array(meaning->arena, header->e_shnum, sizeof(*meaning->pieces));
	for (size_t i = 1; i < meaning->piece_count; i++) {
		const Elf64_Shdr *section = &meaning->sections[i];
		bool zeros = section->sh_type == SHT_NOBITS;

		if (!zeros &&
		    (section->sh_offset > size || section->sh_size > size - section->sh_offset))
			return false;
		const char *strings = (const char *)meaning->file.data +
				      meaning->sections[header->e_shstrndx].sh_offset;

		const char *name = strings + section->sh_name;
		/* Written by the loader only. */
		bool constant = !strncmp(name, ".data.rel.ro", strlen(".data.rel.ro"));

		meaning->pieces[i] = (struct piece){
			.name = name,
			.type = section->sh_type,
			.flags = section->sh_flags & ~(uint64_t)(constant ? SHF_WRITE : 0),
			.align = section->sh_addralign,
			.entsize = section->sh_entsize,
			.size = section->sh_size,
			.data = zeros ? NULL : meaning->file.data + section->sh_offset,
		};
		if (section->sh_type == SHT_SYMTAB) {
			meaning->symbols = (const Elf64_Sym *)meaning->pieces[i].data;
			meaning->symbol_count = section->sh_size / sizeof(Elf64_Sym);
			meaning->strings = (const char *)meaning->file.data +
					   meaning->sections[section->sh_link].sh_offset;
		}
	}
	return meaning->symbols;
}

static bool defines(const struct meaning *meaning, const Elf64_Sym *symbol)
{
	unsigned char type = ELF64_ST_TYPE(symbol->st_info);

	return symbol->st_shndx && symbol->st_shndx < meaning->piece_count && symbol->st_name &&
	       meaning->pieces[symbol->st_shndx].flags & SHF_ALLOC && type != STT_SECTION &&
	       type != STT_FILE;
}

static void read_symbols(struct meaning *meaning)
{
	for (size_t i = 1; i < meaning->symbol_count; i++) {
		const Elf64_Sym *symbol = &meaning->symbols[i];

		if (!defines(meaning, symbol))
			continue;
		struct piece *piece = &meaning->pieces[symbol->st_shndx];

		if (ELF64_ST_BIND(symbol->st_info) != STB_LOCAL)
			piece->reached = piece->global = true;
		if (!symbol->st_size || symbol->st_value > piece->size ||
		    symbol->st_size > piece->size - symbol->st_value)
			continue;
		if (!piece->counted)
			piece->counted = sut_arena_array(meaning->arena, piece->size, 1);
		memset(piece->counted + symbol->st_value, 1, symbol->st_size);
	}
}

static unsigned int field_size(uint32_t type)
{
	switch (type) {
	case R_X86_64_NONE:
	case R_X86_64_TLSDESC_CALL:
		return 0;
	case R_X86_64_64:
	case R_X86_64_PC64:
	case R_X86_64_DTPOFF64:
		return 8;
	default:
		return 4;
	}
}

static int compare_references(const void *a, const void *b)
{
	const struct reference *left = a, *right = b;

	if (left->offset != right->offset)
		return left->offset < right->offset ? -1 : 1;
	return (left->type > right->type) - (left->type < right->type);
}

static void add_reference(struct meaning *meaning, struct piece *piece, const Elf64_Rela *raw)
{
	uint32_t type = ELF64_R_TYPE(raw->r_info), index = ELF64_R_SYM(raw->r_info);
	struct reference *reference = &piece->references[piece->reference_count];
	const Elf64_Sym *symbol = &meaning->symbols[index];

	if (type == R_X86_64_NONE || index >= meaning->symbol_count)
		return;
	for (uint64_t i = raw->r_offset; i < raw->r_offset + field_size(type); i++) {
		if (i < piece->size)
			piece->replaced[i] = true;
	}
	*reference = (struct reference){raw->r_offset, type, "", 0, raw->r_addend};
	if (symbol->st_shndx && symbol->st_shndx < meaning->piece_count)
		reference->section = symbol->st_shndx;
	else
		reference->name = meaning->strings + symbol->st_name;
	if (symbol->st_shndx && symbol->st_shndx != SHN_COMMON)
		reference->place += symbol->st_value;
	piece->reference_count++;
}

static void read_references(struct meaning *meaning)
{
	for (size_t i = 1; i < meaning->piece_count; i++) {
		const Elf64_Shdr *section = &meaning->sections[i];
		size_t count = section->sh_size / sizeof(Elf64_Rela);

		if (section->sh_type != SHT_RELA || section->sh_info >= meaning->piece_count)
			continue;
		struct piece *piece = &meaning->pieces[section->sh_info];
		const Elf64_Rela *relocs =
			(const Elf64_Rela *)(meaning->file.data + section->sh_offset);

		piece->references =
			sut_arena_array(meaning->arena, count, sizeof(*piece->references));
		piece->replaced = sut_arena_array(meaning->arena, piece->size, 1);
		for (size_t j = 0; j < count; j++)
			add_reference(meaning, piece, &relocs[j]);
		qsort(piece->references, piece->reference_count, sizeof(*piece->references),
		      compare_references);
	}
}

static void reach(struct meaning *meaning)
{
	bool more = true;

	for (size_t i = 1; i < meaning->piece_count; i++) {
		struct piece *piece = &meaning->pieces[i];

		piece->reached |= (piece->flags & SHF_EXECINSTR && piece->counted) ||
				  piece->type == SHT_INIT_ARRAY || piece->type == SHT_FINI_ARRAY;
	}
	while (more) {
		more = false;
		for (size_t i = 1; i < meaning->piece_count; i++) {
			const struct piece *piece = &meaning->pieces[i];

			for (size_t j = 0; piece->reached && j < piece->reference_count; j++) {
				struct piece *to = &meaning->pieces[piece->references[j].section];

				more |= !to->reached;
				to->reached = true;
			}
		}
	}
}

struct meaning *meaning_read(struct sut_arena *arena, struct sut_bytes file)
{
	struct meaning *meaning = sut_arena_alloc(arena, sizeof(*meaning));

	*meaning = (struct meaning){.arena = arena, .file = file};
	if (!read_sections(meaning))
		return NULL;
	read_symbols(meaning);
	read_references(meaning);
	reach(meaning);
	return meaning;
}

/* Bytes from the place to the end of the element, of which kind says how long it is. */
static uint64_t element_size(const struct piece *kind, const struct piece *piece, int64_t place)
{
	uint64_t at = place, width = kind->entsize ? kind->entsize : 1;

	if (place < 0 || at >= piece->size)
		return 0;
	if (!(kind->flags & SHF_STRINGS))
		return width - at % width < piece->size - at ? width - at % width
							     : piece->size - at;
	for (uint64_t end = at; end < piece->size; end++) {
		if (!piece->data[end])
			return end + 1 - at;
	}
	return piece->size - at;
}

static bool same_element(const struct piece *a, int64_t a_place, const struct piece *b,
			 int64_t b_place)
{
	uint64_t size = element_size(a, a, a_place);

	return size == element_size(a, b, b_place) &&
	       (!size || !memcmp(a->data + a_place, b->data + b_place, size));
}

static bool same_reference(const struct meaning *a, const struct piece *from,
			   const struct reference *one, const struct meaning *b,
			   const struct reference *other)
{
	const struct piece *piece = &a->pieces[one->section];
	/* A pc-relative field counts from its end. */
	int ahead = from->flags & SHF_EXECINSTR && one->type != R_X86_64_64 &&
				    one->type != R_X86_64_32 && one->type != R_X86_64_32S
			    ? 4
			    : 0;

	if (one->offset != other->offset || one->type != other->type ||
	    one->section != other->section || strcmp(one->name, other->name) != 0)
		return false;
	if (piece->flags & SHF_MERGE && piece->data)
		return same_element(piece, one->place + ahead, &b->pieces[other->section],
				    other->place + ahead);
	return one->place == other->place;
}

static bool same_bytes(const struct piece *a, const struct piece *b)
{
	bool merged = a->flags & SHF_MERGE;

	if (a->size != b->size || !a->data != !b->data)
		return false;
	for (uint64_t i = 0; a->data && i < a->size; i++) {
		if (a->data[i] == b->data[i] || (a->counted ? !a->counted[i] : merged))
			continue;
		if (!a->replaced || !a->replaced[i])
			return false;
	}
	return true;
}

static const char *piece_difference(const struct meaning *a, const struct piece *one,
				    const struct meaning *b, const struct piece *other)
{
	const uint64_t flags = SHF_WRITE | SHF_EXECINSTR | SHF_ALLOC | SHF_TLS;

	if ((one->flags & flags) != (other->flags & flags))
		return "flags";
	/* Code and copied constants bring their alignment along; a variable stays where it is. */
	if (one->counted &&
	    (one->flags & SHF_WRITE || (one->global && !(one->flags & SHF_EXECINSTR))) &&
	    other->align > (one->align ? one->align : 1))
		return "alignment";
	if (!same_bytes(one, other))
		return "content";
	if (one->reference_count != other->reference_count)
		return "number of relocations";
	for (size_t i = 0; i < one->reference_count; i++) {
		const struct reference *reference = &one->references[i];

		if (one->counted && reference->offset < one->size &&
		    !one->counted[reference->offset])
			continue;
		if (!same_reference(a, one, reference, b, &other->references[i]))
			return "relocations";
	}
	return NULL;
}

/* What a name stands for: a thread's variable, what a resolver chooses, or a place. */
static unsigned char name_kind(const Elf64_Sym *symbol)
{
	unsigned char type = ELF64_ST_TYPE(symbol->st_info);

	return type == STT_TLS || type == STT_GNU_IFUNC ? type : STT_NOTYPE;
}

/* Where a name leads that other units know, and the size of a variable. */
static bool same_name(const struct meaning *a, const Elf64_Sym *one, const struct meaning *b,
		      const Elf64_Sym *other)
{
	if (!defines(a, one) || ELF64_ST_BIND(one->st_info) == STB_LOCAL || !defines(b, other))
		return true;
	if (one->st_shndx != other->st_shndx || one->st_value != other->st_value ||
	    name_kind(one) != name_kind(other))
		return false;
	return ELF64_ST_TYPE(one->st_info) != STT_OBJECT || one->st_size == other->st_size;
}

const char *meaning_difference(struct sut_arena *arena, const struct meaning *a,
			       const struct meaning *b)
{
	for (size_t i = 1; i < a->piece_count; i++) {
		const char *what;

		/* What nothing reaches any more is gone, and needs no patch. */
		if (!b->pieces[i].reached)
			continue;
		what = piece_difference(a, &a->pieces[i], b, &b->pieces[i]);
		if (what)
			return sut_arena_printf(arena, "%s of %s", what, a->pieces[i].name);
	}
	for (size_t i = 1; i < a->symbol_count; i++) {
		if (!same_name(a, &a->symbols[i], b, &b->symbols[i]))
			return sut_arena_printf(arena, "symbol %s",
						a->strings + a->symbols[i].st_name);
	}
	return NULL;
}
