// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The content of a pair of sections: the same bytes where no relocation is, and relocations at the
 * same places that mean the same. That is the verdict; which instruction it is and what it reads
 * like is found out only when there is a difference.
 */
#include "review/compare-private.h"
#include "review/listing.h"

#include "base/io.h"
#include "insn/insn.h"

#include <elf.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { FINDINGS_MAX = 12 /* of one section */, BYTES_SHOWN = 16, QUOTED_MAX = 400 };

/* A pair with what is asked again and again. */
struct content {
	struct sut_comparing *c;
	uint32_t index[SUT_SIDES];
	const struct sut_patch_section *section[SUT_SIDES];
	uint32_t func; /* of the file, or SUT_PATCH_NONE */
	bool code;
	size_t found;
};

/* ---- what a reference means ---- */

bool sut_compare_is_pool(const struct sut_patch_section *section)
{
	return section->size && sut_pool_element(section, 0).kind != SUT_POOL_NONE;
}

/* The element that a reference leads to, and where in it. */
static struct sut_pool_element_at element_of(const struct sut_patch *patch,
					     const struct sut_patch_reloc *reloc, uint64_t end,
					     const unsigned char **data, uint64_t *offset)
{
	const struct sut_patch_symbol *symbol = &patch->symbols[reloc->symbol];
	const struct sut_patch_section *section = &patch->sections[symbol->section];
	uint64_t at = symbol->value + sut_reloc_delta(reloc, end);
	struct sut_pool_element_at element = sut_pool_element(section, at);

	if (element.kind) {
		*data = section->data + element.offset;
		*offset = at - element.offset;
	}
	return element;
}

static bool same_element(const struct content *k, const struct sut_patch_reloc *a,
			 const struct sut_patch_reloc *b, uint64_t end)
{
	const unsigned char *left, *right;
	uint64_t left_offset, right_offset;
	struct sut_pool_element_at x =
		element_of(k->c->side[SUT_SIDE_FILE], a, end, &left, &left_offset);
	struct sut_pool_element_at y =
		element_of(k->c->side[SUT_SIDE_EXPECTED], b, end, &right, &right_offset);

	return x.kind && x.kind == y.kind && x.size == y.size && left_offset == right_offset &&
	       memcmp(left, right, x.size) == 0;
}

/* Whole pools that are equal: a reference behind an element or before it is the same, too. */
static bool same_pool(const struct sut_patch_section *a, const struct sut_patch_section *b)
{
	return a->size == b->size && a->align == b->align && memcmp(a->data, b->data, a->size) == 0;
}

static bool same_own(const struct content *k, const struct sut_patch_reloc *a,
		     const struct sut_patch_reloc *b, uint64_t end)
{
	const struct sut_patch_symbol *x = &k->c->side[SUT_SIDE_FILE]->symbols[a->symbol];
	const struct sut_patch_symbol *y = &k->c->side[SUT_SIDE_EXPECTED]->symbols[b->symbol];
	const struct sut_patch_section *left = &k->c->side[SUT_SIDE_FILE]->sections[x->section];
	const struct sut_patch_section *right =
		&k->c->side[SUT_SIDE_EXPECTED]->sections[y->section];
	bool same_place = x->value + (uint64_t)a->addend == y->value + (uint64_t)b->addend;

	if (sut_compare_is_pool(left) && sut_compare_is_pool(right))
		return same_element(k, a, b, end) || (same_place && same_pool(left, right));
	return same_place && sut_compare_pair(k->c, x->section, y->section);
}

static bool same_reference(const struct content *k, const struct sut_patch_reloc *a,
			   const struct sut_patch_reloc *b, uint64_t end)
{
	const struct sut_patch_symbol *x = &k->c->side[SUT_SIDE_FILE]->symbols[a->symbol];
	const struct sut_patch_symbol *y = &k->c->side[SUT_SIDE_EXPECTED]->symbols[b->symbol];

	if (a->type != b->type || x->kind != y->kind)
		return false;
	if (x->kind == SUT_PATCH_SYMBOL_OWN)
		return same_own(k, a, b, end);
	if (a->addend != b->addend || x->type != y->type || strcmp(x->name, y->name) != 0)
		return false;
	if (x->kind == SUT_PATCH_SYMBOL_RUNTIME)
		return true;
	return k->c->objects[SUT_SIDE_FILE][x->object] == y->object && x->sympos == y->sympos &&
	       x->value == y->value && x->size == y->size && x->slot == y->slot;
}

