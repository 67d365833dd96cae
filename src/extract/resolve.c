// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where the references of carried code lead:
 *
 *   a call or jump to a changed or new function    the patch's own code
 *   ... from what the author wrote by hand         the original: it may run in either version
 *   the address of a changed function              the original: a pointer may outlive the patch
 *   an existing variable                           the original: it holds the program's state
 *   a new variable, strings, constant tables       the patch's copy
 *   what the target defines                        its address there
 *   what another object defines                    as the target's link map binds it
 *   klp_shadow_get() and the like                  the run-time's
 */
#include "object/labels.h"
#include "extract/reference.h"

#include <elf.h>
#include <inttypes.h>
#include <string.h>

/* A definition that is referred to, perhaps in another unit. */
struct referent {
	struct sut_part *part;
	uint32_t def; /* of after */
	int64_t addend;
};

/* What several units bring, each for itself, is one thing: the first one's. */
static struct referent first_of(const struct sut_extract *extract, const struct referent *referent)
{
	const struct sut_def *def = &referent->part->diff->after->defs[referent->def];

	for (struct sut_part *part = extract->parts; def->shared && part < referent->part; part++) {
		uint32_t other = sut_object_def(part->diff->after, def->name);

		if (part->object == referent->part->object && other != SUT_NO_DEF &&
		    part->diff->after->defs[other].shared)
			return (struct referent){part, other, referent->addend};
	}
	return *referent;
}

