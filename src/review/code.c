// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Old and new code are put into the same words, so that instructions that mean the same read the
 * same: references by name, jumps within the function by the line that they lead to. What is left
 * over is what the change did.
 */
#include "review/code.h"
#include "base/search.h"
#include "review/listing.h"

#include "base/io.h"
#include "insn/insn.h"

#include <elf.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { LINES_MAX = 1 << 17, TEXT_MAX = 512, REFERENCES_MAX = 4096 /* of a function */ };

struct reader {
	struct sut_arena *arena;
	const struct sut_patch *patch;
	const struct sut_names *names; /* NULL: the new code is read */
	bool fixed;                    /* the old code lies at a fixed address */
	uint64_t least, most;          /* ... of these */
	size_t piece_count;
	struct sut_code_piece *pieces;
	size_t count, capacity;
	struct sut_code_line *lines;
	/* The line that is being made: */
	const struct sut_code_piece *piece;
	struct sut_insn insn;
	const unsigned char *bytes;
	bool masked;  /* places within the function are not named */
	bool relaxed; /* a load from the GOT that the linker makes a lea, where it can */
	const struct sut_target *target;
	struct sut_code_data data;
	uint64_t *leads; /* per line: where in the function, or NOWHERE */
	size_t leads_capacity;
	uint64_t lead;
};

/* A place in a function: the piece in the upper half, an offset in the lower one. */
static const uint64_t NOWHERE = UINT64_MAX;

static uint64_t place(uint32_t piece, uint64_t offset)
{
	return (uint64_t)piece << 32 | (uint32_t)offset;
}

/* section NULL: the address is one of the target. */
static uint64_t place_of(const struct sut_code_piece *pieces, size_t count,
			 const struct sut_patch_section *section, uint64_t address)
{
	for (uint32_t i = 0; i < count; i++)
		if (pieces[i].section == section && address - pieces[i].address < pieces[i].size)
			return place(i, address - pieces[i].address);
	return NOWHERE;
}

static const char *place_text(struct reader *r, uint64_t where)
{
	const struct sut_code_piece *piece = &r->pieces[where >> 32];

	r->lead = where;
	if (r->masked)
		return "@";
	if (!(uint32_t)where)
		return piece->name;
	return sut_arena_printf(r->arena, "%s+0x%" PRIx32, piece->name, (uint32_t)where);
}

/* ---- the new code ---- */

static uint64_t new_place(const struct reader *r, const struct sut_patch_section *section,
			  uint64_t offset)
{
	return place_of(r->pieces, r->piece_count, section, offset);
}

static bool is_direct(const struct sut_insn *insn)
{
	return insn->kind == SUT_INSN_JUMP || insn->kind == SUT_INSN_BRANCH ||
	       insn->kind == SUT_INSN_CALL;
}

/* The next place of a section that the function refers to, or its end: where a table ends. */
static uint64_t next_reference(const struct reader *r, const struct sut_patch_section *section,
			       uint64_t at)
{
	uint64_t next = section->size;

	for (size_t i = 0; i < r->piece_count; i++) {
		const struct sut_code_piece *piece = &r->pieces[i];
		const struct sut_extent extent = {piece->section, piece->address,
						  piece->address + piece->size};
		size_t count;
		const struct sut_patch_reloc *relocs = sut_extent_relocs(&extent, &count);

		for (size_t k = 0; k < count && k < REFERENCES_MAX; k++) {
			const struct sut_patch_symbol *symbol =
				&r->patch->symbols[relocs[k].symbol];
			uint64_t place =
				symbol->value + sut_reloc_delta(&relocs[k], relocs[k].offset + 4);

			if (symbol->kind == SUT_PATCH_SYMBOL_OWN &&
			    &r->patch->sections[symbol->section] == section && place > at &&
			    place < next)
				next = place;
		}
	}
	return next;
}

/* Constants have no name of their own, or one that a stripped target does not have. */
static bool take_constant(struct reader *r, const struct sut_patch_reloc *reloc, uint64_t end)
{
	const struct sut_patch_symbol *symbol = &r->patch->symbols[reloc->symbol];
	const struct sut_patch_section *section = &r->patch->sections[symbol->section];
	uint64_t at = symbol->value + sut_reloc_delta(reloc, end);
	struct sut_pool_element_at element = sut_pool_element(section, at);
	uint64_t to = element.offset + element.size;

	if (section->flags & (SHF_WRITE | SHF_EXECINSTR) || !section->data || at >= section->size ||
	    element.kind == SUT_POOL_STRINGS)
		return false;
	if (!element.kind)
		to = next_reference(r, section, at);
	r->data = (struct sut_code_data){section->data + at, to - at, at, section};
	return true;
}