/* ---- the verdict ---- */

/* The relocation whose field begins at an offset, or NULL. */
static const struct sut_patch_reloc *reloc_at(const struct sut_patch_section *section,
					      uint64_t offset)
{
	struct sut_extent extent = {section, offset, offset + 1};
	size_t count;
	const struct sut_patch_reloc *reloc = sut_extent_relocs(&extent, &count);

	return count ? reloc : NULL;
}

/* Where each instruction with a relocation ends; for data, where the field begins. */
static uint64_t *ends_of(struct sut_comparing *c, const struct sut_patch_section *section,
			 bool code)
{
	uint64_t *ends = sut_arena_array(c->arena, section->reloc_count, sizeof(*ends)), at = 0;
	struct sut_insn insn;

	for (size_t i = 0; i < section->reloc_count; i++) {
		const struct sut_patch_reloc *reloc = &section->relocs[i];

		ends[i] = reloc->offset;
		while (code && at <= reloc->offset)
			at += sut_insn_decode(section->data + at, section->size - at, at, &insn)
				      ? insn.length
				      : 1;
		if (code)
			ends[i] = at;
	}
	return ends;
}

static bool same_relocs(const struct content *k)
{
	const struct sut_patch_section *a = k->section[SUT_SIDE_FILE],
				       *b = k->section[SUT_SIDE_EXPECTED];
	const uint64_t *ends = ends_of(k->c, a, k->code);
	bool same = a->reloc_count == b->reloc_count;

	/* To the end in any case: what they lead to becomes a pair. */
	for (size_t i = 0; i < a->reloc_count && i < b->reloc_count; i++) {
		if (a->relocs[i].offset != b->relocs[i].offset)
			return false;
		same &= same_reference(k, &a->relocs[i], &b->relocs[i], ends[i]);
	}
	return same;
}

/* The bytes without those that the relocations change. */
static bool same_bytes(const struct sut_patch_section *a, const struct sut_patch_section *b)
{
	uint64_t at = 0;

	if (a->size != b->size || !a->data != !b->data)
		return false;
	for (size_t i = 0; a->data && i < a->reloc_count; i++) {
		uint64_t field = a->relocs[i].offset;

		if (memcmp(a->data + at, b->data + at, field - at) != 0)
			return false;
		at = field + (uint64_t)sut_patch_reloc_width(a->relocs[i].type);
	}
	return !a->data || memcmp(a->data + at, b->data + at, a->size - at) == 0;
}

/* ---- what is said about it ---- */

static void find(struct content *k, const char *subject, const char *file, const char *expected)
{
	k->found++;
	sut_compare_find(k->c, SUT_SIDE_FILE, k->func, sut_compare_kind(file, expected), subject,
			 file, expected);
}

/* A name that tells two of the same name apart. */
static const char *reference_text(const struct content *k, int side,
				  const struct sut_patch_reloc *reloc, uint64_t end)
{
	const struct sut_patch *patch = k->c->side[side];
	const struct sut_patch_symbol *symbol = &patch->symbols[reloc->symbol];
	const char *text = sut_reloc_text(k->c->arena, patch, reloc, end);
	const unsigned char *data;
	uint64_t offset;
	struct sut_pool_element_at element;

	switch (symbol->kind) {
	case SUT_PATCH_SYMBOL_OWN:
		element = element_of(patch, reloc, end, &data, &offset);
		if (element.kind == SUT_POOL_STRINGS)
			return sut_quoted(k->c->arena, data + offset, element.size - offset,
					  QUOTED_MAX);
		return sut_arena_printf(k->c->arena, "%s, in the patch", text);
	case SUT_PATCH_SYMBOL_TARGET:
		return sut_arena_printf(k->c->arena, "%s, at 0x%" PRIx64 " of %s", text,
					symbol->value, patch->objects[symbol->object].name);
	case SUT_PATCH_SYMBOL_IMPORT:
		return sut_arena_printf(k->c->arena, "%s, imported by %s", text,
					patch->objects[symbol->object].name);
	case SUT_PATCH_SYMBOL_RUNTIME:
		break;
	}
	return sut_arena_printf(k->c->arena, "%s, of the run-time", text);
}

