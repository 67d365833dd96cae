// SPDX-License-Identifier: GPL-2.0-or-later
#include "review/listing.h"

#include "base/guard.h"
#include "base/io.h"
#include "base/search.h"
#include "insn/insn.h"

#include <elf.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { INSN_MAX = 15, LINE_MAX = 512, QUOTED_MAX = 72 };

enum { ELEMENT_MAX = 1 << 14 /* bytes; what is longer is no string of a pool */ };

struct listing {
	struct sut_arena *arena;
	const struct sut_patch *patch;
	const struct sut_extent *extent;
	uint64_t at;         /* the instruction, in the section, */
	unsigned int length; /* and its bytes */
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
	return SUT_LOWER_BOUND(0, section->reloc_count, at, section->relocs[at].offset < offset);
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

uint64_t sut_reloc_delta(const struct sut_patch_reloc *reloc, uint64_t end)
{
	uint64_t delta = (uint64_t)reloc->addend;
	bool slot;

	/* The processor counts from the end of the instruction, the relocation from its field. */
	return is_relative(reloc->type, &slot) ? delta + end - reloc->offset : delta;
}

const char *sut_quoted(struct sut_arena *arena, const unsigned char *bytes, size_t size,
		       size_t most)
{
	size_t count = strnlen((const char *)bytes, size);
	bool cut = count > most;
	char *text, *to;

	if (cut)
		count = most;
	text = to = sut_arena_alloc(arena, 4 * count + sizeof("\"\"..."));
	*to++ = '"';
	for (size_t i = 0; i < count; i++) {
		unsigned char c = bytes[i];

		if (c == '\n' || c == '\t')
			to += sprintf(to, "\\%c", c == '\n' ? 'n' : 't');
		else if (c == '"' || c == '\\')
			to += sprintf(to, "\\%c", c);
		else if (c >= 0x20 && c < 0x7f)
			*to++ = (char)c;
		else
			to += sprintf(to, "\\x%02x", c);
	}
	strcpy(to, cut ? "\"..." : "\"");
	return text;
}

/* ".rodata.str1.8", ".rodata.main.cst16": the last words, after which the compiler names pools. */
static size_t pool_unit(const char *name, enum sut_pool_kind *kind)
{
	const char *word = strstr(name, ".str");
	char *end;
	unsigned long unit;

	*kind = SUT_POOL_NONE;
	if (strncmp(name, ".rodata.", 8) != 0)
		return 0;
	for (const char *next = word; next; next = strstr(next + 1, ".str"))
		word = next;
	if (word) {
		unit = strtoul(word + 4, &end, 10);
		if ((unit == 1 || unit == 2 || unit == 4) && *end == '.' && end[1] &&
		    strspn(end + 1, "0123456789") == strlen(end + 1)) {
			*kind = SUT_POOL_STRINGS;
			return unit;
		}
	}
	word = strrchr(name, '.');
	if (strncmp(word, ".cst", 4) != 0)
		return 0;
	unit = strtoul(word + 4, &end, 10);
	if (*end || !unit || unit > 64 || (unit & (unit - 1)))
		return 0;
	*kind = SUT_POOL_CONSTANTS;
	return unit;
}

static bool is_zero(const unsigned char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (bytes[i])
			return false;
	return true;
}

struct sut_pool_element_at sut_pool_element(const struct sut_patch_section *section,
					    uint64_t offset)
{
	struct sut_pool_element_at element = {0};
	size_t unit = pool_unit(section->name, &element.kind);
	uint64_t from, to;

	if (!element.kind || (section->flags & (SHF_WRITE | SHF_EXECINSTR)) || !section->data ||
	    section->reloc_count || section->size % unit || offset >= section->size)
		return (struct sut_pool_element_at){0};
	from = offset / unit * unit;
	to = from + unit;
	if (element.kind == SUT_POOL_STRINGS) {
		while (from && to - from <= ELEMENT_MAX &&
		       !is_zero(section->data + from - unit, unit))
			from -= unit;
		for (to = from + unit; to < section->size && to - from <= ELEMENT_MAX &&
				       !is_zero(section->data + to - unit, unit);
		     to += unit)
			;
		if (to - from > ELEMENT_MAX || !is_zero(section->data + to - unit, unit))
			return (struct sut_pool_element_at){0};
	}
	element.offset = from;
	element.size = to - from;
	return element;
}

/* The string that own data has at an offset, in quotes; NULL: it is none. */
static const char *string_at(struct sut_arena *arena, const struct sut_patch_section *section,
			     uint64_t offset)
{
	struct sut_pool_element_at element = sut_pool_element(section, offset);

	if (element.kind != SUT_POOL_STRINGS)
		return NULL;
	return sut_quoted(arena, section->data + offset, element.offset + element.size - offset,
			  QUOTED_MAX);
}

const char *sut_reloc_text(struct sut_arena *arena, const struct sut_patch *patch,
			   const struct sut_patch_reloc *reloc, uint64_t end)
{
	const struct sut_patch_symbol *symbol = &patch->symbols[reloc->symbol];
	uint64_t delta = sut_reloc_delta(reloc, end);
	const char *name = sut_symbol_name(patch, symbol), *sign = "+", *string;
	bool slot;

	is_relative(reloc->type, &slot);
	if (symbol->kind == SUT_PATCH_SYMBOL_OWN) {
		string = string_at(arena, &patch->sections[symbol->section], symbol->value + delta);
		if (string)
			return string;
	}
	if ((int64_t)delta < 0) {
		sign = "-";
		delta = -delta;
	}
	if (!delta)
		return sut_arena_printf(arena, "%s%s", name, slot ? "@GOT" : "");
	return sut_arena_printf(arena, "%s%s%s0x%" PRIx64, name, slot ? "@GOT" : "", sign, delta);
}

static const char *field_name(void *context, unsigned int field)
{
	struct listing *l = context;
	const struct sut_patch_section *section = l->extent->section;
	size_t i = lower_bound(section, l->at + field);

	if (!field || i == section->reloc_count || section->relocs[i].offset != l->at + field)
		return NULL;
	return sut_reloc_text(l->arena, l->patch, &section->relocs[i], l->at + l->length);
}

struct sut_listing_line sut_listing_line(struct sut_arena *arena, const struct sut_patch *patch,
					 const struct sut_extent *extent, uint64_t offset)
{
	struct listing l = {.arena = arena, .patch = patch, .extent = extent, .at = offset};
	const unsigned char *code = extent->section->data + offset;
	size_t left = extent->end - offset;
	char text[LINE_MAX];
	struct sut_insn insn;

	l.length = sut_insn_decode(code, left, offset, &insn) ? insn.length : 1;
	if (!sut_insn_format(code, left, offset, text, sizeof(text), field_name, &l))
		snprintf(text, sizeof(text), "(bad)");
	return (struct sut_listing_line){offset, l.length, sut_arena_strdup(arena, text)};
}

void sut_listing_out(struct sut_out *out, const struct sut_patch *patch,
		     const struct sut_extent *extent)
{
	struct sut_listing_line line;

	for (uint64_t at = extent->start; extent->section->data && at < extent->end;
	     at += line.length) {
		struct sut_arena arena = {0};
		char bytes[2 * INSN_MAX + 1];

		line = sut_listing_line(&arena, patch, extent, at);
		sut_out_format(out, NULL, "%4" PRIx64 ": %-22s %s", at - extent->start,
			       sut_hex(bytes, extent->section->data + at, line.length), line.text);
		sut_arena_deinit(&arena);
	}
}

const char *sut_dump_text(struct sut_arena *arena, const struct sut_patch_section *section,
			  uint64_t at)
{
	size_t count = section->size - at < SUT_DUMP_ROW ? section->size - at : SUT_DUMP_ROW;
	char bytes[2 * SUT_DUMP_ROW + 1], text[SUT_DUMP_ROW + 1] = "";

	for (size_t i = 0; i < count; i++) {
		unsigned char c = section->data[at + i];

		text[i] = (char)(c >= 0x20 && c < 0x7f ? c : '.');
	}
	return sut_arena_printf(arena, "%4" PRIx64 ": %-32s %s", at,
				sut_hex(bytes, section->data + at, count), text);
}

void sut_dump_out(struct sut_out *out, const struct sut_patch_section *section)
{
	for (uint64_t at = 0; section->data && at < section->size; at += SUT_DUMP_ROW) {
		SUT_ARENA struct sut_arena arena = {0};

		sut_out_string(out, NULL, sut_dump_text(&arena, section, at));
	}
}
