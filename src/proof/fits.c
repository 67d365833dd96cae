// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Whether a name can lie where a match of code says. Without this the first reference to a variable
 * would be believed whatever it says, and nobody may contradict it: new code would then use the
 * memory of something else.
 *
 * A symbol table knows, and so do the slots that the loader fills by name. For private names of a
 * stripped target only the kind of memory and its alignment speak.
 */
#include "proof/search.h"

#include <elf.h>
#include <string.h>

static const struct sut_target_segment *find_segment(const struct sut_target *target,
						     uint64_t address, uint64_t size)
{
	for (size_t i = 0; i < target->segment_count; i++) {
		const struct sut_target_segment *segment = &target->segments[i];

		if (address >= segment->address && size <= segment->size &&
		    address - segment->address <= segment->size - size)
			return segment;
	}
	return NULL;
}

static bool in_tls(const struct sut_target *target, uint64_t address)
{
	return address - sut_target_tls_offset(target, 0) < target->tls_size;
}

/* The stub that calls what the resolver at the address chooses. */
static bool is_resolved_stub(const struct sut_target *target, uint64_t stub, uint64_t resolver)
{
	const struct sut_target_reloc *reloc = sut_target_stub(target, stub);

	return reloc && reloc->type == R_X86_64_IRELATIVE && (uint64_t)reloc->addend == resolver;
}

/* What the target's symbols of a name say about an address. */
enum say { SAY_NOTHING, SAY_YES, SAY_NO };

/*
 * Of private ones, or of those that other units see: the linker makes hidden ones local, of no
 * file.
 */
static enum say ask_symbols(const struct sut_target *target, const char *name, bool local,
			    uint64_t address)
{
	size_t count;
	const struct sut_target_symbol *symbols = sut_target_find(target, name, &count);
	enum say say = SAY_NOTHING;

	for (size_t i = 0; i < count; i++) {
		const struct sut_target_symbol *symbol = &symbols[i];
		uint64_t value = symbol->address;

		if (local ? !symbol->local : symbol->local && *symbol->file)
			continue;
		if (symbol->type == STT_TLS)
			value = sut_target_tls_offset(target, value);
		if (value == address ||
		    (symbol->type == STT_GNU_IFUNC && is_resolved_stub(target, address, value)))
			return SAY_YES;
		say = SAY_NO;
	}
	return say;
}

/* A symbol of another unit or another object. */
static bool symbol_fits(const struct sut_target *target, const struct sut_symbol *symbol,
			uint64_t address)
{
	const struct sut_target_reloc *stub = sut_target_stub(target, address);

	if (symbol->absolute || (!address && symbol->bind == STB_WEAK))
		return true;
	if (stub && !strcmp(stub->name, symbol->name))
		return true;
	enum say say = ask_symbols(target, symbol->name, false, address);

	if (say != SAY_NOTHING)
		return say == SAY_YES;
	if (sut_target_slot(target, symbol->name))
		return false;
	return symbol->type == STT_TLS ? in_tls(target, address)
				       : !!find_segment(target, address, 1);
}

/* Another variable of the unit lies there. */
static bool overlaps(const struct sut_search *search, const struct sut_section *section,
		     uint64_t address)
{
	const struct sut_object *object = search->proof->object;

	for (size_t i = 1; section->flags & SHF_WRITE && i < object->section_count; i++) {
		const struct sut_section *other = &object->sections[i];
		const struct sut_located *place = &search->proof->sections[i];

		if (place->known && other != section && other->flags & SHF_WRITE &&
		    !((other->flags ^ section->flags) & SHF_TLS) &&
		    address < place->address + other->size &&
		    place->address < address + section->size)
			return true;
	}
	return false;
}

static bool section_fits(const struct sut_search *search, const struct sut_section *section,
			 uint64_t address)
{
	const struct sut_object *object = search->proof->object;
	const struct sut_target *target = search->proof->target;
	const struct sut_target_segment *segment = find_segment(target, address, section->size);

	if (overlaps(search, section, address))
		return false;
	for (size_t i = 0; i < section->def_count; i++) {
		const struct sut_def *def = &object->defs[section->defs[i]];

		/* Functions are compared there. */
		if (!sut_def_is_function(def) &&
		    ask_symbols(target, def->name, def->local, address + def->offset) == SAY_NO)
			return false;
	}
	if (section->flags & SHF_TLS)
		return in_tls(target, address) || !section->size;
	if (!segment || (section->align && address % section->align))
		return false;
	/* Constants may lie with the code, and those that the loader relocates with variables. */
	return (segment->executable || !(section->flags & SHF_EXECINSTR)) &&
	       (segment->writable || !(section->flags & SHF_WRITE));
}

bool sut_search_fits(const struct sut_search *search, const struct sut_binding *binding)
{
	const struct sut_object *object = search->proof->object;
	const struct sut_target *target = search->proof->target;

	switch (binding->kind) {
	case SUT_BINDING_SECTION:
		return section_fits(search, &object->sections[binding->index], binding->address);
	case SUT_BINDING_SYMBOL:
		return symbol_fits(target, &object->symbols[binding->index], binding->address);
	case SUT_BINDING_INTERIOR:
		return true;
	}
	return true;
}
