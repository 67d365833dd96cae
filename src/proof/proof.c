// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How functions are found, from the surest way to the last:
 *
 *   symbols     the target's symbol tables; of several with one name, the one of the same source
 *   references  a function that is known calls it, a table that is known points to it
 *   neighbours  the compiler writes functions in one order, so the next one lies behind the last
 *   content     in a stripped target: its longest run of bytes without relocations, if what lies
 *               around each place where that is found matches in exactly one
 *
 * Each match tells where more sections lie, and so the ways are tried in turn until nothing new
 * comes out. Two ways that disagree make the function a different one.
 */
#include "proof/proof.h"
#include "proof/search.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

enum {
	CANDIDATES_MAX = 32, /* symbols of one name */
	NAMED_MAX = 8,       /* functions that a verdict names; of more there is only the number */
};

static void set_different(struct sut_search *search, uint32_t def, uint64_t address,
			  uint64_t offset, const char *reason)
{
	struct sut_proof_def *proven = &search->proof->defs[def];

	proven->state = SUT_PROOF_DIFFERENT;
	proven->address = address;
	proven->offset = offset;
	proven->reason = reason;
}

static struct sut_located *located(struct sut_search *search, const struct sut_binding *binding)
{
	return binding->kind == SUT_BINDING_SECTION ? &search->proof->sections[binding->index]
						    : &search->proof->symbols[binding->index];
}

/* The label is where the function's own proof has it. */
static bool interior_agrees(const struct sut_search *search, const struct sut_binding *binding)
{
	const struct sut_proof_def *proven = &search->proof->defs[binding->index];

	return proven->state == SUT_PROOF_EQUAL && binding->address >= proven->address &&
	       sut_match_same_place(&search->steps[binding->index], binding->delta,
				    binding->address - proven->address);
}

static bool commit_binding(struct sut_search *search, uint32_t from, struct sut_binding *binding)
{
	struct sut_located *known;

	if (binding->kind == SUT_BINDING_INTERIOR) {
		if (search->steps[binding->index].count)
			return interior_agrees(search, binding);
		SUT_PUSH(search->arena, search->pending, search->pending_count,
			 search->pending_capacity) = (struct sut_pending){from, *binding};
		return true;
	}
	known = located(search, binding);
	if (known->known)
		return known->address == binding->address;
	if (!sut_search_fits(search, binding))
		return false;
	*known = (struct sut_located){true, binding->address};
	binding->fresh = true;
	return true;
}

/* What the last match found agrees with what is known; then it becomes known, too. */
static bool commit_bindings(struct sut_search *search, uint32_t from)
{
	struct sut_match *match = &search->match;
	size_t pending = search->pending_count;

	for (size_t i = 0; i < match->binding_count; i++) {
		if (commit_binding(search, from, &match->bindings[i]))
			continue;
		for (size_t j = 0; j < i; j++) {
			if (match->bindings[j].fresh)
				located(search, &match->bindings[j])->known = false;
		}
		search->pending_count = pending;
		return false;
	}
	return true;
}

static const char contradiction[] = "it refers to another address than the rest of the unit";

/* The function was found at the address: takes over what follows from it. */
static void accept(struct sut_search *search, uint32_t index, uint64_t address)
{
	const struct sut_def *def = &search->proof->object->defs[index];
	struct sut_proof_def *proven = &search->proof->defs[index];
	struct sut_located *section = &search->proof->sections[def->section];

	if (section->known && section->address + def->offset != address) {
		set_different(search, index, address, 0, contradiction);
		return;
	}
	/* Its own labels are looked up in its own steps. */
	*proven = (struct sut_proof_def){SUT_PROOF_EQUAL, address, search->match.size, 0, NULL};
	search->steps[index] = search->match.steps;
	if (!commit_bindings(search, index)) {
		search->steps[index].count = 0;
		set_different(search, index, address, 0, contradiction);
		return;
	}
	*section = (struct sut_located){true, address - def->offset};
}

/* Where a function must be if it is anywhere. */
void sut_search_certain(struct sut_search *search, uint32_t index, uint64_t address)
{
	const struct sut_def *def = &search->proof->object->defs[index];

	if (sut_match_function(&search->match, def, address))
		accept(search, index, address);
	else
		set_different(search, index, address, search->match.offset, search->match.reason);
}

/*
 * The last match is no coincidence: enough of the code is the same, or a reference leads to a place
 * that is known or to the right string. Small functions look alike.
 */
static bool is_telling(struct sut_search *search, const struct sut_def *def, uint64_t enough)
{
	const struct sut_match *match = &search->match;
	bool confirmed = match->elements > 0;

	for (size_t i = 0; i < match->binding_count; i++) {
		const struct sut_located *known;

		if (match->bindings[i].kind == SUT_BINDING_INTERIOR)
			continue;
		known = located(search, &match->bindings[i]);
		if (known->known && known->address != match->bindings[i].address)
			return false;
		confirmed |= known->known;
	}
	return confirmed || def->size >= enough;
}

