// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where the references of carried code lead:
 *
 *   a call or jump to a changed or new function    the patch's own code
 *   the address of a changed function              the original: a pointer may outlive the patch
 *   an existing variable                           the original: it holds the program's state
 *   a new variable, strings, constant tables       the patch's copy
 *   what the target defines                        its address there
 *   what another object defines                    as the target's link map binds it
 */
#include "create/extract.h"

#include <elf.h>
#include <inttypes.h>
#include <string.h>

struct reference {
	struct sut_extract *extract;
	struct sut_part *part; /* that refers */
	const struct sut_section *section;
	const struct sut_reloc *reloc;
	struct sut_place place;
	const char *name; /* of what is referred to, for people */
	const char *from; /* of what refers */
	struct sut_patch_reloc *result;
};

/* A definition that is referred to, perhaps in another unit. */
struct referent {
	struct sut_part *part;
	uint32_t def; /* of after */
	int64_t addend;
};

static const char place_unknown[] = "whose place in the stripped target is not known; install the "
				    "target's debug symbols, or name "
				    "a target that is not stripped";

static const struct sut_target *target_of(const struct reference *reference)
{
	return reference->part->proof->target;
}

static bool refuse(struct reference *reference, const char *rule, const char *what)
{
	struct sut_verdict *verdict = reference->extract->verdict;
	const char *evidence =
		sut_arena_printf(verdict->arena, "%s: %s refers to %s",
				 reference->part->unit->source, reference->from, reference->name);

	/* Once is enough, however often the function does it. */
	for (size_t i = 0; i < verdict->refusal_count; i++) {
		if (!strcmp(verdict->refusals[i].evidence, evidence))
			return false;
	}
	sut_refuse(verdict, rule, evidence, "%s refers to %s, %s", reference->from, reference->name,
		   what);
	return false;
}

static bool use_symbol(struct reference *reference, const struct sut_patch_symbol *symbol,
		       int64_t addend)
{
	reference->result->symbol = sut_extract_symbol(reference->extract, symbol);
	reference->result->addend = addend;
	return true;
}

/* Which of the target's symbols of that name it is; 0 if there is one, or no table to tell. */
static uint32_t symbol_position(const struct sut_target *target, const char *name, uint64_t address)
{
	size_t count;
	const struct sut_target_symbol *symbols = sut_target_find(target, name, &count);

	for (size_t i = 0; count > 1 && i < count; i++) {
		if (symbols[i].address == address)
			return i + 1;
	}
	return 0;
}

static bool use_target(struct reference *reference, const char *name, unsigned char type,
		       uint64_t address, uint64_t size, int64_t addend)
{
	const struct sut_target *target = target_of(reference);
	struct sut_patch_symbol symbol = {
		.name = name,
		.kind = SUT_PATCH_SYMBOL_TARGET,
		.type = type,
		.object = reference->part->object,
		.sympos = type == STT_TLS ? 0 : symbol_position(target, name, address),
		.value = address,
		.size = size,
	};

	return use_symbol(reference, &symbol, addend);
}

/*
 * A call or a load goes through the slot; a pointer in data gets the address, which the loader
 * looks up by the name.
 */
static bool use_import(struct reference *reference, const char *name, unsigned char type,
		       uint64_t slot)
{
	uint32_t kind = reference->reloc->type;
	struct sut_patch_symbol symbol = {
		.name = name,
		.kind = SUT_PATCH_SYMBOL_IMPORT,
		.type = type,
		.object = reference->part->object,
		.slot = slot,
	};

	if (kind == R_X86_64_64 || kind == R_X86_64_PC64)
		symbol.slot = 0;
	else if (kind != R_X86_64_PLT32 && !sut_reloc_is_got(kind))
		return refuse(reference, "reloc",
			      "of another object, as if it were near; build this unit with -fPIE");
	return use_symbol(reference, &symbol, reference->reloc->addend);
}

