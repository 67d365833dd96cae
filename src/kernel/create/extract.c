// SPDX-License-Identifier: GPL-2.0-or-later
/* Pieces, and what is carried because a function changed. Where references lead: extract-resolve.c.
 */
#include "kernel/create/extract.h"
#include "insn/insn.h"

#include <elf.h>
#include <string.h>

static const struct sut_object *after_of(const struct sut_carry *carry, uint32_t part)
{
	return carry->parts[part].part->after;
}

bool sut_carry_refuse(struct sut_carry *carry, uint32_t part, const char *rule, const char *from,
		      const char *name, const char *what)
{
	struct sut_verdict *verdict = carry->verdict;
	const char *evidence = sut_arena_printf(carry->arena, "%s: %s refers to %s",
						carry->parts[part].part->unit->source, from, name);

	for (size_t i = 0; i < verdict->refusal_count; i++)
		if (!strcmp(verdict->refusals[i].evidence, evidence))
			return false;
	sut_refuse(verdict, rule, evidence, "%s refers to %s, %s", from, name, what);
	return false;
}

static uint32_t find_section(struct sut_carry *carry, const struct sut_section *like)
{
	enum { KEPT = SHF_ALLOC | SHF_WRITE | SHF_EXECINSTR | SHF_MERGE | SHF_STRINGS };

	for (size_t i = 0; i < carry->section_count; i++)
		if (!strcmp(carry->sections[i].name, like->name) &&
		    carry->sections[i].flags == (like->flags & KEPT) &&
		    carry->sections[i].entry_size == like->entsize)
			return i;
	SUT_PUSH(carry->arena, carry->sections, carry->section_count, carry->section_capacity) =
		(struct sut_carry_section){
			.name = like->name,
			.type = like->data ? SHT_PROGBITS : SHT_NOBITS,
			.flags = like->flags & KEPT,
			.align = 1,
			.entry_size = like->entsize,
		};
	return carry->section_count - 1;
}

/* The place in the unit's section is aligned to that many bytes. */
static uint64_t alignment_at(const struct sut_section *section, uint64_t offset)
{
	uint64_t align = section->align;

	while (align > 1 && offset % align)
		align /= 2;
	return align;
}

/* Room at the end of a section; zeros but for what the caller writes there. */
static uint64_t append(struct sut_carry *carry, struct sut_carry_section *section, uint64_t size,
		       uint64_t align)
{
	uint64_t at = (section->size + align - 1) / align * align;

	if (section->align < align)
		section->align = align;
	section->size = at + size;
	if (section->type == SHT_NOBITS || section->size <= section->capacity)
		return at;
	size_t capacity = 2 * section->size;
	unsigned char *data = sut_arena_alloc(carry->arena, capacity);

	if (section->data)
		memcpy(data, section->data, at);
	section->data = data;
	section->capacity = capacity;
	return at;
}

const struct sut_carry_piece *sut_carry_piece_find(const struct sut_carry *carry, uint32_t part,
						   uint32_t section, uint64_t offset)
{
	/* What ends with its section has the end, too, where tables close a range. */
	uint64_t end = after_of(carry, part)->sections[section].size;

	for (size_t i = 0; i < carry->piece_count; i++) {
		const struct sut_carry_piece *piece = &carry->pieces[i];

		if (piece->part == part && piece->section == section &&
		    (offset == piece->from || offset - piece->from < piece->size ||
		     (offset == end && offset == piece->from + piece->size)))
			return piece;
	}
	return NULL;
}

uint32_t sut_carry_piece_add(struct sut_carry *carry, uint32_t part, uint32_t section,
			     uint64_t from, uint64_t size, uint64_t align)
{
	const struct sut_section *source = &after_of(carry, part)->sections[section];

	for (size_t i = 0; i < carry->piece_count; i++) {
		const struct sut_carry_piece *piece = &carry->pieces[i];

		if (piece->part == part && piece->section == section && piece->from == from &&
		    piece->size == size)
			return i;
	}
	uint32_t to = find_section(carry, source);
	struct sut_carry_section *section_to = &carry->sections[to];
	uint64_t at = append(carry, section_to, size, align ? align : alignment_at(source, from));

	if (source->data && section_to->data)
		memcpy(section_to->data + at, source->data + from, size);
	if (align && section_to->align < source->align)
		section_to->align = source->align;
	SUT_PUSH(carry->arena, carry->pieces, carry->piece_count, carry->piece_capacity) =
		(struct sut_carry_piece){
			.part = part,
			.section = section,
			.from = from,
			.size = size,
			.to = to,
			.at = at,
		};
	return carry->piece_count - 1;
}