/* The field of a relocation: type and symbol on both sides. */
static void find_reference(struct content *k, uint64_t offset, uint64_t end)
{
	const char *text[SUT_SIDES] = {"no reference", "no reference"};
	const struct sut_patch_reloc *reloc[SUT_SIDES];

	for (int side = 0; side < SUT_SIDES; side++) {
		reloc[side] = reloc_at(k->section[side], offset);
		if (reloc[side])
			text[side] = reference_text(k, side, reloc[side], end);
	}
	if (reloc[SUT_SIDE_FILE] && reloc[SUT_SIDE_EXPECTED] &&
	    strcmp(text[SUT_SIDE_FILE], text[SUT_SIDE_EXPECTED]) == 0)
		for (int side = 0; side < SUT_SIDES; side++)
			text[side] = sut_arena_printf(
				k->c->arena, "%s (relocation type %" PRIu32 ", addend %" PRId64 ")",
				text[side], reloc[side]->type, reloc[side]->addend);
	find(k,
	     sut_arena_printf(k->c->arena, "reference at %s+0x%" PRIx64,
			      k->section[SUT_SIDE_FILE]->name, offset),
	     text[SUT_SIDE_FILE], text[SUT_SIDE_EXPECTED]);
}

static const char *insn_text(const struct content *k, int side, uint64_t at, uint64_t *length)
{
	const struct sut_patch_section *section = k->section[side];
	struct sut_extent extent = {section, 0, section->size};
	struct sut_listing_line line;
	char bytes[2 * 16 + 1];

	*length = 0;
	if (at >= section->size)
		return "";
	line = sut_listing_line(k->c->arena, k->c->side[side], &extent, at);
	*length = line.length;
	return sut_arena_printf(k->c->arena, "%s  (%s)", line.text,
				sut_hex(bytes, section->data + at, line.length));
}

/* References of one instruction, which has the same bytes on both sides apart from them. */
static bool explain_references(struct content *k, uint64_t at, uint64_t length)
{
	size_t before = k->found;

	for (uint64_t offset = at; offset < at + length; offset++) {
		const struct sut_patch_reloc *a = reloc_at(k->section[SUT_SIDE_FILE], offset);
		const struct sut_patch_reloc *b = reloc_at(k->section[SUT_SIDE_EXPECTED], offset);

		if ((a || b) && (!a || !b || !same_reference(k, a, b, at + length)))
			find_reference(k, offset, at + length);
	}
	return k->found > before;
}

static bool same_insn(const struct content *k, uint64_t at, uint64_t length)
{
	for (uint64_t i = at; i < at + length; i++) {
		const struct sut_patch_reloc *a = reloc_at(k->section[SUT_SIDE_FILE], i);

		if (a) {
			i += (uint64_t)sut_patch_reloc_width(a->type) - 1;
			continue;
		}
		if (k->section[SUT_SIDE_FILE]->data[i] != k->section[SUT_SIDE_EXPECTED]->data[i])
			return false;
	}
	return true;
}

/* Instruction by instruction, as long as they keep step. */
static void explain_code(struct content *k)
{
	uint64_t at = 0, length[SUT_SIDES];

	while (k->found < FINDINGS_MAX) {
		const char *a = insn_text(k, SUT_SIDE_FILE, at, &length[SUT_SIDE_FILE]);
		const char *b = insn_text(k, SUT_SIDE_EXPECTED, at, &length[SUT_SIDE_EXPECTED]);
		bool in_step = length[SUT_SIDE_FILE] == length[SUT_SIDE_EXPECTED];

		if (in_step && !length[SUT_SIDE_FILE])
			return;
		if (!in_step || !same_insn(k, at, length[SUT_SIDE_FILE]))
			find(k,
			     sut_arena_printf(k->c->arena, "instruction at %s+0x%" PRIx64,
					      k->section[SUT_SIDE_FILE]->name, at),
			     a, b);
		else
			explain_references(k, at, length[SUT_SIDE_FILE]);
		if (!in_step)
			return;
		at += length[SUT_SIDE_FILE];
	}
}