/* Where a function may be. */
bool sut_search_guess(struct sut_search *search, uint32_t index, uint64_t address, uint64_t enough)
{
	const struct sut_def *def = &search->proof->object->defs[index];

	if (!sut_match_function(&search->match, def, address) || !is_telling(search, def, enough))
		return false;
	accept(search, index, address);
	return search->proof->defs[index].state == SUT_PROOF_EQUAL;
}

bool sut_search_is_open(const struct sut_search *search, uint32_t index)
{
	return sut_def_is_function(&search->proof->object->defs[index]) &&
	       search->proof->defs[index].state == SUT_PROOF_ABSENT;
}

/* Symbols that can be the definition: of its kind, and of its source where the target tells. */
static size_t name_candidates(const struct sut_search *search, const struct sut_def *def,
			      uint64_t *addresses, size_t max)
{
	const struct sut_object *object = search->proof->object;
	size_t total, count = 0;
	const struct sut_target_symbol *symbols =
		sut_target_find(search->proof->target, def->name, &total);
	bool same_file = false;

	for (size_t i = 0; i < total; i++)
		same_file |= symbols[i].local && !strcmp(symbols[i].file, object->file);
	for (size_t i = 0; i < total && count < max; i++) {
		bool duplicate = false;

		if (symbols[i].type != STT_FUNC && symbols[i].type != STT_GNU_IFUNC &&
		    symbols[i].type != STT_NOTYPE)
			continue;
		/* A hidden function is local in the target, and of no file. */
		if (def->local ? !symbols[i].local : symbols[i].local && *symbols[i].file)
			continue;
		if (def->local && same_file && strcmp(symbols[i].file, object->file) != 0)
			continue;
		for (size_t j = 0; j < count; j++)
			duplicate |= addresses[j] == symbols[i].address;
		if (!duplicate)
			addresses[count++] = symbols[i].address;
	}
	return count;
}

static void find_by_name(struct sut_search *search)
{
	for (size_t i = 0; i < search->proof->object->def_count; i++) {
		const struct sut_def *def = &search->proof->object->defs[i];
		uint64_t addresses[CANDIDATES_MAX], found = 0;
		size_t matches = 0;

		if (!sut_search_is_open(search, i))
			continue;
		size_t count = name_candidates(search, def, addresses, CANDIDATES_MAX);

		if (count == 1) {
			sut_search_certain(search, i, addresses[0]);
			continue;
		}
		for (size_t j = 0; j < count; j++) {
			if (!sut_match_function(&search->match, def, addresses[j]))
				continue;
			found = addresses[j];
			matches++;
		}
		if (matches == 1)
			sut_search_certain(search, i, found);
	}
}

static void find_by_hints(struct sut_search *search)
{
	const struct sut_proof *hints = search->hints;

	for (size_t i = 0; hints && i < hints->object->def_count; i++) {
		if (hints->defs[i].state != SUT_PROOF_EQUAL)
			continue;
		uint32_t def = sut_object_def(search->proof->object, hints->object->defs[i].name);

		if (def != SUT_NO_DEF && sut_search_is_open(search, def))
			sut_search_certain(search, def, hints->defs[i].address);
	}
}

static bool find_by_reference(struct sut_search *search)
{
	const struct sut_object *object = search->proof->object;
	bool progress = false;

	for (size_t i = 0; i < object->def_count; i++) {
		const struct sut_located *section =
			&search->proof->sections[object->defs[i].section];

		if (!sut_search_is_open(search, i) || !section->known)
			continue;
		sut_search_certain(search, i, section->address + object->defs[i].offset);
		progress = true;
	}
	return progress;
}

/* Whom to name when the section's content differs: what lies there, else who refers to it. */
static uint32_t whom_to_name(const struct sut_object *object, uint32_t index, uint64_t offset)
{
	const struct sut_section *section = &object->sections[index];
	uint32_t def = sut_section_def(object, section, offset);

	if (def != SUT_NO_DEF)
		return def;
	if (section->def_count)
		return section->defs[0];
	for (size_t i = 1; i < object->section_count; i++) {
		const struct sut_section *user = &object->sections[i];

		for (size_t j = 0; j < user->reloc_count; j++) {
			if (sut_object_place(object, user, &user->relocs[j]).section != index)
				continue;
			def = sut_section_def(object, user, user->relocs[j].offset);
			if (def != SUT_NO_DEF)
				return def;
		}
	}
	return SUT_NO_DEF;
}

/* Compares the content of data whose place became known; it may tell about more places. */
static bool check_data(struct sut_search *search)
{
	const struct sut_object *object = search->proof->object;
	bool progress = false;

	for (size_t i = 1; i < object->section_count; i++) {
		const struct sut_section *section = &object->sections[i];
		const struct sut_located *place = &search->proof->sections[i];

		if (!place->known || search->checked[i] || !section->data ||
		    section->flags & (SHF_EXECINSTR | SHF_TLS) || !(section->flags & SHF_ALLOC))
			continue;
		search->checked[i] = progress = true;
		bool same = sut_match_data(&search->match, section, place->address);
		uint32_t def = whom_to_name(object, i, search->match.offset);

		if ((same && commit_bindings(search, def)) || def == SUT_NO_DEF)
			continue;
		set_different(search, def, place->address, search->match.offset,
			      same ? contradiction : search->match.reason);
	}
	return progress;
}

