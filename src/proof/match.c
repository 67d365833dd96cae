// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two decoders walk in step over the object's code (here) and the target's (there). Padding is
 * skipped on both sides. A step is kept for each pair of instructions, so that at the end a jump
 * within the function can be checked: it leads to instructions of the same step.
 */
#include "proof/match.h"
#include "base/search.h"

#include <elf.h>
#include <string.h>

struct jump {
	uint32_t from, here; /* offsets in the object's function: of the jump, of its target */
	uint64_t there;      /* address in the target */
};

struct walk {
	struct sut_match *match;
	const struct sut_section *section;
	const struct sut_def *def;
	uint64_t address;
	const unsigned char *here_code, *there_code;
	size_t here, there;           /* offsets of the walk */
	size_t here_size, there_size; /* the definition; the rest of the target's segment */
	size_t reloc;                 /* next one of the section */
	struct sut_insn here_insn, there_insn;
	struct sut_match_steps steps;
	size_t jump_count, jump_capacity;
	struct jump *jumps;
};

static bool differs(struct sut_match *match, const char *reason)
{
	match->reason = reason;
	return false;
}

/* nop of any length, as assemblers pad with it; pause is none. */
static bool is_padding(const unsigned char *code, size_t length)
{
	size_t i = 0;

	while (i < length && (code[i] == 0x66 || code[i] == 0x2e))
		i++;
	return (i + 1 == length && code[i] == 0x90) ||
	       (i + 2 < length && code[i] == 0x0f && code[i + 1] == 0x1f);
}

/* Decodes what comes next, behind padding. */
static bool decode_next(const unsigned char *code, size_t size, size_t *at, struct sut_insn *insn)
{
	while (*at < size) {
		if (!sut_insn_decode(code + *at, size - *at, *at, insn))
			return false;
		if (!is_padding(code + *at, insn->length))
			return true;
		*at += insn->length;
	}
	return false;
}

/* The condition of a jump, whatever its encoding: 0-15; others by their opcode. */
static unsigned int condition(const unsigned char *code, size_t length)
{
	size_t i = 0;

	while (i + 1 < length && (code[i] == 0xf2 || code[i] == 0x2e || code[i] == 0x3e))
		i++;
	if (code[i] == 0x0f && i + 1 < length)
		return code[i + 1] & 0xf;
	return code[i] >= 0x70 && code[i] <= 0x7f ? code[i] & 0xfu : code[i];
}

static bool is_direct(const struct sut_insn *insn)
{
	return insn->kind == SUT_INSN_JUMP || insn->kind == SUT_INSN_BRANCH ||
	       insn->kind == SUT_INSN_CALL;
}

static bool same_kind(const struct walk *walk)
{
	if (!is_direct(&walk->there_insn) || walk->here_insn.kind != walk->there_insn.kind)
		return false;
	return walk->here_insn.kind != SUT_INSN_BRANCH ||
	       condition(walk->here_code + walk->here, walk->here_insn.length) ==
		       condition(walk->there_code + walk->there, walk->there_insn.length);
}

/* Direct jumps and calls: by target. */
static bool match_branch(struct walk *walk, const struct sut_reloc *reloc)
{
	struct sut_match *match = walk->match;
	uint64_t target = walk->address + walk->there_insn.target;

	if (!same_kind(walk))
		return differs(match, "it has other instructions");
	if (reloc) {
		struct sut_place place = sut_object_place(match->object, walk->section, reloc);

		return sut_match_bind(match, &place, target);
	}
	if (walk->here_insn.target >= walk->here_size) /* the neighbour in the same section */
		return target == walk->address + walk->here_insn.target
			       ? true
			       : differs(match, "it jumps to another place");
	SUT_PUSH(match->arena, walk->jumps, walk->jump_count, walk->jump_capacity) =
		(struct jump){walk->here, walk->here_insn.target, target};
	return true;
}