static const char *bytes_text(const struct content *k, int side, uint64_t at)
{
	const struct sut_patch_section *section = k->section[side];
	char hex[2 * BYTES_SHOWN + 1];
	size_t count = section->size - at;

	if (count > BYTES_SHOWN)
		count = BYTES_SHOWN;
	return section->data
		       ? sut_arena_strdup(k->c->arena, sut_hex(hex, section->data + at, count))
		       : "zeros";
}

static void explain_data(struct content *k)
{
	const struct sut_patch_section *a = k->section[SUT_SIDE_FILE],
				       *b = k->section[SUT_SIDE_EXPECTED];
	uint64_t size = a->size < b->size ? a->size : b->size;

	for (uint64_t at = 0; at < size && k->found < FINDINGS_MAX; at++) {
		const struct sut_patch_reloc *x = reloc_at(a, at), *y = reloc_at(b, at);

		if (x || y) {
			if (!x || !y || !same_reference(k, x, y, at))
				find_reference(k, at, at);
			if (x)
				at += (uint64_t)sut_patch_reloc_width(x->type) - 1;
		} else if ((a->data ? a->data[at] : 0) != (b->data ? b->data[at] : 0)) {
			find(k, sut_arena_printf(k->c->arena, "data at %s+0x%" PRIx64, a->name, at),
			     bytes_text(k, SUT_SIDE_FILE, at),
			     bytes_text(k, SUT_SIDE_EXPECTED, at));
			return;
		}
	}
}

static const char *shape_text(const struct sut_comparing *c,
			      const struct sut_patch_section *section)
{
	return sut_arena_printf(c->arena, "%" PRIu64 " bytes of %s%s, aligned to %" PRIu64,
				section->size,
				section->flags & SHF_EXECINSTR ? "code"
				: section->flags & SHF_WRITE   ? "variables"
							       : "constants",
				section->data ? "" : ", zeros", section->align);
}

void sut_compare_sections(struct sut_comparing *c, const struct sut_section_pair *pair)
{
	struct content k = {.c = c};
	const char *shape[SUT_SIDES];

	for (int side = 0; side < SUT_SIDES; side++) {
		k.index[side] = pair->section[side];
		k.section[side] = &c->side[side]->sections[pair->section[side]];
		shape[side] = shape_text(c, k.section[side]);
	}
	k.func = c->section_func[SUT_SIDE_FILE][k.index[SUT_SIDE_FILE]];
	if (k.func != SUT_PATCH_NONE && c->funcs[SUT_SIDE_FILE][k.func] == SUT_PATCH_NONE)
		k.func = SUT_PATCH_NONE;
	k.code = (k.section[SUT_SIDE_FILE]->flags & SHF_EXECINSTR) &&
		 k.section[SUT_SIDE_FILE]->data && k.section[SUT_SIDE_EXPECTED]->data;
	if (strcmp(k.section[SUT_SIDE_FILE]->name, k.section[SUT_SIDE_EXPECTED]->name) != 0)
		find(&k, "section", k.section[SUT_SIDE_FILE]->name,
		     k.section[SUT_SIDE_EXPECTED]->name);
	if (strcmp(shape[SUT_SIDE_FILE], shape[SUT_SIDE_EXPECTED]) != 0)
		find(&k, sut_arena_printf(c->arena, "section %s", k.section[SUT_SIDE_FILE]->name),
		     shape[SUT_SIDE_FILE], shape[SUT_SIDE_EXPECTED]);
	if (same_relocs(&k) && same_bytes(k.section[SUT_SIDE_FILE], k.section[SUT_SIDE_EXPECTED]))
		return;
	if (k.code)
		explain_code(&k);
	else
		explain_data(&k);
	if (k.found >= FINDINGS_MAX)
		find(&k, sut_arena_printf(c->arena, "section %s", k.section[SUT_SIDE_FILE]->name),
		     "more differences than are listed", "none");
	if (!k.found)
		find(&k, sut_arena_printf(c->arena, "section %s", k.section[SUT_SIDE_FILE]->name),
		     "other content", "its content");
}

