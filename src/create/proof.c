#include "create/proof.h"
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
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "create/match.h"

enum {
	RUN_MIN = 8,       /* bytes that are worth searching for */
	RUN_MAX = 64,      /* more is not more telling */
	PLACES_MAX = 32,   /* a run that is found more often tells nothing */
	TELLING_SIZE = 32, /* bytes of a function that is hardly at a place by chance */
	UNIQUE_SIZE = 16,  /* of one that is at only one place in the target */
	KINDS = 5,         /* of sections with code */
	NAMED_MAX = 8,     /* functions that are named; of more there is only the number */
};

/* A label in a function that was not known yet when something referred to the label. */
struct pending {
	uint32_t from; /* definition */
	struct sut_binding binding;
};

struct search {
	struct sut_arena *arena;
	struct sut_proof *proof;
	const struct sut_proof *hints;
	struct sut_match match;
	struct sut_match_steps *steps; /* per definition that is proven */
	bool *checked;                 /* per section of data: its content was compared */
	size_t pending_count, pending_capacity;
	struct pending *pending;
};

static void set_different(struct search *search, uint32_t def, uint64_t address, uint64_t offset,
			  const char *reason)
{
	struct sut_proof_def *proven = &search->proof->defs[def];

	proven->state = SUT_PROOF_DIFFERENT;
	proven->address = address;
	proven->offset = offset;
	proven->reason = reason;
}

static struct sut_located *located(struct search *search, const struct sut_binding *binding)
{
	return binding->kind == SUT_BINDING_SECTION ? &search->proof->sections[binding->index]
						    : &search->proof->symbols[binding->index];
}

/* The label is where the function's own proof has it. */
static bool interior_agrees(const struct search *search, const struct sut_binding *binding)
{
	const struct sut_proof_def *proven = &search->proof->defs[binding->index];

	return proven->state == SUT_PROOF_EQUAL && binding->address >= proven->address &&
	       sut_match_same_place(&search->steps[binding->index], binding->delta,
				    binding->address - proven->address);
}

static bool commit_binding(struct search *search, uint32_t from, struct sut_binding *binding)
{
	struct sut_located *known;

	if (binding->kind == SUT_BINDING_INTERIOR) {
		if (search->steps[binding->index].count)
			return interior_agrees(search, binding);
		SUT_PUSH(search->arena, search->pending, search->pending_count,
			 search->pending_capacity) = (struct pending){from, *binding};
		return true;
	}
	known = located(search, binding);
	if (known->known)
		return known->address == binding->address;
	*known = (struct sut_located){true, binding->address};
	binding->fresh = true;
	return true;
}

/* What the last match found agrees with what is known; then it becomes known, too. */
static bool commit_bindings(struct search *search, uint32_t from)
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
static void accept(struct search *search, uint32_t index, uint64_t address)
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
static void try_certain(struct search *search, uint32_t index, uint64_t address)
{
	const struct sut_def *def = &search->proof->object->defs[index];

	if (sut_match_function(&search->match, def, address))
		accept(search, index, address);
	else
		set_different(search, index, address, search->match.offset, search->match.reason);
}

/*
 * The last match is no coincidence: enough of the code is the same, or a reference leads to a place
 * that is known. Small functions look alike.
 */