uint32_t sut_carry_section_symbol(struct sut_carry *carry, uint32_t section)
{
	for (size_t i = 0; i < carry->symbol_count; i++)
		if (carry->symbols[i].type == STT_SECTION && carry->symbols[i].section == section)
			return i;
	SUT_PUSH(carry->arena, carry->symbols, carry->symbol_count, carry->symbol_capacity) =
		(struct sut_carry_symbol){
			.name = "",
			.type = STT_SECTION,
			.section = section,
		};
	return carry->symbol_count - 1;
}

struct stretch {
	const struct sut_section *section;
	const struct sut_def *def;
	bool leaves;
};

static bool visit_stretch(const struct sut_insn *insn, void *context)
{
	struct stretch *stretch = context;
	size_t reloc = sut_section_reloc(stretch->section, insn->address);
	bool related = reloc < stretch->section->reloc_count &&
		       stretch->section->relocs[reloc].offset < insn->address + insn->length;
	bool direct = insn->kind == SUT_INSN_JUMP || insn->kind == SUT_INSN_BRANCH ||
		      insn->kind == SUT_INSN_CALL;

	if (direct && !related && insn->target - stretch->def->offset >= stretch->def->size)
		stretch->leaves = true;
	return true;
}

/*
 * A function that was put into a section with others (.sched.text) can be taken out of it where it
 * reaches them by relocations only, and not at a distance that the assembler knew.
 */
static bool is_separable(const struct sut_section *section, const struct sut_def *def)
{
	struct stretch stretch = {section, def, false};
	struct sut_diag ignored;

	if (section->def_count == 1)
		return true;
	return section->data &&
	       !sut_insn_walk(section->data + def->offset, def->size, def->offset, visit_stretch,
			      &stretch, &ignored) &&
	       !stretch.leaves;
}

/* Copies the function or the variable; what has a section for itself goes as a whole. */
static uint32_t carry_def(struct sut_carry *carry, uint32_t part, uint32_t def)
{
	const struct sut_object *after = after_of(carry, part);
	const struct sut_def *own = &after->defs[def];
	const struct sut_section *section = &after->sections[own->section];
	const char *source = carry->parts[part].part->unit->source;

	if (!sut_def_is_function(own))
		return sut_carry_piece_add(carry, part, own->section, own->offset, own->size, 0);
	if (section->def_count == 1)
		return sut_carry_piece_add(carry, part, own->section, 0, section->size, 0);
	if (!sut_carry_piece_find(carry, part, own->section, own->offset) &&
	    !is_separable(section, own))
		sut_refuse(carry->verdict, "section",
			   sut_arena_printf(carry->arena, "%s: %s", source, own->name),
			   "%s of %s lies in %s together with other code, and cannot be taken out "
			   "of there; change its callers instead",
			   own->name, source, section->name);
	return sut_carry_piece_add(carry, part, own->section, own->offset, own->size, 0);
}

uint32_t sut_carry_own(struct sut_carry *carry, uint32_t part, uint32_t def)
{
	const struct sut_def *own = &after_of(carry, part)->defs[def];
	uint32_t index = carry_def(carry, part, def);
	const struct sut_carry_piece *piece = &carry->pieces[index];
	uint64_t value = piece->at + (own->offset - piece->from);

	for (size_t i = 0; i < carry->symbol_count; i++) {
		const struct sut_carry_symbol *symbol = &carry->symbols[i];

		if (symbol->source == SUT_CARRY_OWN && symbol->type != STT_SECTION &&
		    symbol->section == piece->to && symbol->value == value &&
		    symbol->type == own->type && symbol->size == own->size)
			return i;
	}
	SUT_PUSH(carry->arena, carry->symbols, carry->symbol_count, carry->symbol_capacity) =
		(struct sut_carry_symbol){
			.name = own->name,
			.type = own->type,
			.section = piece->to,
			.value = value,
			.size = own->size,
		};
	return carry->symbol_count - 1;
}

static bool name_is_taken(const struct sut_carry *carry, const char *name)
{
	for (size_t i = 0; i < carry->symbol_count; i++)
		if (carry->symbols[i].global && !strcmp(carry->symbols[i].name, name))
			return true;
	return false;
}

/* Makes the symbol one that other code can refer to by its name. */
static void make_global(struct sut_carry *carry, struct sut_carry_symbol *symbol)
{
	const char *name = symbol->name;

	for (unsigned int i = 2; name_is_taken(carry, name); i++)
		name = sut_arena_printf(carry->arena, "%s.%u", symbol->name, i);
	symbol->name = name;
	symbol->global = true;
}