static bool use_own(struct reference *reference, const struct referent *referent)
{
	reference->result->symbol =
		sut_extract_own(reference->extract, referent->part, referent->def);
	reference->result->addend = referent->addend;
	return true;
}

/* Where the target has the variable or function of that name, if it tells. */
static bool locate_by_name(const struct sut_part *part, const struct sut_def *def,
			   uint64_t *address)
{
	const struct sut_target *target = part->proof->target;
	const char *file = part->diff->before->file;
	size_t count, found = 0;
	const struct sut_target_symbol *symbols = sut_target_find(target, def->name, &count);

	for (size_t i = 0; i < count; i++) {
		if (sut_def_is_function(def) != (symbols[i].type == STT_FUNC) ||
		    symbols[i].size != def->size ||
		    (def->type == STT_TLS) != (symbols[i].type == STT_TLS))
			continue;
		if (def->local && count > 1 && strcmp(symbols[i].file, file) != 0)
			continue;
		*address = symbols[i].address - (def->type == STT_TLS ? target->tls_size : 0);
		found++;
	}
	return found == 1;
}

bool sut_part_locate(const struct sut_part *part, uint32_t before, uint64_t *address)
{
	const struct sut_def *def = &part->diff->before->defs[before];
	const struct sut_located *section = &part->proof->sections[def->section];

	if (sut_def_is_function(def)) {
		*address = part->proof->defs[before].address;
		return part->proof->defs[before].state == SUT_PROOF_EQUAL;
	}
	if (section->known) {
		*address = section->address + def->offset;
		return true;
	}
	return locate_by_name(part, def, address);
}

/* The target's own definition, unchanged. */
static bool use_original(struct reference *reference, const struct referent *referent,
			 uint64_t address)
{
	const struct sut_def *def = &referent->part->diff->after->defs[referent->def];
	const struct sut_target *target = target_of(reference);

	/* Another object may have its own variable or function of that name in front of it. */
	if (!target->executable && !def->local && def->type != STT_TLS) {
		size_t count;
		const struct sut_target_symbol *symbols =
			sut_target_find(target, def->name, &count);
		uint64_t slot = sut_target_slot(target, def->name);
		bool exported = false;

		for (size_t i = 0; i < count; i++)
			exported |= symbols[i].dynamic;
		if (slot || (exported && def->type == STT_OBJECT))
			return use_import(reference, def->name, def->type, slot);
	}
	return use_target(reference, def->name, def->type, address, def->size, referent->addend);
}

static bool is_jump_table(const struct reference *reference)
{
	return !(reference->section->flags & SHF_EXECINSTR) && !reference->section->def_count;
}

/* The reference stays within its function or enters another one in order to run it. */
static bool reference_runs(const struct reference *reference)
{
	if (reference->section->flags & SHF_EXECINSTR)
		return sut_reloc_is_branch(reference->reloc) || reference->place.delta != 0;
	/* A label within its function; one on the very entry is the function's address. */
	return is_jump_table(reference) && (!reference->place.exact || reference->place.delta != 0);
}

static bool resolve_function(struct reference *reference, const struct referent *referent)
{
	const struct sut_diff *diff = referent->part->diff;
	const struct sut_def *def = &diff->after->defs[referent->def];
	uint32_t twin = diff->twins.before[referent->def];
	enum sut_change change = diff->change[referent->def];
	uint64_t address = 0;

	if (change == SUT_CHANGE_NEW || (change == SUT_CHANGE_CHANGED && reference_runs(reference)))
		return use_own(reference, referent);
	if (twin != SUT_NO_DEF && sut_part_locate(referent->part, twin, &address)) {
		if (def->type == STT_GNU_IFUNC)
			return refuse(reference, "ifunc",
				      "which is chosen when the program starts; call the "
				      "implementation instead");
		return use_original(reference, referent, address);
	}
	/* The linker dropped it: nobody used it until now. */
	if (target_of(reference)->has_symtab && change == SUT_CHANGE_NONE)
		return use_own(reference, referent);
	return refuse(reference, "symbol", place_unknown);
}

