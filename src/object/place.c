// SPDX-License-Identifier: GPL-2.0-or-later
#include "object/object.h"
#include "base/search.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

size_t sut_section_reloc(const struct sut_section *section, uint64_t offset)
{
	return SUT_LOWER_BOUND(0, section->reloc_count, at, section->relocs[at].offset < offset);
}

uint32_t sut_section_def(const struct sut_object *object, const struct sut_section *section,
			 uint64_t offset)
{
	size_t low = SUT_LOWER_BOUND(0, section->def_count, at,
				     object->defs[section->defs[at]].offset <= offset);

	if (!low)
		return SUT_NO_DEF;
	uint32_t index = section->defs[low - 1];
	const struct sut_def *def = &object->defs[index];

	return offset - def->offset < def->size || offset == def->offset ? index : SUT_NO_DEF;
}

uint32_t sut_object_def(const struct sut_object *object, const char *name)
{
	for (size_t i = 0; i < object->symbol_count; i++) {
		if (object->symbols[i].def != SUT_NO_DEF && !strcmp(object->symbols[i].name, name))
			return object->symbols[i].def;
	}
	return SUT_NO_DEF;
}

bool sut_def_is_function(const struct sut_def *def)
{
	return def->type == STT_FUNC || def->type == STT_GNU_IFUNC;
}

static const struct reloc_type {
	uint32_t type;
	const char *name;
	unsigned char size;
	bool pc;
	bool got;
} reloc_types[] = {
	{R_X86_64_64, "R_X86_64_64", 8, false, false},
	{R_X86_64_32, "R_X86_64_32", 4, false, false},
	{R_X86_64_32S, "R_X86_64_32S", 4, false, false},
	{R_X86_64_PC32, "R_X86_64_PC32", 4, true, false},
	{R_X86_64_PLT32, "R_X86_64_PLT32", 4, true, false},
	{R_X86_64_PC64, "R_X86_64_PC64", 8, true, false},
	{R_X86_64_GOTPCREL, "R_X86_64_GOTPCREL", 4, true, true},
	{R_X86_64_GOTPCRELX, "R_X86_64_GOTPCRELX", 4, true, true},
	{R_X86_64_REX_GOTPCRELX, "R_X86_64_REX_GOTPCRELX", 4, true, true},
	{R_X86_64_GOTTPOFF, "R_X86_64_GOTTPOFF", 4, true, true},
	{R_X86_64_TPOFF32, "R_X86_64_TPOFF32", 4, false, false},
	{R_X86_64_TLSGD, "R_X86_64_TLSGD", 4, true, true},
	{R_X86_64_TLSLD, "R_X86_64_TLSLD", 4, true, true},
	{R_X86_64_DTPOFF32, "R_X86_64_DTPOFF32", 4, false, false},
	{R_X86_64_DTPOFF64, "R_X86_64_DTPOFF64", 8, false, false},
	{R_X86_64_GOTPC32_TLSDESC, "R_X86_64_GOTPC32_TLSDESC", 4, true, true},
	{R_X86_64_TLSDESC_CALL, "R_X86_64_TLSDESC_CALL", 0, false, false},
	{R_X86_64_GOTOFF64, "R_X86_64_GOTOFF64", 8, false, false},
	{R_X86_64_GOTPC64, "R_X86_64_GOTPC64", 8, true, false},
	{R_X86_64_GOTPC32, "R_X86_64_GOTPC32", 4, true, false},
	{R_X86_64_SIZE32, "R_X86_64_SIZE32", 4, false, false},
	{R_X86_64_SIZE64, "R_X86_64_SIZE64", 8, false, false},
	{R_X86_64_16, "R_X86_64_16", 2, false, false},
	{R_X86_64_8, "R_X86_64_8", 1, false, false},
	{R_X86_64_PC16, "R_X86_64_PC16", 2, true, false},
	{R_X86_64_PC8, "R_X86_64_PC8", 1, true, false},
};

static const struct reloc_type *find_type(uint32_t type)
{
	static const struct reloc_type unknown = {0, NULL, 0, false, false};

	for (size_t i = 0; i < sizeof(reloc_types) / sizeof(reloc_types[0]); i++) {
		if (reloc_types[i].type == type)
			return &reloc_types[i];
	}
	return &unknown;
}

unsigned int sut_reloc_size(uint32_t type)
{
	return find_type(type)->size;
}

bool sut_reloc_is_pc(uint32_t type)
{
	return find_type(type)->pc;
}