/* All bytes but the relocated fields. */
static bool same_bytes(const struct walk *walk, size_t reloc_count)
{
	const unsigned char *here = walk->here_code + walk->here;
	const unsigned char *there = walk->there_code + walk->there;
	size_t at = 0, length = walk->here_insn.length;

	if (length != walk->there_insn.length)
		return false;
	for (size_t i = 0; i <= reloc_count; i++) {
		size_t end = length, next = length;

		if (i < reloc_count) {
			const struct sut_reloc *reloc = &walk->section->relocs[walk->reloc + i];

			end = reloc->offset - walk->def->offset - walk->here;
			next = end + sut_reloc_size(reloc->type);
		}
		if (end < at || next > length || memcmp(here + at, there + at, end - at) != 0)
			return false;
		at = next;
	}
	return true;
}

static bool match_relocated(struct walk *walk, size_t reloc_count)
{
	const struct sut_reloc *reloc = &walk->section->relocs[walk->reloc];
	size_t at = reloc->offset - walk->def->offset - walk->here;
	struct sut_relaxed relaxed;

	if (same_bytes(walk, reloc_count)) {
		for (size_t i = 0; i < reloc_count; i++, reloc++) {
			size_t field = walk->there + reloc->offset - walk->def->offset - walk->here;

			if (!sut_match_field(walk->match, walk->section, reloc,
					     walk->there_code + field, walk->address + field))
				return false;
		}
		walk->here += walk->here_insn.length;
		walk->there += walk->there_insn.length;
		walk->reloc += reloc_count;
		return true;
	}
	if (!sut_match_relaxed(walk->match, walk->section, reloc, walk->here_code + walk->here,
			       walk->here_size - walk->here, at, walk->there_code + walk->there,
			       walk->there_size - walk->there, walk->address + walk->there,
			       &relaxed))
		return false;
	walk->here += relaxed.here;
	walk->there += relaxed.there;
	walk->reloc += relaxed.relocs;
	return true;
}

static bool match_insn(struct walk *walk)
{
	const struct sut_section *section = walk->section;
	uint64_t end = walk->def->offset + walk->here + walk->here_insn.length;
	size_t relocs = 0;

	while (walk->reloc + relocs < section->reloc_count &&
	       section->relocs[walk->reloc + relocs].offset < end)
		relocs++;
	SUT_PUSH(walk->match->arena, walk->steps.steps, walk->steps.count, walk->steps.capacity) =
		(struct sut_match_step){walk->here, walk->there};
	if (is_direct(&walk->here_insn) && relocs <= 1) {
		if (!match_branch(walk, relocs ? &section->relocs[walk->reloc] : NULL))
			return false;
		walk->here += walk->here_insn.length;
		walk->there += walk->there_insn.length;
		walk->reloc += relocs;
		return true;
	}
	if (relocs)
		return match_relocated(walk, relocs);
	if (!same_bytes(walk, 0))
		return differs(walk->match, "it has other instructions");
	walk->here += walk->here_insn.length;
	walk->there += walk->there_insn.length;
	return true;
}

/* The first step at or behind the offset on either side. */
static size_t step_at(const struct sut_match_steps *steps, uint64_t offset, bool there)
{
	return SUT_LOWER_BOUND(0, steps->count, at,
			       (there ? steps->steps[at].there : steps->steps[at].here) < offset);
}

bool sut_match_same_place(const struct sut_match_steps *steps, uint64_t here, uint64_t there)
{
	size_t one = step_at(steps, here, false), other = step_at(steps, there, true);

	if (one == steps->count || other == steps->count)
		return one == other;
	return steps->steps[one].here == steps->steps[other].here &&
	       steps->steps[other].there == there;
}

/* Decodes the target's next instruction; what is skipped before it means the same place. */
static bool decode_there(struct walk *walk)
{
	size_t at = walk->there;

	if (!decode_next(walk->there_code, walk->there_size, &walk->there, &walk->there_insn))
		return false;
	while (at < walk->there) {
		struct sut_insn padding;

		SUT_PUSH(walk->match->arena, walk->steps.steps, walk->steps.count,
			 walk->steps.capacity) = (struct sut_match_step){walk->here, at};
		if (!sut_insn_decode(walk->there_code + at, walk->there_size - at, at, &padding))
			return false;
		at += padding.length;
	}
	return true;
}

