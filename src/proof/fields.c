// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a relocated field of the target tells: the address that the linker put there, or the slot
 * that the loader fills, is that of what the object's relocation refers to.
 */
#include "proof/match.h"

#include <elf.h>
#include <string.h>

const char sut_match_unknown[] = "it has a relocation of an unknown type";

static bool differs(struct sut_match *match, const char *reason)
{
	match->reason = reason;
	return false;
}

/* The linker, and the compiler's choice of sections, put such constants anywhere. */
static bool is_told_by_content(const struct sut_section *section)
{
	return sut_section_is_merged(section) || sut_section_is_pool(section);
}

static bool same_content(const struct sut_match *match, const struct sut_place *place,
			 uint64_t destination)
{
	const struct sut_section *section = &match->object->sections[place->section];
	const unsigned char *bytes;

	if (place->element < 0)
		return false;
	uint64_t size = sut_section_is_merged(section)
				? sut_section_element(section, place->element)
				: sut_section_piece(section, place->element);

	destination -= (uint64_t)(place->offset - place->element);
	bytes = sut_target_bytes(match->target, destination, size);
	return size && bytes && !memcmp(bytes, section->data + place->element, size);
}

/* A label within a function: how far from its start depends on the lengths of jumps. */
static bool is_interior(const struct sut_match *match, const struct sut_place *place)
{
	return place->section && place->def != SUT_NO_DEF && place->delta && place->exact &&
	       sut_def_is_function(&match->object->defs[place->def]);
}

static const char no_slot[] = "it uses a slot that is none";

bool sut_match_bind(struct sut_match *match, const struct sut_place *place, uint64_t destination)
{
	const struct sut_symbol *symbol = &match->object->symbols[place->symbol];
	struct sut_binding binding;

	if (symbol->absolute)
		return true;
	if (symbol->type != STT_SECTION && symbol->type != STT_TLS) {
		const struct sut_target_reloc *stub = sut_target_stub(match->target, destination);

		/* For a symbol of its own, that is how a shared object lets others interpose. */
		if (stub && place->section && !strcmp(stub->name, symbol->name))
			return true;
		if (stub && *stub->name && strcmp(stub->name, symbol->name) != 0)
			return differs(match, "it calls another function");
	}
	if (place->section && is_told_by_content(&match->object->sections[place->section])) {
		if (!same_content(match, place, destination))
			return differs(match, "a string or constant has another content");
		match->elements++;
		return true;
	}
	if (symbol->type == STT_GNU_IFUNC && place->section) {
		const struct sut_target_reloc *stub = sut_target_stub(match->target, destination);

		/* What its resolver chooses is called through a stub. */
		if (stub && stub->type == R_X86_64_IRELATIVE)
			destination = stub->addend;
	}
	binding = (struct sut_binding){
		.kind = place->section ? SUT_BINDING_SECTION : SUT_BINDING_SYMBOL,
		.index = place->section ? place->section : place->symbol,
		.address = destination - place->offset,
	};
	if (is_interior(match, place))
		binding = (struct sut_binding){
			.kind = SUT_BINDING_INTERIOR,
			.index = place->def,
			.delta = place->delta,
			.address = destination,
		};
	SUT_PUSH(match->arena, match->bindings, match->binding_count, match->binding_capacity) =
		binding;
	return true;
}

static bool is_tls(uint32_t type)
{
	return type == R_X86_64_TPOFF64 || type == R_X86_64_DTPMOD64 || type == R_X86_64_TLSDESC;
}

/* Of the slot that a relocation of this type leads to. */
static uint32_t slot_kind(uint32_t type)
{
	switch (type) {
	case R_X86_64_GOTTPOFF:
		return R_X86_64_TPOFF64;
	case R_X86_64_TLSGD:
		return R_X86_64_DTPMOD64;
	case R_X86_64_GOTPC32_TLSDESC:
		return R_X86_64_TLSDESC;
	default:
		return 0;
	}
}

/* The slot's relocation has the symbol's name. */
static bool same_name(struct sut_match *match, const struct sut_target_reloc *reloc,
		      const struct sut_symbol *symbol)
{
	return !strcmp(reloc->name, symbol->name) ? true : differs(match, "it uses another symbol");
}