static bool resolve_tls(struct reference *reference, const struct referent *referent)
{
	const struct sut_def *def = &referent->part->diff->after->defs[referent->def];
	uint32_t twin = referent->part->diff->twins.before[referent->def];
	uint64_t address = 0;

	if (!target_of(reference)->executable)
		return refuse(reference, "tls",
			      "a thread-local variable of a shared object, whose place differs "
			      "from process to process; leave functions that use it as they are");
	if (twin == SUT_NO_DEF)
		return refuse(reference, "tls",
			      "a new thread-local variable, for which running threads have no "
			      "place; use a shadow variable");
	if (!sut_part_locate(referent->part, twin, &address))
		return refuse(reference, "symbol", place_unknown);
	return use_target(reference, def->name, STT_TLS, address, def->size, referent->addend);
}

static bool resolve_variable(struct reference *reference, const struct referent *referent)
{
	const struct sut_diff *diff = referent->part->diff;
	const struct sut_def *def = &diff->after->defs[referent->def];
	uint32_t twin = diff->twins.before[referent->def];
	bool copied = sut_def_is_copied(diff->after, def);
	uint64_t address = 0;

	if (def->type == STT_TLS)
		return resolve_tls(reference, referent);
	if (twin == SUT_NO_DEF)
		return use_own(reference, referent);
	if (copied && (sut_name_is_generated(def->name) || diff->twins.doubtful[referent->def] ||
		       diff->change[referent->def] != SUT_CHANGE_NONE))
		return use_own(reference, referent);
	if (diff->twins.doubtful[referent->def])
		return refuse(reference, "static",
			      "and several static variables of that name cannot be told apart; "
			      "give them different names in the target's next build");
	if (sut_part_locate(referent->part, twin, &address))
		return use_original(reference, referent, address);
	if (copied || target_of(reference)->has_symtab)
		return use_own(reference, referent);
	return refuse(reference, "symbol", place_unknown);
}

static bool resolve_def(struct reference *reference, const struct referent *referent)
{
	if (sut_def_is_function(&referent->part->diff->after->defs[referent->def]))
		return resolve_function(reference, referent);
	return resolve_variable(reference, referent);
}

/* A copy of one string or constant in the patch's section. */
static uint64_t pool_element(struct sut_extract *extract, struct sut_part *part, uint32_t section,
			     uint64_t offset)
{
	struct sut_pool *pool = &part->pools[section];
	const struct sut_section *from = &part->diff->after->sections[section];
	uint64_t size = sut_section_element(from, offset), to = 0;

	for (size_t i = 0; i < pool->count; i++) {
		const struct sut_pool_element *element = &pool->elements[i];

		if (element->from == offset)
			return element->to;
		to = element->to + element->size;
	}
	/* Constants keep their alignment; strings are at least their characters'. */
	uint64_t align = from->flags & SHF_STRINGS ? from->entsize : from->align;

	if (!(align & (align - 1)))
		to = (to + align - 1) & ~(align - 1);
	SUT_PUSH(extract->arena, pool->elements, pool->count, pool->capacity) =
		(struct sut_pool_element){offset, to, size};
	return to;
}

static bool resolve_merged(struct reference *reference)
{
	struct sut_extract *extract = reference->extract;
	const struct sut_place *place = &reference->place;
	const struct sut_object *after = reference->part->diff->after;
	const struct sut_section *section = &after->sections[place->section];

	if (!place->exact || place->offset < 0 || !sut_section_element(section, place->offset))
		return refuse(reference, "section",
			      "in a way that does not tell which of its strings or constants is "
			      "meant; leave this function as it is");
	uint32_t carried = sut_extract_carry(extract, reference->part, place->section);
	uint64_t to = pool_element(extract, reference->part, place->section, place->offset);
	const struct sut_symbol *symbol = &after->symbols[place->symbol];
	/* What a pc-relative field adds for its own width. */
	int64_t bias = reference->reloc->addend + (int64_t)symbol->value - place->offset;
	struct sut_patch_symbol own = {
		.name = section->name,
		.kind = SUT_PATCH_SYMBOL_OWN,
		.type = STT_SECTION,
		.section = carried,
	};

	return use_symbol(reference, &own, (int64_t)to + bias);
}

