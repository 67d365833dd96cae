// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where the references of carried code lead:
 *
 *   a call of a changed or new function      the module's own: what is carried runs only in tasks
 *                                            that have gone over
 *   the address of a changed function        the original: a pointer may outlive the patch
 *   an existing function or variable         the original
 *   a variable that is new, or that a macro  the module's copy
 *   makes for each use
 *   strings, constants without names         the module's copy
 *   what the unit leaves undefined           the running kernel's, or another unit's of the patch
 */
#include "kernel/create/extract.h"
#include "object/kernel.h"
#include "object/labels.h"
#include "insn/insn.h"

#include <elf.h>
#include <string.h>

struct reference {
	struct sut_carry *carry;
	uint32_t part;
	const struct sut_object *after;
	const struct sut_section *section;
	const struct sut_reloc *reloc;
	struct sut_place place;
	const char *from; /* who refers, for people */
	uint32_t user;    /* its definition, or SUT_NO_DEF */
	struct sut_carry_reloc *result;
};

static const struct sut_diff *diff_of(const struct reference *reference)
{
	return reference->carry->parts[reference->part].part->diff;
}

static bool refuse(const struct reference *reference, const char *rule, const char *name,
		   const char *what)
{
	return sut_carry_refuse(reference->carry, reference->part, rule, reference->from, name,
				what);
}

/* The addend that counts from the start of the definition. */
static int64_t addend_from(const struct reference *reference, const struct sut_def *def)
{
	const struct sut_symbol *symbol = &reference->after->symbols[reference->place.symbol];

	return reference->reloc->addend + (int64_t)symbol->value - (int64_t)def->offset;
}

static bool use_own(const struct reference *reference, uint32_t def)
{
	reference->result->symbol = sut_carry_own(reference->carry, reference->part, def);
	reference->result->addend = addend_from(reference, &reference->after->defs[def]);
	return true;
}

static bool use_original(const struct reference *reference, uint32_t def)
{
	const struct sut_def *referent = &reference->after->defs[def];
	const char *section = reference->after->sections[referent->section].name;
	const struct sut_special *special = sut_kernel_special(section);

	if (special && special->policy == SUT_SPECIAL_START_UP)
		return refuse(reference, "init", referent->name,
			      sut_arena_printf(reference->carry->arena,
					       "which is gone when the kernel or the module has "
					       "started (%s); do not use it in the fix",
					       section));
	reference->result->addend = addend_from(reference, referent);
	return sut_carry_bind_original(reference->carry, reference->part, reference->from, def,
				       &reference->result->symbol);
}

/* A label, or a call or jump: not an address that somebody could keep. */
static bool runs(const struct reference *reference)
{
	return reference->place.delta || sut_reloc_is_branch(reference->reloc);
}

/* Entries of tables are about code where it is; those of data are pointers. */
static bool is_about_code(const struct reference *reference)
{
	const struct sut_special *special = sut_kernel_special(reference->section->name);

	return special && special->policy == SUT_SPECIAL_CODE;
}

static bool resolve_function(const struct reference *reference, uint32_t def)
{
	const struct sut_def *function = &reference->after->defs[def];
	enum sut_change change = reference->carry->parts[reference->part].change[def];

	if (change == SUT_CHANGE_NEW)
		return use_own(reference, def);
	if (change == SUT_CHANGE_CHANGED && (runs(reference) || is_about_code(reference)))
		return use_own(reference, def);
	/* Within its function, whose code was carried for another reason. */
	if (reference->user != SUT_NO_DEF &&
	    reference->after->defs[reference->user].parent == function->parent && runs(reference))
		return use_own(reference, def);
	if (reference->place.delta && !is_about_code(reference))
		return refuse(reference, "label", function->name,
			      "by a label inside it; leave this function as it is");
	return use_original(reference, def);
}

/*
 * A macro made the variable for this use: that something was warned about, a rate limit, the
 * description of a message. The copy starts anew.
 */
static bool is_of_macro(const struct reference *reference, const struct sut_def *def)
{
	const struct sut_special *special =
		sut_kernel_special(reference->after->sections[def->section].name);

	if (special)
		return special->policy == SUT_SPECIAL_MESSAGE;
	return def->local && strchr(def->name, '.') && sut_kernel_static(def->name);
}