static bool is_telling(struct search *search, const struct sut_def *def, uint64_t enough)
{
	const struct sut_match *match = &search->match;
	bool confirmed = false;

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
static bool try_guess(struct search *search, uint32_t index, uint64_t address, uint64_t enough)
{
	const struct sut_def *def = &search->proof->object->defs[index];

	if (!sut_match_function(&search->match, def, address) || !is_telling(search, def, enough))
		return false;
	accept(search, index, address);
	return search->proof->defs[index].state == SUT_PROOF_EQUAL;
}

static bool is_open(const struct search *search, uint32_t index)
{
	return sut_def_is_function(&search->proof->object->defs[index]) &&
	       search->proof->defs[index].state == SUT_PROOF_ABSENT;
}

/* Symbols that can be the definition: of its kind, and of its source where the target tells. */
static size_t name_candidates(const struct search *search, const struct sut_def *def,
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

static void find_by_name(struct search *search)
{
	for (size_t i = 0; i < search->proof->object->def_count; i++) {
		const struct sut_def *def = &search->proof->object->defs[i];
		uint64_t addresses[PLACES_MAX], found = 0;
		size_t matches = 0;

		if (!is_open(search, i))
			continue;
		size_t count = name_candidates(search, def, addresses, PLACES_MAX);

		if (count == 1) {
			try_certain(search, i, addresses[0]);
			continue;
		}
		for (size_t j = 0; j < count; j++) {
			if (!sut_match_function(&search->match, def, addresses[j]))
				continue;
			found = addresses[j];
			matches++;
		}
		if (matches == 1)
			try_certain(search, i, found);
	}
}

static void find_by_hints(struct search *search)
{
	const struct sut_proof *hints = search->hints;

	for (size_t i = 0; hints && i < hints->object->def_count; i++) {
		if (hints->defs[i].state != SUT_PROOF_EQUAL)
			continue;
		uint32_t def = sut_object_def(search->proof->object, hints->object->defs[i].name);

		if (def != SUT_NO_DEF && is_open(search, def))
			try_certain(search, def, hints->defs[i].address);
	}
}

static bool find_by_reference(struct search *search)
{
	const struct sut_object *object = search->proof->object;
	bool progress = false;

	for (size_t i = 0; i < object->def_count; i++) {
		const struct sut_located *section =
			&search->proof->sections[object->defs[i].section];

		if (!is_open(search, i) || !section->known)
			continue;
		try_certain(search, i, section->address + object->defs[i].offset);
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
static bool check_data(struct search *search)
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

/* Functions of one kind of section (.text, .text.unlikely, ...) lie together in the target. */
static size_t section_kind(const struct sut_section *section)
{
	static const char *const kinds[] = {".text.unlikely", ".text.exit", ".text.startup",
					    ".text.hot"};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!strncmp(section->name, kinds[i], strlen(kinds[i])))
			return i + 1;
	}
	return 0;
}

static uint64_t align_up(uint64_t value, uint64_t align)
{
	return align & (align - 1) ? value : (value + align - 1) & ~(align - 1);
}

static bool find_forward(struct search *search)
{
	const struct sut_object *object = search->proof->object;
	uint64_t ends[KINDS] = {0};
	bool progress = false;

	for (size_t i = 0; i < object->def_count; i++) {
		const struct sut_def *def = &object->defs[i];
		const struct sut_section *section = &object->sections[def->section];
		uint64_t *end = &ends[section_kind(section)];

		if (!sut_def_is_function(def))
			continue;
		if (is_open(search, i) && *end && !def->offset)
			progress |=
				try_guess(search, i, align_up(*end, section->align), TELLING_SIZE);
		const struct sut_proof_def *proven = &search->proof->defs[i];

		*end = proven->state == SUT_PROOF_EQUAL ? proven->address + proven->size : 0;
	}
	return progress;
}

static bool find_backward(struct search *search)
{
	const struct sut_object *object = search->proof->object;
	uint64_t starts[KINDS] = {0};
	bool progress = false;

	for (size_t i = object->def_count; i-- > 0;) {
		const struct sut_def *def = &object->defs[i];
		const struct sut_section *section = &object->sections[def->section];
		uint64_t *start = &starts[section_kind(section)];

		if (!sut_def_is_function(def))
			continue;
		if (is_open(search, i) && *start > def->size && !def->offset)
			progress |=
				try_guess(search, i, (*start - def->size) & ~(section->align - 1),
					  TELLING_SIZE);
		const struct sut_proof_def *proven = &search->proof->defs[i];

		*start = proven->state == SUT_PROOF_EQUAL ? proven->address : 0;
	}
	return progress;
}

/*
 * The functions from first on, all open, fill the room from start up to the next one that is known.
 * That is telling even if they are small.
 */
static bool fills_gap(struct search *search, uint32_t first, size_t kind, uint64_t start)
{
	const struct sut_object *object = search->proof->object;

	for (uint32_t i = first; i < object->def_count; i++) {
		const struct sut_def *def = &object->defs[i];
		const struct sut_section *section = &object->sections[def->section];
		uint64_t address = align_up(start, section->align);

		if (!sut_def_is_function(def) || section_kind(section) != kind)
			continue;
		if (search->proof->defs[i].state == SUT_PROOF_EQUAL)
			return search->proof->defs[i].address == address;
		if (!is_open(search, i) || def->offset ||
		    !sut_match_function(&search->match, def, address))
			return false;
		start = address + search->match.size;
	}
	return false;
}

static bool find_between(struct search *search)
{
	const struct sut_object *object = search->proof->object;
	uint64_t ends[KINDS] = {0};
	bool progress = false;

	for (size_t i = 0; i < object->def_count; i++) {
		const struct sut_def *def = &object->defs[i];
		const struct sut_section *section = &object->sections[def->section];
		size_t kind = section_kind(section);

		if (!sut_def_is_function(def))
			continue;
		if (is_open(search, i) && ends[kind] && fills_gap(search, i, kind, ends[kind])) {
			try_certain(search, i, align_up(ends[kind], section->align));
			progress = true;
		}
		const struct sut_proof_def *proven = &search->proof->defs[i];

		ends[kind] = proven->state == SUT_PROOF_EQUAL ? proven->address + proven->size : 0;
	}
	return progress;
}

/* What of a function's bytes no linker changes. */
struct run {
	uint32_t def;
	uint64_t offset; /* in the definition */
	uint64_t size;
};

static struct run longest_run(const struct sut_object *object, uint32_t index)
{
	const struct sut_def *def = &object->defs[index];
	const struct sut_section *section = &object->sections[def->section];
	size_t reloc = sut_section_reloc(section, def->offset);
	struct run best = {.def = index};
	uint64_t at = 0;

	while (at < def->size) {
		uint64_t end = def->size, next = def->size;

		if (reloc < section->reloc_count &&
		    section->relocs[reloc].offset - def->offset < def->size) {
			uint64_t field = section->relocs[reloc].offset - def->offset;

			/* A relaxed load changes up to three bytes in front of its field. */
			end = field > at + 3 ? field - 3 : at;
			next = field + sut_reloc_size(section->relocs[reloc].type);
			reloc++;
		}
		if (end - at > best.size)
			best = (struct run){index, at, end - at};
		at = next > at ? next : at + 1;
	}
	return best;
}

/* The only place in the segment where the function matches; false if there are none or several. */
static bool search_segment(struct search *search, const struct sut_def *def, const struct run *run,
			   const struct sut_target_segment *segment, uint64_t *address,
			   size_t *matches)
{
	const struct sut_section *section = &search->proof->object->sections[def->section];
	const unsigned char *needle = section->data + def->offset + run->offset;
	const unsigned char *at = segment->data, *end = segment->data + segment->file_size;
	size_t places = 0, size = run->size < RUN_MAX ? run->size : RUN_MAX;

	while ((at = memmem(at, end - at, needle, size))) {
		uint64_t offset = at++ - segment->data;

		if (++places > PLACES_MAX)
			return false;
		if (offset < run->offset ||
		    !sut_match_function(&search->match, def,
					segment->address + offset - run->offset))
			continue;
		*address = segment->address + offset - run->offset;
		if (++*matches > 1)
			return false;
	}
	return true;
}

static bool find_by_content(struct search *search, const struct run *run)
{
	const struct sut_def *def = &search->proof->object->defs[run->def];
	const struct sut_target *target = search->proof->target;
	uint64_t address = 0;
	size_t matches = 0;

	for (size_t i = 0; i < target->segment_count; i++) {
		if (target->segments[i].executable &&
		    !search_segment(search, def, run, &target->segments[i], &address, &matches))
			return false;
	}
	return matches == 1 && try_guess(search, run->def, address, UNIQUE_SIZE);
}

static void follow(struct search *search)
{
	bool progress;

	do {
		progress = find_by_reference(search);
		progress |= check_data(search);
		/* A function that a symbol table does not have was dropped by the linker. */
		if (search->proof->target->has_symtab)
			continue;
		progress |= find_between(search);
		progress |= find_forward(search);
		progress |= find_backward(search);
	} while (progress);
}

/* Labels in functions that became known later. */
static void check_pending(struct search *search)
{
	for (size_t i = 0; i < search->pending_count; i++) {
		const struct pending *pending = &search->pending[i];
		const struct sut_proof_def *proven = &search->proof->defs[pending->binding.index];

		if (proven->state == SUT_PROOF_EQUAL &&
		    !interior_agrees(search, &pending->binding) && pending->from != SUT_NO_DEF)
			set_different(search, pending->from,
				      search->proof->defs[pending->from].address, 0, contradiction);
	}
}

static int compare_runs(const void *a, const void *b)
{
	const struct run *left = a, *right = b;

	if (left->size != right->size)
		return left->size > right->size ? -1 : 1;
	return (left->def > right->def) - (left->def < right->def);
}

/* The most telling function first: what is found leads to others without a search. */
static void find_all_by_content(struct search *search)
{
	const struct sut_object *object = search->proof->object;
	struct run *runs = sut_arena_array(search->arena, object->def_count, sizeof(*runs));
	size_t count = 0;

	for (size_t i = 0; i < object->def_count; i++) {
		if (is_open(search, i))
			runs[count++] = longest_run(object, i);
	}
	if (count)
		qsort(runs, count, sizeof(*runs), compare_runs);
	for (size_t i = 0; i < count && runs[i].size >= RUN_MIN; i++) {
		if (is_open(search, runs[i].def) && find_by_content(search, &runs[i]))
			follow(search);
	}
}

static void count_results(struct sut_proof *proof)
{
	for (size_t i = 0; i < proof->object->def_count; i++) {
		if (!sut_def_is_function(&proof->object->defs[i]))
			continue;
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
	struct search search = {
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
	follow(&search);
	if (!target->has_symtab)
		find_all_by_content(&search);
	check_pending(&search);
	count_results(proof);
}

void sut_proof_judge(const struct sut_proof *proof, const char *source, struct sut_verdict *verdict)
{
	size_t count = 0;

	for (size_t i = 0; i < proof->object->def_count; i++) {
		const struct sut_def *def = &proof->object->defs[i];
		const struct sut_proof_def *proven = &proof->defs[i];

		if (proven->state != SUT_PROOF_DIFFERENT || ++count > NAMED_MAX)
			continue;
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