/* Data without a name: jump tables and constants. */
static bool resolve_anonymous(struct reference *reference)
{
	const struct sut_object *after = reference->part->diff->after;
	const struct sut_section *section = &after->sections[reference->place.section];
	const struct sut_symbol *symbol = &after->symbols[reference->place.symbol];

	if (section->flags & SHF_EXECINSTR || !(section->flags & SHF_ALLOC) ||
	    !sut_section_is_constant(section))
		return refuse(reference, "section",
			      "code or data without a name that cannot be carried; leave this "
			      "function as it is");
	struct sut_patch_symbol own = {
		.name = section->name,
		.kind = SUT_PATCH_SYMBOL_OWN,
		.type = STT_SECTION,
		.section = sut_extract_carry(reference->extract, reference->part,
					     reference->place.section),
	};

	return use_symbol(reference, &own, (int64_t)symbol->value + reference->reloc->addend);
}

/* Another unit of the patch, in the same target, defines the name. */
static bool find_referent(struct reference *reference, struct referent *referent)
{
	struct sut_extract *extract = reference->extract;

	for (size_t i = 0; i < extract->part_count; i++) {
		struct sut_part *part = &extract->parts[i];

		if (part->object != reference->part->object)
			continue;
		uint32_t def = sut_object_def(part->diff->after, reference->name);

		if (def == SUT_NO_DEF || part->diff->after->defs[def].local)
			continue;
		*referent = (struct referent){part, def, reference->reloc->addend};
		return true;
	}
	return false;
}

/* What the proof saw the unit use under that name. */
static const struct sut_located *find_proven(const struct reference *reference)
{
	const struct sut_object *before = reference->part->diff->before;

	for (size_t i = 1; i < before->symbol_count; i++) {
		if (!before->symbols[i].section && !before->symbols[i].absolute &&
		    reference->part->proof->symbols[i].known &&
		    !strcmp(before->symbols[i].name, reference->name))
			return &reference->part->proof->symbols[i];
	}
	return NULL;
}

/* A definition of the target that other units of it can see. */
static const struct sut_target_symbol *find_global(const struct reference *reference)
{
	size_t count;
	const struct sut_target_symbol *symbols =
		sut_target_find(target_of(reference), reference->name, &count);

	for (size_t i = 0; i < count; i++) {
		/* The linker makes hidden symbols local, of no file. */
		if (!symbols[i].local || !*symbols[i].file)
			return &symbols[i];
	}
	return NULL;
}

static bool resolve_name(struct reference *reference)
{
	const struct sut_target *target = target_of(reference);
	const struct sut_symbol *symbol =
		&reference->part->diff->after->symbols[reference->place.symbol];
	const struct sut_target_symbol *global = find_global(reference);
	const struct sut_located *proven = find_proven(reference);
	uint64_t slot = sut_target_slot(target, symbol->name);
	unsigned char type = global ? global->type : symbol->type;

	if (type == STT_TLS) {
		if (!target->executable || (!global && !proven))
			return refuse(reference, "tls",
				      "a thread-local variable of a shared object; leave functions "
				      "that use it as they are");
		return use_target(reference, symbol->name, STT_TLS,
				  proven ? proven->address : global->address - target->tls_size,
				  global ? global->size : 0, reference->reloc->addend);
	}
	if (slot && (!target->executable || reference->reloc->type == R_X86_64_PLT32 ||
		     sut_reloc_is_got(reference->reloc->type)))
		return use_import(reference, symbol->name, type, slot);
	/* For a resolver's symbol the proof has the stub, which is right for a call only. */
	if (type == STT_GNU_IFUNC && (!proven || !sut_reloc_is_branch(reference->reloc)))
		return refuse(reference, "ifunc",
			      "which is chosen when the program starts; call the implementation "
			      "instead");
	if (proven)
		return use_target(reference, symbol->name, type == STT_GNU_IFUNC ? STT_FUNC : type,
				  proven->address, global ? global->size : 0,
				  reference->reloc->addend);
	if (global)
		return use_target(reference, symbol->name, type, global->address, global->size,
				  reference->reloc->addend);
	if (slot ||
	    sut_imports_have(&reference->extract->imports[reference->part->object], symbol->name))
		return use_import(reference, symbol->name, type, slot);
	return refuse(reference, "symbol",
		      target->has_symtab
			      ? "which neither the target nor an object that it needs defines; add "
				"the unit that defines it to the patch"
			      : place_unknown);
}