static bool use_own(struct sut_reference *reference, const struct referent *wanted)
{
	const struct referent first = first_of(reference->extract, wanted), *referent = &first;

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
		*address = def->type == STT_TLS ? sut_target_tls_offset(target, symbols[i].address)
						: symbols[i].address;
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
static bool use_original(struct sut_reference *reference, const struct referent *referent,
			 uint64_t address)
{
	const struct sut_def *def = &referent->part->diff->after->defs[referent->def];
	const struct sut_target *target = sut_reference_target(reference);

	bool near = sut_reloc_is_pc(reference->reloc->type) &&
		    !sut_reloc_is_got(reference->reloc->type) &&
		    !sut_reloc_is_branch(reference->reloc);

	/*
	 * Another object may have its own variable or function of that name in front of it, unless
	 * the compiler knew that it has not, from the visibility, say.
	 */
	if (!target->executable && !def->local && def->type != STT_TLS && !near) {
		size_t count;
		const struct sut_target_symbol *symbols =
			sut_target_find(target, def->name, &count);
		uint64_t slot = sut_target_slot(target, def->name);
		bool exported = false;

		for (size_t i = 0; i < count; i++)
			exported |= symbols[i].dynamic;
		if (slot || (exported && def->type == STT_OBJECT))
			return sut_reference_use_import(reference, def->name, def->type, slot);
	}
	return sut_reference_use_target(reference, def->name, def->type, address, def->size,
					referent->addend);
}

static bool is_jump_table(const struct sut_reference *reference)
{
	return !(reference->section->flags & SHF_EXECINSTR) && !reference->section->def_count;
}

/* The reference stays within its function or enters another one in order to run it. */
static bool reference_runs(const struct sut_reference *reference)
{
	if (reference->section->flags & SHF_EXECINSTR)
		return sut_reloc_is_branch(reference->reloc) || reference->place.delta != 0;
	if (sut_section_is_unwind(reference->section))
		return true;
	/* A label within its function; one on the very entry is the function's address. */
	return reference->place.delta != 0 || (is_jump_table(reference) && !reference->place.exact);
}

/*
 * Does the reference stay within the version? A call of another changed function goes through its
 * entry: a patch that lies over this one may change that function, and is called then.
 */
static bool stays_within(const struct sut_reference *reference, const struct referent *referent)
{
	const struct sut_object *after = referent->part->diff->after;
	uint32_t callee = after->defs[referent->def].parent;
	uint32_t caller = reference->user;

	if (sut_section_is_unwind(reference->section))
		return true;
	if (reference->part->beside)
		return false;
	return callee != referent->def || reference->place.delta != 0 ||
	       (reference->part == referent->part && caller != SUT_NO_DEF &&
		after->defs[caller].parent == callee);
}

/* A function that was chosen when the target started: a call goes where all others go. */
static bool use_chosen(struct sut_reference *reference, const struct sut_def *def,
		       uint64_t resolver)
{
	uint64_t slot = sut_target_chosen_slot(sut_reference_target(reference), resolver);

	if (slot && sut_reloc_is_branch(reference->reloc))
		return sut_reference_use_import(reference, def->name, STT_FUNC, slot);
	return sut_reference_refuse(reference, "ifunc",
				    "which is chosen when the program starts; call the "
				    "implementation instead");
}

/* The copy of an inline function that the linker took from another unit. */
static bool locate_shared(const struct sut_reference *reference, const struct sut_def *def,
			  uint64_t *address)
{
	size_t count;
	const struct sut_target_symbol *symbols =
		sut_target_find(sut_reference_target(reference), def->name, &count);

	if (count != 1 || symbols[0].type != STT_FUNC)
		return false;
	*address = symbols[0].address;
	return true;
}

static bool resolve_function(struct sut_reference *reference, const struct referent *referent)
{
	const struct sut_diff *diff = referent->part->diff;
	const struct sut_def *def = &diff->after->defs[referent->def];
	uint32_t twin = diff->twins.before[referent->def];
	enum sut_change change = diff->change[referent->def];
	uint64_t address = 0;

	if (change == SUT_CHANGE_NEW ||
	    (change == SUT_CHANGE_CHANGED && reference_runs(reference) &&
	     stays_within(reference, referent)))
		return use_own(reference, referent);
	if (twin != SUT_NO_DEF && sut_part_locate(referent->part, twin, &address)) {
		if (def->type == STT_GNU_IFUNC)
			return use_chosen(reference, def, address);
		return use_original(reference, referent, address);
	}
	if (def->shared && locate_shared(reference, def, &address))
		return use_original(reference, referent, address);
	/* The linker dropped it: nobody used it until now. Of an inline function there may be
	 * copies. */
	if ((sut_reference_target(reference)->has_symtab || def->shared) &&
	    change == SUT_CHANGE_NONE)
		return use_own(reference, referent);
	return sut_reference_refuse(reference, "symbol", sut_place_unknown);
}

static bool resolve_tls(struct sut_reference *reference, const struct referent *referent)
{
	const struct sut_def *def = &referent->part->diff->after->defs[referent->def];
	uint32_t twin = referent->part->diff->twins.before[referent->def];
	struct sut_tls tls = {
		.name = def->name,
		.here = true,
		.size = def->size,
		.addend = referent->addend,
	};

	if (twin == SUT_NO_DEF)
		return sut_reference_refuse(
			reference, "tls",
			"a new thread-local variable, for which running threads have no "
			"place; use a shadow variable");
	if (!sut_part_locate(referent->part, twin, &tls.offset))
		return sut_reference_refuse(reference, "symbol", sut_place_unknown);
	return sut_reference_bind_tls(reference, &tls);
}

/*
 * What says which type an exception has. Types are the same when their names are; only those of one
 * unit are told by their place, so of these there must be no copies.
 */
static bool is_typeinfo(const char *name)
{
	return !strncmp(name, "_ZTI", 4) || !strncmp(name, "_ZTS", 4);
}

static bool resolve_variable(struct sut_reference *reference, const struct referent *referent)
{
	const struct sut_diff *diff = referent->part->diff;
	const struct sut_def *def = &diff->after->defs[referent->def];
	uint32_t twin = diff->twins.before[referent->def];
	bool copied = sut_def_is_copied(diff->after, def);
	uint32_t labels = sut_labels_of(diff->after, referent->def);
	uint64_t address = 0;

	if (def->type == STT_TLS)
		return resolve_tls(reference, referent);
	/* The original has the labels of the old code. */
	if (twin == SUT_NO_DEF ||
	    (labels != SUT_NO_DEF && diff->change[labels] == SUT_CHANGE_CHANGED))
		return use_own(reference, referent);
	if (copied && (sut_name_is_generated(def->name) || diff->twins.doubtful[referent->def] ||
		       diff->change[referent->def] != SUT_CHANGE_NONE))
		return use_own(reference, referent);
	if (diff->twins.doubtful[referent->def])
		return sut_reference_refuse(
			reference, "static",
			"and several static variables of that name cannot be told apart; "
			"give them different names in the target's next build");
	if (sut_part_locate(referent->part, twin, &address))
		return use_original(reference, referent, address);
	if ((copied && !is_typeinfo(def->name)) || sut_reference_target(reference)->has_symtab ||
	    (def->shared && is_typeinfo(def->name)))
		return use_own(reference, referent);
	return sut_reference_refuse(reference, "symbol", sut_place_unknown);
}

static bool resolve_def(struct sut_reference *reference, const struct referent *referent)
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

static bool resolve_merged(struct sut_reference *reference)
{
	struct sut_extract *extract = reference->extract;
	const struct sut_place *place = &reference->place;
	const struct sut_object *after = reference->part->diff->after;
	const struct sut_section *section = &after->sections[place->section];

	if (!place->exact || place->element < 0 || !sut_section_element(section, place->element))
		return sut_reference_refuse(
			reference, "section",
			"in a way that does not tell which of its strings or constants is "
			"meant; leave this function as it is");
	uint32_t carried = sut_extract_carry(extract, reference->part, place->section);
	uint64_t to = pool_element(extract, reference->part, place->section, place->element);
	const struct sut_symbol *symbol = &after->symbols[place->symbol];
	/* From the element; and what a pc-relative field adds for its own width. */
	int64_t bias = reference->reloc->addend + (int64_t)symbol->value - place->element;
	struct sut_patch_symbol own = {
		.name = section->name,
		.kind = SUT_PATCH_SYMBOL_OWN,
		.type = STT_SECTION,
		.section = carried,
	};

	return sut_reference_use(reference, &own, (int64_t)to + bias);
}

/* Data without a name: jump tables and constants. */
static bool resolve_anonymous(struct sut_reference *reference)
{
	const struct sut_object *after = reference->part->diff->after;
	const struct sut_section *section = &after->sections[reference->place.section];
	const struct sut_symbol *symbol = &after->symbols[reference->place.symbol];

	if (section->flags & SHF_EXECINSTR || !(section->flags & SHF_ALLOC) ||
	    !sut_section_is_constant(section))
		return sut_reference_refuse(
			reference, "section",
			"code or data without a name that cannot be carried; leave this "
			"function as it is");
	struct sut_patch_symbol own = {
		.name = section->name,
		.kind = SUT_PATCH_SYMBOL_OWN,
		.type = STT_SECTION,
		.section = sut_extract_carry(reference->extract, reference->part,
					     reference->place.section),
	};

	return sut_reference_use(reference, &own,
				 (int64_t)symbol->value + reference->reloc->addend);
}

static bool find_in(const struct sut_reference *reference, struct sut_part *part, bool private,
		    struct referent *referent)
{
	uint32_t def = sut_object_def(part->diff->after, reference->name);

	if (def == SUT_NO_DEF || (part->diff->after->defs[def].local && !private))
		return false;
	*referent = (struct referent){part, def, reference->reloc->addend};
	return true;
}

/* A static one of the rest of the unit, whatever other units call by that name. */
static bool is_of_rest(const struct sut_reference *reference)
{
	const struct sut_diff *diff = reference->part->diff;
	uint32_t def = sut_object_def(diff->before, reference->name);

	return diff->part && def != SUT_NO_DEF && diff->before->defs[def].local;
}

/* Another unit of the patch, in the same target, defines the name. */
static bool find_referent(struct sut_reference *reference, struct referent *referent)
{
	struct sut_extract *extract = reference->extract;

	if (reference->part->beside && find_in(reference, reference->part->beside, true, referent))
		return true;
	for (size_t i = 0; i < extract->part_count && !is_of_rest(reference); i++) {
		struct sut_part *part = &extract->parts[i];

		if (part->object == reference->part->object &&
		    find_in(reference, part, false, referent))
			return true;
	}
	return false;
}

static bool resolve_defined(struct sut_reference *reference)
{
	const struct sut_object *after = reference->part->diff->after;
	const struct sut_section *section = &after->sections[reference->place.section];
	const struct sut_symbol *symbol = &after->symbols[reference->place.symbol];

	/* Even if it has a name: only what is referred to is taken from such a section. */
	if (sut_section_is_merged(section))
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
	case R_X86_64_TLSGD:
	case R_X86_64_TLSLD:
	case R_X86_64_DTPOFF32:
	case R_X86_64_GOTPC32_TLSDESC:
	case R_X86_64_TLSDESC_CALL:
		return true;
	default:
		return false;
	}
}