bool sut_reloc_is_got(uint32_t type)
{
	return find_type(type)->got;
}

const char *sut_reloc_name(struct sut_arena *arena, uint32_t type)
{
	const char *name = find_type(type)->name;

	return name ? name : sut_arena_printf(arena, "type %u", type);
}

bool sut_reloc_is_branch(const struct sut_reloc *reloc)
{
	switch (reloc->insn) {
	case SUT_INSN_JUMP:
	case SUT_INSN_BRANCH:
	case SUT_INSN_CALL:
		return true;
	case SUT_INSN_JUMP_INDIRECT:
	case SUT_INSN_CALL_INDIRECT:
		return sut_reloc_is_got(reloc->type);
	case SUT_INSN_OTHER:
	case SUT_INSN_RETURN:
	case SUT_INSN_SYSCALL:
	case SUT_INSN_TRAP:
		return false;
	}
	return false;
}

/* A section that holds nothing but one definition: whatever points there means it. */
static uint32_t only_def(const struct sut_object *object, const struct sut_section *section)
{
	if (section->def_count == 1 && !object->defs[section->defs[0]].offset)
		return section->defs[0];
	return SUT_NO_DEF;
}

static int compare_offsets(const void *a, const void *b)
{
	const uint64_t *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

/* Notes every place of data without names that the section refers to. */
static void note_starts(struct sut_arena *arena, struct sut_object *object,
			const struct sut_section *from)
{
	for (size_t i = 0; i < from->reloc_count; i++) {
		struct sut_place place = sut_object_place(object, from, &from->relocs[i]);
		struct sut_section *data = &object->sections[place.section];

		if (place.section && place.exact && place.offset >= 0 &&
		    (uint64_t)place.offset < data->size && !data->def_count &&
		    data->flags & SHF_ALLOC && !(data->flags & (SHF_EXECINSTR | SHF_WRITE)))
			SUT_PUSH(arena, data->starts, data->start_count, data->start_capacity) =
				(uint64_t)place.offset;
	}
}

static void sort_starts(struct sut_section *data)
{
	size_t kept = 0;

	if (data->start_count)
		qsort(data->starts, data->start_count, sizeof(*data->starts), compare_offsets);
	for (size_t i = 0; i < data->start_count; i++) {
		if (!kept || data->starts[kept - 1] != data->starts[i])
			data->starts[kept++] = data->starts[i];
	}
	data->start_count = kept;
}

/*
 * Jump tables, and clang's tables of strings: each entry is the distance from the table's start, so
 * its relocation alone does not say what it means.
 */
static void find_tables(struct sut_section *data)
{
	for (size_t i = 0, next = 0; i < data->reloc_count; i++) {
		while (next < data->start_count && data->starts[next] <= data->relocs[i].offset)
			next++;
		data->relocs[i].table = next ? data->starts[next - 1] : SUT_NO_TABLE;
	}
}

/*
 * Nothing refers to the section, so there is no other place that its entries could count from; or
 * it is known how they count.
 */
static void count_from_themselves(struct sut_section *data)
{
	bool known = (!data->start_count && !data->def_count) || sut_section_is_unwind(data);

	for (size_t i = 0; i < data->reloc_count && known; i++)
		data->relocs[i].table = data->relocs[i].offset;
}

void sut_object_find_starts(struct sut_arena *arena, struct sut_object *object)
{
	for (size_t i = 1; i < object->section_count; i++)
		find_tables(&object->sections[i]);
	for (size_t i = 1; i < object->section_count; i++) {
		if (object->sections[i].flags & SHF_ALLOC)
			note_starts(arena, object, &object->sections[i]);
	}
	for (size_t i = 1; i < object->section_count; i++) {
		sort_starts(&object->sections[i]);
		find_tables(&object->sections[i]);
		count_from_themselves(&object->sections[i]);
	}
}

/* Not in every elf.h yet. */
enum { LARCH_32_PCREL = 99 };

/* In data; a field in code means the place that its instruction does. */
static bool is_pc_in_data(const struct sut_object *object, uint32_t type)
{
	switch (object->machine) {
	case EM_AARCH64:
		return type >= R_AARCH64_PREL64 && type <= R_AARCH64_PREL16;
	case EM_PPC64:
		return type == R_PPC64_REL32 || type == R_PPC64_REL64;
	case EM_S390:
		return type == R_390_PC32 || type == R_390_PC64;
	case EM_LOONGARCH:
		return type == LARCH_32_PCREL;
	default:
		return sut_reloc_is_pc(type);
	}
}

struct sut_place sut_object_place(const struct sut_object *object,
				  const struct sut_section *section, const struct sut_reloc *reloc)
{
	const struct sut_symbol *symbol = &object->symbols[reloc->symbol];
	struct sut_place place = {
		.symbol = reloc->symbol,
		.section = symbol->section,
		.offset = reloc->addend,
		.exact = true,
		.def = SUT_NO_DEF,
	};

	if (section->flags & SHF_EXECINSTR) {
		if (object->machine == EM_X86_64 && sut_reloc_is_pc(reloc->type))
			place.offset += sut_reloc_size(reloc->type) + reloc->trail;
		/* Counted from the instruction, which begins 2 bytes in front of the field. */
		if (object->machine == EM_S390 &&
		    (reloc->type == R_390_PC32DBL || reloc->type == R_390_PLT32DBL ||
		     reloc->type == R_390_GOTENT))
			place.offset -= 2;
	} else if (is_pc_in_data(object, reloc->type)) {
		if (reloc->table != SUT_NO_TABLE)
			place.offset -= (int64_t)(reloc->offset - reloc->table);
		else
			place.exact = false;
	}
	place.delta = place.offset;
	if (!place.section)
		return place;
	place.offset += symbol->value;
	const struct sut_section *other = &object->sections[place.section];

	/* The linker moves what the symbol names, and adds the addend to where that is then. */
	place.element = place.exact && symbol->type != STT_SECTION && sut_section_is_merged(other)
				? (int64_t)symbol->value
				: place.offset;
	if (symbol->type != STT_SECTION)
		place.def = symbol->def;
	if (place.def == SUT_NO_DEF)
		place.def = only_def(object, other);
	if (place.def == SUT_NO_DEF && place.offset >= 0 && place.exact)
		place.def = sut_section_def(object, other, place.offset);
	if (place.def != SUT_NO_DEF)
		place.delta = place.offset - (int64_t)object->defs[place.def].offset;
	return place;
}

bool sut_section_is_merged(const struct sut_section *section)
{
	return section->flags & SHF_MERGE && section->data && section->entsize &&
	       !section->reloc_count;
}

uint64_t sut_section_element(const struct sut_section *section, uint64_t offset)
{
	static const unsigned char zero[8];
	uint64_t width = section->entsize;

	if (offset >= section->size || section->size - offset < width - offset % width)
		return 0;
	/* A small constant may be the second half of a large one. */
	if (!(section->flags & SHF_STRINGS))
		return width - offset % width;
	if (width > sizeof(zero))
		return 0;
	for (uint64_t end = offset; section->size - end >= width; end += width) {
		if (!memcmp(section->data + end, zero, width))
			return end + width - offset;
	}
	return 0;
}

bool sut_section_is_pool(const struct sut_section *section)
{
	return !section->def_count && !section->reloc_count && section->data &&
	       !sut_section_is_merged(section) && section->flags & SHF_ALLOC &&
	       !(section->flags & (SHF_EXECINSTR | SHF_WRITE));
}

uint64_t sut_section_piece(const struct sut_section *section, uint64_t offset)
{
	size_t low = SUT_LOWER_BOUND(0, section->start_count, at, section->starts[at] <= offset);

	uint64_t end = low < section->start_count ? section->starts[low] : section->size;

	return end > offset ? end - offset : 0;
}

bool sut_section_is_constant(const struct sut_section *section)
{
	/* Variables have sections of their own, so this holds nothing but images of initial values
	   that gcc copies from: it puts those with addresses in them here. */
	if (!strcmp(section->name, ".data"))
		return !section->def_count && section->reloc_count;
	return !(section->flags & SHF_WRITE) ||
	       !strncmp(section->name, ".data.rel.ro", strlen(".data.rel.ro"));
}

bool sut_section_is_unwind(const struct sut_section *section)
{
	return !strcmp(section->name, ".eh_frame") ||
	       !strncmp(section->name, ".gcc_except_table", strlen(".gcc_except_table"));
}

bool sut_section_same_kind(const struct sut_section *a, const struct sut_section *b)
{
	const uint64_t flags = SHF_ALLOC | SHF_EXECINSTR | SHF_TLS;

	return (a->flags & flags) == (b->flags & flags) &&
	       sut_section_is_constant(a) == sut_section_is_constant(b);
}