static bool resolve_defined(struct reference *reference)
{
	const struct sut_object *after = reference->part->diff->after;
	const struct sut_section *section = &after->sections[reference->place.section];
	const struct sut_symbol *symbol = &after->symbols[reference->place.symbol];

	if (sut_section_is_merged(section) && reference->place.def == SUT_NO_DEF)
		return resolve_merged(reference);
	if (reference->place.def == SUT_NO_DEF)
		return resolve_anonymous(reference);
	const struct sut_def *def = &after->defs[reference->place.def];
	struct referent referent = {
		.part = reference->part,
		.def = reference->place.def,
		.addend = reference->reloc->addend + (int64_t)symbol->value - (int64_t)def->offset,
	};

	return resolve_def(reference, &referent);
}

static bool is_supported(uint32_t type)
{
	switch (type) {
	case R_X86_64_64:
	case R_X86_64_32:
	case R_X86_64_32S:
	case R_X86_64_PC32:
	case R_X86_64_PLT32:
	case R_X86_64_PC64:
	case R_X86_64_GOTPCREL:
	case R_X86_64_GOTPCRELX:
	case R_X86_64_REX_GOTPCRELX:
	case R_X86_64_TPOFF32:
	case R_X86_64_GOTTPOFF:
		return true;
	default:
		return false;
	}
}

/* What the relocation is about, in the words of the source. */
static const char *referent_name(const struct reference *reference)
{
	const struct sut_object *after = reference->part->diff->after;

	return reference->place.def != SUT_NO_DEF ? after->defs[reference->place.def].name
						  : after->symbols[reference->place.symbol].name;
}

bool sut_extract_resolve(struct sut_extract *extract, const struct sut_origin *origin,
			 const struct sut_reloc *reloc, struct sut_patch_reloc *result)
{
	const struct sut_object *after = origin->part->diff->after;
	const struct sut_section *section = &after->sections[origin->section];
	uint32_t user = sut_section_def(after, section, reloc->offset);
	struct reference reference = {
		.extract = extract,
		.part = origin->part,
		.section = section,
		.reloc = reloc,
		.place = sut_object_place(after, section, reloc),
		.from = user == SUT_NO_DEF ? section->name : after->defs[user].name,
		.result = result,
	};
	struct referent referent;

	reference.name = referent_name(&reference);
	*result = (struct sut_patch_reloc){.offset = reloc->offset, .type = reloc->type};
	if (!is_supported(reloc->type))
		return refuse(
			&reference, after->symbols[reloc->symbol].type == STT_TLS ? "tls" : "reloc",
			sut_arena_printf(extract->arena,
					 "by a relocation of type %s, which cannot be applied "
					 "to a running program; leave this function as it is",
					 sut_reloc_name(extract->arena, reloc->type)));
	if (after->symbols[reloc->symbol].absolute)
		return refuse(&reference, "reloc",
			      "an absolute symbol; leave this function as it is");
	if (reference.place.section)
		return resolve_defined(&reference);
	if (find_referent(&reference, &referent))
		return resolve_def(&reference, &referent);
	return resolve_name(&reference);
}
