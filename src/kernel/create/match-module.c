// SPDX-License-Identifier: GPL-2.0-or-later
/* A module's file, laid out and relocated like a loaded one, for the proof. */
#include "kernel/create/match.h"
#include "kernel/klp/ko.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

/* Where modules lie, and far enough behind it what they leave undefined. No other address that is
 * proven against begins so. */
static const uint64_t module_base = 0xffffffffc0000000, undefined_base = 0xffffffffe0000000;

enum {
	UNDEFINED_ROOM = 64,    /* bytes for each undefined symbol */
	MODULE_MAX = 256 << 20, /* bytes of a module in memory */
};

struct layout {
	struct sut_arena *arena;
	struct sut_ko ko;
	struct sut_kernel_target *target;
	uint64_t *values;        /* per symbol */
	unsigned char **content; /* per section: its bytes in memory; NULL: zeros */
	struct sut_diag *diag;
};

static enum sut_rc place_sections(struct layout *layout)
{
	const struct sut_kernel_elf *elf = &layout->ko.elf;
	struct sut_target *target = &layout->target->target;
	uint64_t *addresses =
		sut_arena_array(layout->arena, elf->section_count, sizeof(*addresses));
	uint64_t at = module_base;

	layout->target->addresses = addresses;
	layout->target->address_count = elf->section_count;
	layout->content =
		sut_arena_array(layout->arena, elf->section_count, sizeof(*layout->content));
	target->segments =
		sut_arena_array(layout->arena, elf->section_count, sizeof(*target->segments));
	for (size_t i = 1; i < elf->section_count; i++) {
		const struct sut_kernel_section *section = &elf->sections[i];
		uint64_t align = section->align ? section->align : 1;

		if (!(section->flags & SHF_ALLOC))
			continue;
		if (align & (align - 1) || align > MODULE_MAX || section->size > MODULE_MAX ||
		    at - module_base > MODULE_MAX)
			return sut_fail(layout->diag, SUT_INVALID, "format",
					"%s: %s has an absurd size or alignment", elf->path,
					section->name);
		at = (at + align - 1) & ~(align - 1);
		addresses[i] = at;
		if (section->data)
			layout->content[i] =
				sut_arena_memdup(layout->arena, section->data, section->size);
		target->segments[target->segment_count++] = (struct sut_target_segment){
			.address = at,
			.size = section->size,
			.file_size = section->data ? section->size : 0,
			.data = layout->content[i],
			.executable = section->flags & SHF_EXECINSTR,
			.writable = section->flags & SHF_WRITE,
		};
		at += section->size;
	}
	return SUT_OK;
}

static int compare_symbols(const void *a, const void *b)
{
	const struct sut_target_symbol *left = a, *right = b;
	int order = strcmp(left->name, right->name);

	return order ? order : (left->order > right->order) - (left->order < right->order);
}

static void place_symbols(struct layout *layout)
{
	const struct sut_ko *ko = &layout->ko;
	struct sut_target *target = &layout->target->target;
	const uint64_t *addresses = layout->target->addresses;
	const char *file = "";

	layout->values = sut_arena_array(layout->arena, ko->symbol_count, sizeof(*layout->values));
	target->symbols =
		sut_arena_array(layout->arena, ko->symbol_count, sizeof(*target->symbols));
	for (size_t i = 1; i < ko->symbol_count; i++) {
		const Elf64_Sym *symbol = &ko->symbols[i];
		const char *name = sut_ko_symbol_name(ko, i);
		unsigned char type = ELF64_ST_TYPE(symbol->st_info);
		bool local = ELF64_ST_BIND(symbol->st_info) == STB_LOCAL;

		if (type == STT_FILE)
			file = name;
		if (symbol->st_shndx == SHN_UNDEF)
			layout->values[i] = undefined_base + i * UNDEFINED_ROOM;
		else if (symbol->st_shndx < ko->elf.section_count)
			layout->values[i] = addresses[symbol->st_shndx] + symbol->st_value;
		else
			layout->values[i] = symbol->st_value;
		if (!*name || type == STT_FILE || type == STT_SECTION)
			continue;
		target->symbols[target->symbol_count++] = (struct sut_target_symbol){
			.name = name,
			.file = local ? file : "",
			.address = layout->values[i],
			.size = symbol->st_size,
			.type = type,
			.local = local,
			.order = i,
		};
	}
	if (target->symbol_count)
		qsort(target->symbols, target->symbol_count, sizeof(*target->symbols),
		      compare_symbols);
}

static enum sut_rc apply(struct layout *layout, const struct sut_ko_reloc *reloc)
{
	const struct sut_kernel_section *section = &layout->ko.elf.sections[reloc->section];
	unsigned int size = sut_reloc_size(reloc->type);
	uint64_t value = layout->values[reloc->symbol] + (uint64_t)reloc->addend;

	if (reloc->type == R_X86_64_NONE || !layout->content[reloc->section])
		return SUT_OK;
	switch (reloc->type) {
	case R_X86_64_PC32:
	case R_X86_64_PLT32:
	case R_X86_64_PC64:
		value -= layout->target->addresses[reloc->section] + reloc->offset;
		break;
	case R_X86_64_64:
	case R_X86_64_32:
	case R_X86_64_32S:
		break;
	default:
		return sut_fail(layout->diag, SUT_UNSUPPORTED, "reloc",
				"%s: %s has a relocation of type %u, which no loader of modules "
				"knows",
				layout->ko.elf.path, section->name, reloc->type);
	}
	if (reloc->offset > section->size || section->size - reloc->offset < size)
		return sut_fail(layout->diag, SUT_INVALID, "format",
				"%s: a relocation outside of %s", layout->ko.elf.path,
				section->name);
	memcpy(layout->content[reloc->section] + reloc->offset, &value, size);
	return SUT_OK;
}

enum sut_rc sut_kernel_target_module(struct sut_arena *arena,
				     const struct sut_kernel_module *module,
				     struct sut_kernel_target *target, struct sut_diag *diag)
{
	struct layout layout = {.arena = arena, .target = target, .diag = diag};
	enum sut_rc rc = sut_ko_read(arena, module->elf.path, module->elf.bytes, &layout.ko, diag);

	*target = (struct sut_kernel_target){
		.object = module->name,
		.symbols = &module->symbols,
		.target = {.path = module->elf.path,
			   .name = module->name,
			   .soname = "",
			   .runpath = "",
			   .executable = true,
			   .has_symtab = true,
			   .bytes = module->elf.bytes},
	};
	if (!rc)
		rc = place_sections(&layout);
	if (rc)
		return rc;
	place_symbols(&layout);
	for (size_t i = 0; i < layout.ko.reloc_count && rc == SUT_OK; i++)
		rc = apply(&layout, &layout.ko.relocs[i]);
	return rc;
}