/* ---- pools ---- */

struct element {
	uint32_t object; /* of the file's patch, for both sides */
	const unsigned char *data;
	uint64_t size;
	enum sut_pool_kind kind;
};

static int order_elements(const void *left, const void *right)
{
	const struct element *a = left, *b = right;

	if (a->object != b->object)
		return a->object < b->object ? -1 : 1;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->size != b->size)
		return a->size < b->size ? -1 : 1;
	return memcmp(a->data, b->data, a->size);
}

static struct element *elements_of(struct sut_comparing *c, int side, size_t *count)
{
	const struct sut_patch *patch = c->side[side];
	struct element *list = NULL;
	size_t capacity = 0;

	*count = 0;
	for (size_t i = 0; i < patch->section_count; i++) {
		const struct sut_patch_section *section = &patch->sections[i];
		uint32_t object =
			side == SUT_SIDE_FILE ? section->object : c->objects[side][section->object];

		if (!sut_compare_is_pool(section))
			continue;
		for (uint64_t at = 0; at < section->size;) {
			struct sut_pool_element_at element = sut_pool_element(section, at);
			uint64_t size = element.kind ? element.size : section->size - at;

			SUT_PUSH(c->arena, list, *count, capacity) =
				(struct element){object, section->data + at, size, element.kind};
			at += size;
		}
	}
	if (*count)
		qsort(list, *count, sizeof(*list), order_elements);
	return list;
}

static bool is_padding(const struct element *element)
{
	for (uint64_t i = 0; i < element->size; i++)
		if (element->data[i])
			return false;
	return true;
}

static void find_element(struct sut_comparing *c, int side, const struct element *element)
{
	char hex[2 * BYTES_SHOWN + 1];
	size_t shown = element->size < BYTES_SHOWN ? element->size : BYTES_SHOWN;
	const char *text = element->kind == SUT_POOL_STRINGS
				   ? sut_quoted(c->arena, element->data, element->size, QUOTED_MAX)
				   : sut_arena_strdup(c->arena, sut_hex(hex, element->data, shown));
	bool file = side == SUT_SIDE_FILE;

	/* Zeros between strings that are aligned look like empty strings. */
	if (is_padding(element))
		return;
	sut_compare_find(c, side, SUT_PATCH_NONE, file ? SUT_COMPARED_EXTRA : SUT_COMPARED_MISSING,
			 element->kind == SUT_POOL_STRINGS ? "string" : "constant",
			 file ? text : "", file ? "" : text);
}

/* Sets of elements: how often one occurs is the compiler's business. */
void sut_compare_pools(struct sut_comparing *c)
{
	size_t count[SUT_SIDES], at[SUT_SIDES] = {0};
	struct element *list[SUT_SIDES];

	for (int side = 0; side < SUT_SIDES; side++)
		list[side] = elements_of(c, side, &count[side]);
	while (at[SUT_SIDE_FILE] < count[SUT_SIDE_FILE] ||
	       at[SUT_SIDE_EXPECTED] < count[SUT_SIDE_EXPECTED]) {
		const struct element *a = &list[SUT_SIDE_FILE][at[SUT_SIDE_FILE]];
		const struct element *b = &list[SUT_SIDE_EXPECTED][at[SUT_SIDE_EXPECTED]];
		int order = at[SUT_SIDE_FILE] == count[SUT_SIDE_FILE] ? 1
			    : at[SUT_SIDE_EXPECTED] == count[SUT_SIDE_EXPECTED]
				    ? -1
				    : order_elements(a, b);
		const struct element *least = order > 0 ? b : a;

		if (order)
			find_element(c, order > 0 ? SUT_SIDE_EXPECTED : SUT_SIDE_FILE, least);
		for (int side = 0; side < SUT_SIDES; side++)
			while (at[side] < count[side] &&
			       order_elements(&list[side][at[side]], least) == 0)
				at[side]++;
	}
}