static bool is_per_cpu(const struct reference *reference, const struct sut_def *def)
{
	static const char name[] = ".data..percpu";

	return !strncmp(reference->after->sections[def->section].name, name, sizeof(name) - 1);
}

/* What cannot be had anew in a module. */
static bool use_new_variable(const struct reference *reference, uint32_t def)
{
	const struct sut_def *variable = &reference->after->defs[def];
	const struct sut_special *special =
		sut_kernel_special(reference->after->sections[variable->section].name);

	if (is_per_cpu(reference, variable))
		return refuse(reference, "percpu", variable->name,
			      "a new variable per CPU, for which a livepatch has no room; use "
			      "alloc_percpu() and a pointer");
	if (special && special->policy != SUT_SPECIAL_MESSAGE)
		return refuse(reference, "section", variable->name,
			      "which is new and would have to be known when the kernel or module "
			      "starts; leave it out of the fix");
	return use_own(reference, def);
}

/* The variable has labels of the code that refers to it, or of other carried code. */
static bool leads_into_carried(const struct reference *reference, uint32_t def)
{
	const struct sut_object *after = reference->after;
	uint32_t function = sut_labels_of(after, def);

	if (function == SUT_NO_DEF)
		return false;
	return reference->carry->parts[reference->part].change[function] == SUT_CHANGE_CHANGED ||
	       (reference->user != SUT_NO_DEF &&
		after->defs[reference->user].parent == after->defs[function].parent);
}

/* The original has the labels of the old code. */
static bool use_labels(const struct reference *reference, uint32_t def)
{
	refuse(reference, "label", reference->after->defs[def].name,
	       "which has addresses of its labels (computed goto), and one that is kept when the "
	       "call is over would lead into the other version; look whether any is, and if not, "
	       "--allow label");
	return use_own(reference, def);
}

static bool resolve_variable(const struct reference *reference, uint32_t def)
{
	const struct sut_diff *diff = diff_of(reference);
	const struct sut_def *variable = &reference->after->defs[def];
	bool copied = sut_def_is_copied(reference->after, variable);

	if (diff->twins.before[def] == SUT_NO_DEF)
		return use_new_variable(reference, def);
	if (leads_into_carried(reference, def))
		return use_labels(reference, def);
	if (is_of_macro(reference, variable))
		return use_own(reference, def);
	if (copied && (sut_name_is_generated(variable->name) || diff->twins.doubtful[def] ||
		       diff->change[def] != SUT_CHANGE_NONE))
		return use_own(reference, def);
	if (diff->twins.doubtful[def])
		return refuse(reference, "static", variable->name,
			      "and several static variables of that name cannot be told apart; "
			      "leave this function as it is");
	return use_original(reference, def);
}

static bool resolve_def(const struct reference *reference, uint32_t def)
{
	return sut_def_is_function(&reference->after->defs[def]) ? resolve_function(reference, def)
								 : resolve_variable(reference, def);
}

/* The reference leads into a piece, `offset` behind the start of the section's own symbol. */
static bool use_piece(const struct reference *reference, uint32_t index, int64_t offset)
{
	const struct sut_carry_piece *piece = &reference->carry->pieces[index];

	reference->result->symbol = sut_carry_section_symbol(reference->carry, piece->to);
	reference->result->addend = (int64_t)piece->at - (int64_t)piece->from + offset;
	return true;
}

static int64_t offset_of(const struct reference *reference)
{
	return reference->reloc->addend +
	       (int64_t)reference->after->symbols[reference->place.symbol].value;
}

/* A string or constant among others. */
static bool resolve_merged(const struct reference *reference)
{
	const struct sut_section *section = &reference->after->sections[reference->place.section];
	int64_t element = reference->place.element;
	uint64_t size;

	size = reference->place.exact && element >= 0 ? sut_section_element(section, element) : 0;
	if (!size)
		return refuse(reference, "section", section->name,
			      "in a way that does not tell which of its strings or constants is "
			      "meant; leave this function as it is");
	return use_piece(reference,
			 sut_carry_piece_add(reference->carry, reference->part,
					     reference->place.section, element, size,
					     section->align),
			 offset_of(reference));
}

/*
 * static_cpu_has() tests a bit in code of its own, away from the function, until alternatives have
 * been applied. It ends in a jump back.
 */