static const char *new_name(struct reader *r, unsigned int field)
{
	const struct sut_extent extent = {r->piece->section, r->insn.address + field,
					  r->insn.address + field + 1};
	uint64_t end = r->insn.address + r->insn.length, where;
	size_t count;
	const struct sut_patch_reloc *reloc = sut_extent_relocs(&extent, &count);
	const struct sut_patch_symbol *symbol;

	if (!count) {
		where = is_direct(&r->insn) ? new_place(r, r->piece->section, r->insn.target)
					    : NOWHERE;
		return where == NOWHERE ? NULL : place_text(r, where);
	}
	symbol = &r->patch->symbols[reloc->symbol];
	if (is_direct(&r->insn) && symbol->kind == SUT_PATCH_SYMBOL_OWN) {
		where = new_place(r, &r->patch->sections[symbol->section],
				  symbol->value + sut_reloc_delta(reloc, end));
		if (where != NOWHERE)
			return place_text(r, where);
	}
	if (symbol->kind == SUT_PATCH_SYMBOL_OWN && take_constant(r, reloc, end) && r->masked)
		return "?";
	r->relaxed = symbol->kind == SUT_PATCH_SYMBOL_TARGET &&
		     (reloc->type == R_X86_64_GOTPCRELX || reloc->type == R_X86_64_REX_GOTPCRELX);
	return sut_reloc_text(r->arena, r->patch, reloc, end);
}

/* ---- the old code ---- */

/* lea: the instruction takes the address, and reads nothing there. */
static bool takes_address(const struct reader *r)
{
	return r->insn.displacement >= 2 && r->bytes[r->insn.displacement - 2] == 0x8d;
}

/* The bytes that the file has at an address that nobody writes to. */
static struct sut_code_data constants_at(const struct sut_target *target, uint64_t address)
{
	for (size_t i = 0; i < target->segment_count; i++) {
		const struct sut_target_segment *segment = &target->segments[i];
		uint64_t offset = address - segment->address;

		if (!segment->writable && !segment->executable && address >= segment->address &&
		    offset < segment->file_size)
			return (struct sut_code_data){
				.bytes = segment->data + offset,
				.size = segment->file_size - offset,
				.address = address,
			};
	}
	return (struct sut_code_data){0};
}

static const char *old_memory_name(struct reader *r)
{
	const char *name = sut_names_at(r->arena, r->names, r->insn.memory, takes_address(r));

	/* What the patch refers to by name is no copy. */
	if (!name || (*name != '"' && !sut_names_patch_has(r->names, r->insn.memory)))
		r->data = constants_at(r->target, r->insn.memory);
	return r->data.bytes && r->masked ? "?" : name;
}

static const char *old_name(struct reader *r, unsigned int field)
{
	const struct sut_insn *insn = &r->insn;
	uint64_t address;
	int32_t value;

	if (is_direct(insn)) {
		for (uint32_t i = 0; i < r->piece_count; i++)
			if (insn->target - r->pieces[i].address < r->pieces[i].size)
				return place_text(r, place(i, insn->target - r->pieces[i].address));
		return sut_names_at(r->arena, r->names, insn->target, false);
	}
	if (insn->rip_relative && field == insn->displacement)
		return old_memory_name(r);
	/* A number may be an address where the file lies at a fixed one. */
	if (!r->fixed || insn->length - field < sizeof(value))
		return NULL;
	memcpy(&value, r->bytes + field, sizeof(value));
	address = (uint64_t)(int64_t)value;
	return address >= r->least && address < r->most
		       ? sut_names_at(r->arena, r->names, address, true)
		       : NULL;
}

/* ---- both ---- */

static const char *field_name(void *context, unsigned int field)
{
	struct reader *r = context;

	if (!field)
		return NULL;
	return r->names ? old_name(r, field) : new_name(r, field);
}

static const char *format(struct reader *r, size_t left, bool masked)
{
	char text[TEXT_MAX];

	r->masked = masked;
	if (!sut_insn_format(r->bytes, left, r->insn.address, text, sizeof(text), field_name, r))
		return sut_arena_printf(r->arena, "(bad) 0x%02x", *r->bytes);
	return sut_arena_strdup(r->arena, text);
}

/* Filling has no meaning, and its length depends on what is around it. */
static bool is_filling(const char *text)
{
	return strncmp(text, "nop", 3) == 0 || strstr(text, " nop") != NULL;
}

/* "mov shelf@GOT(%rip), %rcx" in the words of what it has become in the target. */
static const char *relaxed_key(struct reader *r, const char *text)
{
	const char *got = strstr(text, "@GOT(%rip)");

	if (strncmp(text, "mov ", 4) != 0 || !got)
		return text;
	return sut_arena_printf(r->arena, "lea %.*s%s", (int)(got - text - 4), text + 4, got + 4);
}

static void add_line(struct reader *r, struct sut_code_line line)
{
	size_t count = r->count;

	SUT_PUSH(r->arena, r->lines, r->count, r->capacity) = line;
	SUT_PUSH(r->arena, r->leads, count, r->leads_capacity) = r->lead;
}