void sut_search_follow(struct sut_search *search)
{
	bool progress;

	do {
		progress = find_by_reference(search);
		progress |= check_data(search);
		/* A function that a symbol table does not have was dropped by the linker. */
		if (search->proof->target->has_symtab)
			continue;
		progress |= sut_search_neighbours(search);
	} while (progress);
}

/* Labels in functions that became known later. */
static void check_pending(struct sut_search *search)
{
	for (size_t i = 0; i < search->pending_count; i++) {
		const struct sut_pending *pending = &search->pending[i];
		const struct sut_proof_def *proven = &search->proof->defs[pending->binding.index];

		if (proven->state == SUT_PROOF_EQUAL &&
		    !interior_agrees(search, &pending->binding) && pending->from != SUT_NO_DEF)
			set_different(search, pending->from,
				      search->proof->defs[pending->from].address, 0, contradiction);
	}
}

static void count_results(struct sut_proof *proof)
{
	for (size_t i = 0; i < proof->object->def_count; i++) {
		if (!sut_def_is_function(&proof->object->defs[i]))
			continue;
		/* The linker took another unit's, which was compiled with other neighbours. */
		if (proof->object->defs[i].shared && proof->defs[i].state == SUT_PROOF_DIFFERENT)
			proof->defs[i] = (struct sut_proof_def){0};
		switch (proof->defs[i].state) {
		case SUT_PROOF_EQUAL:
			proof->equal++;
			break;
		case SUT_PROOF_DIFFERENT:
			proof->different++;
			break;
		case SUT_PROOF_ABSENT:
			proof->absent++;
			break;
		}
	}
}

void sut_proof_run(struct sut_arena *arena, const struct sut_object *object,
		   const struct sut_target *target, const struct sut_proof *hints,
		   struct sut_proof *proof)
{
	struct sut_search search = {
		.arena = arena,
		.proof = proof,
		.hints = hints,
		.match = {.arena = arena, .object = object, .target = target},
		.checked = sut_arena_array(arena, object->section_count, sizeof(bool)),
		.steps = sut_arena_array(arena, object->def_count, sizeof(struct sut_match_steps)),
	};

	*proof = (struct sut_proof){
		.object = object,
		.target = target,
		.sections = sut_arena_array(arena, object->section_count, sizeof(*proof->sections)),
		.symbols = sut_arena_array(arena, object->symbol_count, sizeof(*proof->symbols)),
		.defs = sut_arena_array(arena, object->def_count, sizeof(*proof->defs)),
	};
	find_by_name(&search);
	find_by_hints(&search);
	sut_search_follow(&search);
	if (!target->has_symtab)
		sut_search_content(&search);
	check_pending(&search);
	count_results(proof);
}

static void refuse_unknown(const struct sut_proof *proof, const struct sut_def *def,
			   const char *source, struct sut_verdict *verdict)
{
	sut_refuse(
		verdict, "reloc", sut_arena_printf(verdict->arena, "%s: %s", source, def->name),
		"%s of %s is compiled for a code model that cannot be compared with %s: it has a "
		"relocation of an unknown type; build the target without -mcmodel, or make it "
		"no position-independent one",
		def->name, source, proof->target->name);
}

void sut_proof_judge(const struct sut_proof *proof, const char *source, struct sut_verdict *verdict)
{
	size_t count = 0;

	for (size_t i = 0; i < proof->object->def_count; i++) {
		const struct sut_def *def = &proof->object->defs[i];
		const struct sut_proof_def *proven = &proof->defs[i];

		if (proven->state != SUT_PROOF_DIFFERENT || ++count > NAMED_MAX)
			continue;
		if (proven->reason == sut_match_unknown) {
			refuse_unknown(proof, def, source, verdict);
			continue;
		}
		sut_refuse(verdict, "match",
			   sut_arena_printf(verdict->arena,
					    "%s: %s, %zu bytes, first difference at offset %zu "
					    "(target 0x%zx)",
					    source, def->name, (size_t)def->size,
					    (size_t)proven->offset,
					    (size_t)(proven->address + proven->offset)),
			   "%s of %s is not what %s was built from: %s at offset %zu of %zu bytes; "
			   "build with the compiler, flags, headers and source of the target",
			   def->name, source, proof->target->name, proven->reason,
			   (size_t)proven->offset, (size_t)def->size);
	}
	if (count > NAMED_MAX)
		sut_refuse(verdict, "match", source,
			   "%zu more functions of %s are not what %s was built from; build with "
			   "the compiler, flags, headers and source of the target",
			   count - NAMED_MAX, source, proof->target->name);
}