static bool match_jumps(struct walk *walk)
{
	for (size_t i = 0; i < walk->jump_count; i++) {
		const struct jump *jump = &walk->jumps[i];

		if (jump->there < walk->address ||
		    !sut_match_same_place(&walk->steps, jump->here, jump->there - walk->address)) {
			walk->match->offset = jump->from;
			return differs(walk->match, "it jumps to another place");
		}
	}
	return true;
}

bool sut_match_function(struct sut_match *match, const struct sut_def *def, uint64_t address)
{
	const struct sut_target_segment *segment = sut_target_code(match->target, address);
	struct walk walk = {.match = match, .def = def, .address = address};
	size_t end = 0;

	match->binding_count = 0;
	match->elements = 0;
	match->offset = 0;
	walk.section = &match->object->sections[def->section];
	if (!segment || !walk.section->data)
		return differs(match, "there is no code at its address");
	walk.here_code = walk.section->data + def->offset;
	walk.here_size = def->size;
	walk.there_code = segment->data + (address - segment->address);
	walk.there_size = segment->file_size - (address - segment->address);
	walk.reloc = sut_section_reloc(walk.section, def->offset);
	while (decode_next(walk.here_code, walk.here_size, &walk.here, &walk.here_insn)) {
		match->offset = walk.here;
		if (!decode_there(&walk))
			return differs(match, "the target's bytes are no instructions");
		if (!match_insn(&walk))
			return false;
		end = walk.there;
	}
	if (walk.here < walk.here_size)
		return differs(match, "its bytes are no instructions");
	match->size = end;
	match->steps = walk.steps;
	return match_jumps(&walk);
}

/* A pointer in data: what the loader makes of the dynamic relocation that the linker left. */
static bool match_pointer(struct sut_match *match, const struct sut_section *section,
			  const struct sut_reloc *reloc, uint64_t address)
{
	struct sut_place place = sut_object_place(match->object, section, reloc);
	const struct sut_target_reloc *dynamic = sut_target_reloc_at(match->target, address);
	uint64_t value;

	if (dynamic && *dynamic->name)
		return !strcmp(dynamic->name, match->object->symbols[reloc->symbol].name)
			       ? true
			       : differs(match, "a pointer leads to another symbol");
	if (dynamic && dynamic->type == R_X86_64_IRELATIVE)
		return true;
	if (!sut_target_pointer(match->target, address, &value))
		return differs(match, "it has a pointer where the target has none");
	if (!value && !place.section)
		return true;
	return sut_match_bind(match, &place, value);
}

/* An entry of a table: the distance from the table's start. */
static bool match_entry(struct sut_match *match, const struct sut_section *section,
			const struct sut_reloc *reloc, const unsigned char *field, uint64_t address)
{
	struct sut_place place = sut_object_place(match->object, section, reloc);
	int32_t distance;

	memcpy(&distance, field, sizeof(distance));
	return sut_match_bind(match, &place, address - (reloc->offset - reloc->table) + distance);
}

static bool match_field(struct sut_match *match, const struct sut_section *section,
			const struct sut_reloc *reloc, const unsigned char *field, uint64_t address)
{
	if (reloc->type == R_X86_64_64)
		return match_pointer(match, section, reloc, address);
	if (reloc->type == R_X86_64_PC32 && reloc->table != SUT_NO_TABLE)
		return match_entry(match, section, reloc, field, address);
	return sut_match_field(match, section, reloc, field, address);
}

bool sut_match_data(struct sut_match *match, const struct sut_section *section, uint64_t address)
{
	const unsigned char *bytes = sut_target_bytes(match->target, address, section->size);
	uint64_t at = 0;

	match->binding_count = 0;
	match->elements = 0;
	match->offset = 0;
	if (!bytes)
		return differs(match, "the target has no data at its address");
	for (size_t i = 0; i <= section->reloc_count; i++) {
		uint64_t end = i < section->reloc_count ? section->relocs[i].offset : section->size;

		match->offset = at;
		if (end < at || memcmp(bytes + at, section->data + at, end - at) != 0)
			return differs(match, "its content is another");
		if (i == section->reloc_count)
			break;
		match->offset = end;
		if (!match_field(match, section, &section->relocs[i], bytes + end, address + end))
			return false;
		at = end + sut_reloc_size(section->relocs[i].type);
	}
	return true;
}