static void read_piece(struct reader *r, uint32_t index)
{
	struct sut_code_piece *piece = &r->pieces[index];

	r->piece = piece;
	r->lead = NOWHERE;
	piece->first = (uint32_t)r->count;
	if (index)
		add_line(r, (struct sut_code_line){.piece = index,
						   .text = piece->name,
						   .key = sut_arena_printf(r->arena, "piece %u",
									   index),
						   .label = true});
	for (uint64_t at = 0; at < piece->size && r->count < LINES_MAX; at += r->insn.length) {
		struct sut_code_line line = {.piece = index, .offset = at};
		size_t left = piece->size - at;

		r->bytes = piece->code + at;
		r->lead = NOWHERE;
		r->relaxed = false;
		r->data = (struct sut_code_data){0};
		if (!sut_insn_decode(r->bytes, left, piece->address + at, &r->insn))
			r->insn = (struct sut_insn){.length = 1, .address = piece->address + at};
		line.text = line.key = format(r, left, false);
		line.data = r->data;
		if (r->lead != NOWHERE || r->data.bytes)
			line.key = format(r, left, true);
		else if (r->relaxed)
			line.key = relaxed_key(r, line.text);
		if (is_filling(line.text))
			line.key = "nop";
		add_line(r, line);
	}
}

static bool is_before(const struct sut_code_line *line, uint32_t piece, uint32_t offset)
{
	return line->piece < piece ||
	       (line->piece == piece && (line->label || line->offset < offset));
}

/* The line of a place, if an instruction begins there. */
static uint32_t line_at(const struct sut_code *code, uint64_t where)
{
	uint32_t piece = (uint32_t)(where >> 32);
	size_t low = SUT_LOWER_BOUND(code->pieces[piece].first, code->count, at,
				     is_before(&code->lines[at], piece, (uint32_t)where));

	if (low < code->count && code->lines[low].piece == piece &&
	    code->lines[low].offset == (uint32_t)where)
		return (uint32_t)low;
	return SUT_CODE_NONE;
}

uint32_t sut_code_line_of(const struct sut_code *code, const struct sut_patch_section *section,
			  uint64_t address)
{
	uint64_t where = place_of(code->pieces, code->piece_count, section, address);

	return where == NOWHERE ? SUT_CODE_NONE : line_at(code, where);
}

static struct sut_code read_pieces(struct reader *r)
{
	for (uint32_t i = 0; i < r->piece_count; i++)
		read_piece(r, i);
	struct sut_code code = {r->count, r->lines, r->piece_count, r->pieces, r->patch};

	if (r->count >= LINES_MAX)
		return (struct sut_code){0};
	for (size_t i = 0; i < r->count; i++)
		r->lines[i].target =
			r->leads[i] == NOWHERE ? SUT_CODE_NONE : line_at(&code, r->leads[i]);
	return code;
}

static struct sut_code_piece new_piece(const struct sut_patch *patch, uint32_t symbol)
{
	struct sut_extent extent = sut_extent_of(patch, symbol);

	return (struct sut_code_piece){
		.name = sut_symbol_name(patch, &patch->symbols[symbol]),
		.code = extent.section->data + extent.start,
		.size = extent.end - extent.start,
		.address = extent.start,
		.section = extent.section,
	};
}

struct sut_code sut_code_new(struct sut_arena *arena, const struct sut_patch *patch,
			     const struct sut_patch_func *func)
{
	struct reader r = {.arena = arena,
			   .patch = patch,
			   .piece_count = 1 + func->new_piece_count};

	r.pieces = sut_arena_array(arena, r.piece_count, sizeof(*r.pieces));
	r.pieces[0] = new_piece(patch, func->symbol);
	for (size_t i = 0; i < func->new_piece_count; i++)
		r.pieces[i + 1] = new_piece(patch, func->new_pieces[i]);
	return read_pieces(&r);
}

/* The compiler names the further pieces of both versions alike. */
static const char *old_piece_name(struct sut_arena *arena, const struct sut_patch *patch,
				  const struct sut_patch_func *func, size_t i)
{
	if (!i)
		return func->name;
	if (i <= func->new_piece_count)
		return sut_symbol_name(patch, &patch->symbols[func->new_pieces[i - 1]]);
	return sut_arena_printf(arena, "%s.cold", func->name);
}

struct sut_code sut_code_old(struct sut_arena *arena, const struct sut_names *names,
			     const struct sut_target *target, const struct sut_patch *patch,
			     const struct sut_patch_func *func)
{
	struct reader r = {.arena = arena,
			   .patch = patch,
			   .names = names,
			   .target = target,
			   .least = UINT64_MAX,
			   .piece_count = func->piece_count};

	for (size_t i = 0; i < target->segment_count; i++) {
		const struct sut_target_segment *segment = &target->segments[i];

		if (segment->address < r.least)
			r.least = segment->address;
		if (segment->address + segment->size > r.most)
			r.most = segment->address + segment->size;
	}
	r.fixed = r.least > 0;
	r.pieces = sut_arena_array(arena, r.piece_count, sizeof(*r.pieces));
	for (size_t i = 0; i < r.piece_count; i++)
		r.pieces[i] = (struct sut_code_piece){
			.name = old_piece_name(arena, patch, func, i),
			.code = sut_target_bytes(target, func->pieces[i].address,
						 func->pieces[i].size),
			.size = func->pieces[i].size,
			.address = func->pieces[i].address,
		};
	return read_pieces(&r);
}