/* The old function and its pieces are in the kernel as they were compiled here. */
static bool is_proven(const struct sut_kernel_proven *proven, uint32_t twin)
{
	const struct sut_object *before = proven->part->before;

	for (size_t i = 0; i < before->def_count; i++)
		if ((i == twin || before->defs[i].parent == twin) &&
		    proven->proof.defs[i].state != SUT_PROOF_EQUAL)
			return false;
	return true;
}

/* How livepatch finds the old function. false: a refusal was added. */
static bool find_old(struct sut_carry *carry, uint32_t part, uint32_t twin,
		     struct sut_carry_func *func)
{
	const struct sut_kernel_proven *proven = &carry->parts[part];
	const struct sut_object *before = proven->part->before;
	const char *name = before->defs[twin].name;
	const char *evidence =
		sut_arena_printf(carry->arena, "%s: %s", proven->part->unit->source, name);
	uint64_t address = proven->proof.defs[twin].address;

	if (!is_proven(proven, twin)) {
		if (proven->proof.defs[twin].state != SUT_PROOF_DIFFERENT)
			sut_refuse(carry->verdict, "match", evidence,
				   "%s was not found in %s, so it cannot be replaced; give the "
				   "source of this very kernel",
				   name, proven->part->object);
		return false;
	}
	if (!sut_carry_is_traced(before, twin)) {
		sut_refuse(carry->verdict, "notrace", evidence,
			   "%s has no call of __fentry__ that livepatch could redirect, and not "
			   "all its callers are functions of %s that have one; make the change "
			   "further up",
			   name, proven->part->unit->source);
		return false;
	}
	func->old = sut_kernel_target_symbol(proven->target, name, address);
	if (!func->old || !sut_kernel_sympos(func->old, &func->sympos)) {
		sut_refuse(carry->verdict, "position", evidence,
			   "%s cannot be named in %s: its kallsyms %s; change its callers instead",
			   name, proven->part->object,
			   func->old ? "count it otherwise while the module loads"
				     : "have no such symbol at its address");
		return false;
	}
	return true;
}

static void add_func(struct sut_carry *carry, uint32_t part, uint32_t def)
{
	const struct sut_diff *diff = carry->parts[part].part->diff;
	struct sut_carry_func func = {.part = part, .def = def};

	if (!find_old(carry, part, diff->twins.before[def], &func))
		return;
	func.symbol = sut_carry_own(carry, part, def);
	make_global(carry, &carry->symbols[func.symbol]);
	SUT_PUSH(carry->arena, carry->funcs, carry->func_count, carry->func_capacity) = func;
}

static void add_changed(struct sut_carry *carry, uint32_t part)
{
	struct sut_kernel_proven *proven = &carry->parts[part];
	const struct sut_object *after = after_of(carry, part);

	proven->change = sut_arena_memdup(carry->arena, proven->part->diff->change,
					  after->def_count * sizeof(*proven->change));
	sut_carry_change_callers(carry, part);
	for (size_t i = 0; i < after->def_count; i++)
		if (after->defs[i].parent == i && sut_def_is_function(&after->defs[i]) &&
		    proven->change[i] == SUT_CHANGE_CHANGED)
			add_func(carry, part, i);
}

static void resolve_piece(struct sut_carry *carry, size_t index)
{
	const struct sut_carry_piece piece = carry->pieces[index];
	const struct sut_section *from = &after_of(carry, piece.part)->sections[piece.section];

	for (size_t i = sut_section_reloc(from, piece.from);
	     i < from->reloc_count && from->relocs[i].offset - piece.from < piece.size; i++) {
		struct sut_carry_reloc reloc;

		if (from->relocs[i].type == R_X86_64_NONE ||
		    !sut_carry_resolve(carry, &piece, &from->relocs[i], &reloc))
			continue;
		struct sut_carry_section *to = &carry->sections[piece.to];

		SUT_PUSH(carry->arena, to->relocs, to->reloc_count, to->reloc_capacity) = reloc;
	}
}

void sut_carry_run(struct sut_carry *carry)
{
	size_t resolved = 0, described = 0;

	for (size_t i = 0; i < carry->part_count; i++)
		add_changed(carry, i);
	while (resolved < carry->piece_count) {
		while (resolved < carry->piece_count)
			resolve_piece(carry, resolved++);
		sut_carry_specials(carry, described);
		described = resolved;
	}
}