/* What the relocation is about, in the words of the source. */
static const char *referent_name(const struct sut_reference *reference)
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
	struct sut_reference reference = {
		.extract = extract,
		.part = origin->part,
		.section = section,
		.reloc = reloc,
		.place = sut_object_place(after, section, reloc),
		.user = user,
		.from = user == SUT_NO_DEF ? section->name : after->defs[user].name,
		.result = result,
	};
	struct referent referent;

	reference.name = referent_name(&reference);
	*result = (struct sut_patch_reloc){.offset = reloc->offset, .type = reloc->type};
	if (!is_supported(reloc->type))
		return sut_reference_refuse(
			&reference, after->symbols[reloc->symbol].type == STT_TLS ? "tls" : "reloc",
			sut_arena_printf(extract->arena,
					 "by a relocation of type %s, which cannot be applied "
					 "to a running program; leave this function as it is",
					 sut_reloc_name(extract->arena, reloc->type)));
	if (after->symbols[reloc->symbol].absolute)
		return sut_reference_refuse(&reference, "reloc",
					    "an absolute symbol; leave this function as it is");
	if (sut_reference_is_relaxed(&reference))
		return false;
	if (reference.place.section)
		return resolve_defined(&reference);
	if (find_referent(&reference, &referent))
		return resolve_def(&reference, &referent);
	return sut_reference_bind(&reference);
}
