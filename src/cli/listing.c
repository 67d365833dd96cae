// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/listing.h"

#include "base/guard.h"
#include "base/io.h"
#include "insn/insn.h"

#include <elf.h>
#include <inttypes.h>

enum { INSN_MAX = 15, LINE_MAX = 512, ROW = 16 };

struct listing {
	const struct sut_patch *patch;
	struct sut_extent extent;
	struct sut_arena arena; /* of one line */
	uint64_t at;            /* the instruction, in the section, */
	unsigned int length;    /* and its bytes */
};

struct sut_extent sut_extent_of(const struct sut_patch *patch, uint32_t index)
{
	const struct sut_patch_symbol *symbol = &patch->symbols[index];
	const struct sut_patch_section *section = &patch->sections[symbol->section];

	/* A symbol without a size reaches to the end of its section. */
	return (struct sut_extent){
		.section = section,
		.start = symbol->value,
		.end = symbol->size ? symbol->value + symbol->size : section->size,
	};
}

/* The first relocation at or behind an offset. */
static size_t lower_bound(const struct sut_patch_section *section, uint64_t offset)
{
	size_t low = 0, high = section->reloc_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (section->relocs[middle].offset < offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct sut_patch_reloc *sut_extent_relocs(const struct sut_extent *extent, size_t *count)
{
	size_t first = lower_bound(extent->section, extent->start);

	*count = lower_bound(extent->section, extent->end) - first;
	return extent->section->relocs + first;
}

const char *sut_symbol_name(const struct sut_patch *patch, const struct sut_patch_symbol *symbol)
{
	return *symbol->name ? symbol->name : patch->sections[symbol->section].name;
}

/* Whether the value counts from the field, and whether it is that of a GOT slot. */
static bool is_relative(uint32_t type, bool *slot)
{
	*slot = type == R_X86_64_GOTPCREL || type == R_X86_64_GOTPCRELX ||
		type == R_X86_64_REX_GOTPCRELX || type == R_X86_64_GOTTPOFF;
	return *slot || type == R_X86_64_PC32 || type == R_X86_64_PLT32 || type == R_X86_64_PC64;
}

/* "name", "name+0x10", "name@GOT" */
static const char *reloc_text(struct listing *l, const struct sut_patch_reloc *reloc)
{
	const struct sut_patch_symbol *symbol = &l->patch->symbols[reloc->symbol];
	uint64_t delta = (uint64_t)reloc->addend;
	const char *sign = "+";
	bool slot;

	/* The processor counts from the end of the instruction, the relocation from its field. */
	if (is_relative(reloc->type, &slot))
		delta += l->at + l->length - reloc->offset;
	if ((int64_t)delta < 0) {
		sign = "-";
		delta = -delta;
	}
	if (!delta)
		return sut_arena_printf(&l->arena, "%s%s", sut_symbol_name(l->patch, symbol),
					slot ? "@GOT" : "");
	return sut_arena_printf(&l->arena, "%s%s%s0x%" PRIx64, sut_symbol_name(l->patch, symbol),
				slot ? "@GOT" : "", sign, delta);
}

static const char *field_name(void *context, unsigned int field)
{
	struct listing *l = context;
	const struct sut_patch_section *section = l->extent.section;
	size_t i = lower_bound(section, l->at + field);

	if (!field || i == section->reloc_count || section->relocs[i].offset != l->at + field)
		return NULL;
	return reloc_text(l, &section->relocs[i]);
}

/* Adds the line of the instruction at l->at and sets its length; a byte that is none is 1 long. */
static void put_line(struct sut_out *out, struct listing *l)
{
	const unsigned char *code = l->extent.section->data + l->at;
	size_t left = l->extent.end - l->at;
	char text[LINE_MAX], bytes[2 * INSN_MAX + 1];
	struct sut_insn insn;

	l->length = sut_insn_decode(code, left, l->at, &insn) ? insn.length : 1;
	if (!sut_insn_format(code, left, l->at, text, sizeof(text), field_name, l))
		snprintf(text, sizeof(text), "(bad)");
	sut_out_format(out, NULL, "%4" PRIx64 ": %-22s %s", l->at - l->extent.start,
		       sut_hex(bytes, code, l->length), text);
	sut_arena_deinit(&l->arena);
}

void sut_listing_out(struct sut_out *out, const struct sut_patch *patch,
		     const struct sut_extent *extent)
{
	struct listing l = {.patch = patch, .extent = *extent};

	for (l.at = extent->start; extent->section->data && l.at < extent->end; l.at += l.length)
		put_line(out, &l);
}

void sut_dump_out(struct sut_out *out, const struct sut_patch_section *section)
{
	for (uint64_t at = 0; section->data && at < section->size; at += ROW) {
		size_t count = section->size - at < ROW ? section->size - at : ROW;
		char bytes[2 * ROW + 1], text[ROW + 1] = "";

		for (size_t i = 0; i < count; i++) {
			unsigned char c = section->data[at + i];

			text[i] = (char)(c >= 0x20 && c < 0x7f ? c : '.');
		}
		sut_out_format(out, NULL, "%4" PRIx64 ": %-32s %s", at,
			       sut_hex(bytes, section->data + at, count), text);
	}
}