static bool resolve_aside(const struct reference *reference)
{
	const struct sut_section *section = &reference->after->sections[reference->place.section];
	uint64_t from = reference->place.offset, at = from;
	struct sut_insn insn = {.kind = SUT_INSN_OTHER};

	while (insn.kind != SUT_INSN_JUMP && at < section->size) {
		if (!sut_insn_decode(section->data + at, section->size - at, at, &insn))
			return refuse(reference, "decode", section->name,
				      "which holds bytes that are no instructions; leave this "
				      "function as it is");
		at += insn.length;
	}
	return use_piece(reference,
			 sut_carry_piece_add(reference->carry, reference->part,
					     reference->place.section, from, at - from, 1),
			 offset_of(reference));
}

/* Data without a name: what the compiler made of a constant in the code. */
static bool resolve_anonymous(const struct reference *reference)
{
	const struct sut_section *section = &reference->after->sections[reference->place.section];
	const struct sut_carry_piece *piece =
		sut_carry_piece_find(reference->carry, reference->part, reference->place.section,
				     reference->place.offset);

	if (piece)
		return use_piece(reference, piece - reference->carry->pieces, offset_of(reference));
	if (!strcmp(section->name, ".altinstr_aux") && reference->place.offset >= 0)
		return resolve_aside(reference);
	if (section->def_count || section->flags & (SHF_EXECINSTR | SHF_WRITE) ||
	    !(section->flags & SHF_ALLOC) || sut_kernel_special(section->name))
		return refuse(reference, "section", section->name,
			      "code or data without a name, which cannot be carried; leave this "
			      "function as it is");
	return use_piece(reference,
			 sut_carry_piece_add(reference->carry, reference->part,
					     reference->place.section, 0, section->size, 0),
			 offset_of(reference));
}

static bool resolve_defined(const struct reference *reference)
{
	const struct sut_section *section = &reference->after->sections[reference->place.section];

	if (sut_section_is_merged(section))
		return resolve_merged(reference);
	if (reference->place.def == SUT_NO_DEF)
		return resolve_anonymous(reference);
	return resolve_def(reference, reference->place.def);
}

/* Another unit of the same object brings what is new; what is not stays where it is. */
static bool resolve_elsewhere(const struct reference *reference, const char *name)
{
	struct sut_carry *carry = reference->carry;
	const char *object = carry->parts[reference->part].part->object;

	for (size_t i = 0; i < carry->part_count; i++) {
		const struct sut_kernel_part *part = carry->parts[i].part;
		uint32_t def = sut_object_def(part->after, name);

		if (i == reference->part || strcmp(part->object, object) != 0 ||
		    def == SUT_NO_DEF || part->after->defs[def].local ||
		    part->diff->twins.before[def] != SUT_NO_DEF)
			continue;
		reference->result->symbol = sut_carry_own(carry, i, def);
		reference->result->addend = reference->reloc->addend;
		return true;
	}
	return false;
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
		return true;
	default:
		return false;
	}
}

bool sut_carry_resolve(struct sut_carry *carry, const struct sut_carry_piece *piece,
		       const struct sut_reloc *reloc, struct sut_carry_reloc *result)
{
	const struct sut_object *after = carry->parts[piece->part].part->after;
	const struct sut_section *section = &after->sections[piece->section];
	const struct sut_symbol *symbol = &after->symbols[reloc->symbol];
	struct reference reference = {
		.carry = carry,
		.part = piece->part,
		.after = after,
		.section = section,
		.reloc = reloc,
		.place = sut_object_place(after, section, reloc),
		.user = sut_section_def(after, section, reloc->offset),
		.from = section->name,
		.result = result,
	};

	if (reference.user != SUT_NO_DEF)
		reference.from = after->defs[reference.user].name;
	*result = (struct sut_carry_reloc){
		.offset = reloc->offset - piece->from + piece->at,
		.type = reloc->type,
	};
	if (!is_supported(reloc->type) || symbol->absolute)
		return refuse(&reference, "reloc", symbol->name,
			      sut_arena_printf(carry->arena,
					       "by a relocation that the kernel's loader does not "
					       "know (%s); leave this function as it is",
					       sut_reloc_name(carry->arena, reloc->type)));
	if (reference.place.section)
		return resolve_defined(&reference);
	if (resolve_elsewhere(&reference, symbol->name))
		return true;
	result->addend = reloc->addend;
	return sut_carry_bind_name(carry, piece->part, reference.from, symbol->name,
				   &result->symbol);
}