bool sut_match_slot(struct sut_match *match, const struct sut_place *place, uint64_t slot,
		    uint32_t kind)
{
	const struct sut_symbol *symbol = &match->object->symbols[place->symbol];
	const struct sut_target_reloc *reloc = sut_target_reloc_at(match->target, slot);
	uint64_t value;

	if (slot % sizeof(value) || (reloc && is_tls(reloc->type) ? reloc->type : 0) != kind)
		return differs(match, no_slot);
	if (reloc && *reloc->name)
		return same_name(match, reloc, symbol);
	if (kind == R_X86_64_TPOFF64 || kind == R_X86_64_TLSDESC)
		return sut_match_bind(match, place, reloc->addend);
	if (kind == R_X86_64_DTPMOD64)
		return sut_target_pointer(match->target, slot + sizeof(value), &value)
			       ? sut_match_bind(match, place, value)
			       : differs(match, no_slot);
	if (reloc && reloc->type == R_X86_64_IRELATIVE)
		return sut_match_bind(match, place, reloc->addend);
	if (!sut_target_pointer(match->target, slot, &value))
		return differs(match, no_slot);
	/* A weak symbol that nobody defines. */
	if (!value && symbol->bind == STB_WEAK && !symbol->section)
		return !sut_target_slot(match->target, symbol->name) ? true
								     : differs(match, no_slot);
	return sut_match_bind(match, place, value);
}

/* The pair of slots says nothing but which object's block it is. */
static bool match_module(struct sut_match *match, uint64_t slot)
{
	const struct sut_target_reloc *reloc = sut_target_reloc_at(match->target, slot);
	uint64_t offset;

	return reloc && reloc->type == R_X86_64_DTPMOD64 && !*reloc->name &&
			       sut_target_pointer(match->target, slot + sizeof(offset), &offset) &&
			       !offset
		       ? true
		       : differs(match, no_slot);
}

static uint64_t read_field(const unsigned char *field, unsigned int size)
{
	uint64_t wide;
	uint32_t word;

	if (size == sizeof(wide)) {
		memcpy(&wide, field, sizeof(wide));
		return wide;
	}
	memcpy(&word, field, sizeof(word));
	return word;
}

bool sut_match_field(struct sut_match *match, const struct sut_section *section,
		     const struct sut_reloc *reloc, const unsigned char *field, uint64_t address)
{
	struct sut_place place = sut_object_place(match->object, section, reloc);
	unsigned int size = sut_reloc_size(reloc->type);
	uint64_t value, end = section->flags & SHF_EXECINSTR ? size + reloc->trail : 0;

	if (reloc->type == R_X86_64_TLSDESC_CALL)
		return true;
	if (size < 4)
		return differs(match, sut_match_unknown);
	value = read_field(field, size);
	switch (reloc->type) {
	case R_X86_64_PC32:
	case R_X86_64_PLT32:
		return sut_match_bind(match, &place, address + end + (int64_t)(int32_t)value);
	case R_X86_64_PC64:
		return sut_match_bind(match, &place, address + end + value);
	case R_X86_64_32:
		return sut_match_bind(match, &place, value);
	case R_X86_64_32S:
	case R_X86_64_TPOFF32:
	case R_X86_64_DTPOFF32:
		return sut_match_bind(match, &place, (int64_t)(int32_t)value);
	case R_X86_64_GOTPCREL:
	case R_X86_64_GOTPCRELX:
	case R_X86_64_REX_GOTPCRELX:
	case R_X86_64_GOTTPOFF:
	case R_X86_64_TLSGD:
	case R_X86_64_GOTPC32_TLSDESC:
		return sut_match_slot(match, &place, address + end + (int64_t)(int32_t)value,
				      slot_kind(reloc->type));
	case R_X86_64_TLSLD:
		return match_module(match, address + end + (int64_t)(int32_t)value);
	case R_X86_64_64:
		return sut_match_bind(match, &place, value);
	default:
		return differs(match, sut_match_unknown);
	}
}
