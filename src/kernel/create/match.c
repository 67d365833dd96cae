// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vmlinux as a target of the proof, and what a proof against a kernel has to know beside it: there
 * are no names of sources in kallsyms, so functions of one name are told apart by their neighbours.
 */
#include "kernel/create/match.h"
#include "object/kernel.h"

#include <elf.h>
#include <string.h>

enum {
	NEAR = 1 << 16,   /* bytes; a unit's functions lie nearer to each other */
	NAMESAKES = 1024, /* functions of one name that are looked at */
};

/* Code, an address without a section, or data, by the letter of nm(1). */
static unsigned char symbol_type(char type)
{
	return strchr("tTwW", type) ? STT_FUNC : STT_OBJECT;
}

static void add_segments(struct sut_arena *arena, const struct sut_kernel_elf *elf,
			 struct sut_target *target)
{
	target->segments = sut_arena_array(arena, elf->section_count, sizeof(*target->segments));
	for (size_t i = 0; i < elf->section_count; i++) {
		const struct sut_kernel_section *section = &elf->sections[i];

		if (!(section->flags & SHF_ALLOC) || !section->size)
			continue;
		target->segments[target->segment_count++] = (struct sut_target_segment){
			.address = section->address,
			.size = section->size,
			.file_size = section->data ? section->size : 0,
			.data = section->data,
			.executable = section->flags & SHF_EXECINSTR,
			.writable = section->flags & SHF_WRITE,
		};
	}
}

void sut_kernel_target_vmlinux(struct sut_arena *arena, const struct sut_kernel_image *image,
			       const struct sut_kernel_symbols *symbols,
			       struct sut_kernel_target *target)
{
	struct sut_target *linked = &target->target;

	*target = (struct sut_kernel_target){.object = "vmlinux", .symbols = symbols};
	linked->path = image->elf.path;
	linked->name = "vmlinux";
	linked->soname = linked->runpath = "";
	linked->executable = linked->has_symtab = true;
	linked->bytes = image->elf.bytes;
	if (image->elf.build_id_size <= sizeof(linked->build_id)) {
		linked->build_id_size = image->elf.build_id_size;
		memcpy(linked->build_id, image->elf.build_id, image->elf.build_id_size);
	}
	add_segments(arena, &image->elf, linked);
	linked->symbols = sut_arena_array(arena, symbols->count, sizeof(*linked->symbols));
	for (size_t i = 0; i < symbols->count; i++) {
		uint32_t index = symbols->by_name[i];
		const struct sut_kernel_symbol *symbol = &symbols->list[index];

		linked->symbols[linked->symbol_count++] = (struct sut_target_symbol){
			.name = symbol->name,
			.file = "",
			.address = symbol->address,
			.size = symbol->size,
			.type = symbol_type(symbol->type),
			.local = symbol->local,
			.order = index,
		};
	}
}

const struct sut_kernel_symbol *sut_kernel_target_symbol(const struct sut_kernel_target *target,
							 const char *name, uint64_t address)
{
	size_t count;
	const uint32_t *found = sut_kernel_symbols_find(target->symbols, name, &count);

	for (size_t i = 0; i < count; i++) {
		const struct sut_kernel_symbol *symbol = &target->symbols->list[found[i]];
		uint64_t base = 0;

		if (target->addresses && symbol->section < target->address_count)
			base = target->addresses[symbol->section];
		if (base + symbol->address == address)
			return symbol;
	}
	return NULL;
}

const struct sut_kernel_symbol *sut_kernel_target_unique(const struct sut_kernel_target *target,
							 const char *name)
{
	size_t count;
	const uint32_t *found = sut_kernel_symbols_find(target->symbols, name, &count);

	return count == 1 ? &target->symbols->list[found[0]] : NULL;
}

/* Where functions lie in a range of their own in a linked object: what -ffunction-sections adds to
 * a section's name is no part of it. */
static size_t kind_length(const char *section)
{
	static const char *const kinds[] = {".text.unlikely", ".text.hot", ".text.startup",
					    ".text.exit", ".text"};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t length = strlen(kinds[i]);

		if (!strncmp(section, kinds[i], length) &&
		    (!section[length] || section[length] == '.'))
			return length;
	}
	return strlen(section);
}

static bool same_kind(const struct sut_object *object, uint32_t a, uint32_t b)
{
	const char *one = object->sections[object->defs[a].section].name;
	const char *other = object->sections[object->defs[b].section].name;
	size_t length = kind_length(one);

	return length == kind_length(other) && !memcmp(one, other, length);
}

static size_t count_names(const struct sut_target *target, const char *name)
{
	size_t count;

	sut_target_find(target, name, &count);
	return count;
}

/* The next function in that direction whose place is certain. */
static const struct sut_proof_def *find_neighbour(const struct sut_proof *proof, uint32_t def,
						  int step)
{
	const struct sut_object *object = proof->object;

	for (size_t i = def + step; i < object->def_count; i += step) {
		if (sut_def_is_function(&object->defs[i]) && same_kind(object, def, i) &&
		    proof->defs[i].state == SUT_PROOF_EQUAL &&
		    count_names(proof->target, object->defs[i].name) == 1)
			return &proof->defs[i];
	}
	return NULL;
}

/* Where the function must begin, as far as its neighbours tell. */
struct window {
	bool known;
	uint64_t from, to;
};

static struct window find_window(const struct sut_proof *proof, uint32_t def)
{
	const struct sut_proof_def *before = find_neighbour(proof, def, -1);
	const struct sut_proof_def *behind = find_neighbour(proof, def, 1);
	struct window window = {.known = before || behind};

	if (!window.known)
		return window;
	window.from = before ? before->address + before->size : behind->address - NEAR;
	window.to = behind ? behind->address : before->address + before->size + NEAR;
	return window;
}

/* The only symbol of the function's name that lies between its neighbours. */
static bool find_between(const struct sut_proof *proof, uint32_t def, uint64_t *address)
{
	size_t count, found = 0;
	const struct sut_target_symbol *symbols =
		sut_target_find(proof->target, proof->object->defs[def].name, &count);
	struct window window = find_window(proof, def);

	for (size_t i = 0; window.known && i < count && i < NAMESAKES; i++) {
		if (symbols[i].type != STT_FUNC || symbols[i].address < window.from ||
		    symbols[i].address >= window.to)
			continue;
		*address = symbols[i].address;
		found++;
	}
	return found == 1;
}

/*
 * What may differ in the right kernel: a weak function whose place another unit's took, code that
 * is gone when the kernel has started and refers to such, and what is filled in after the link.
 */
static bool may_differ(const struct sut_object *object, const struct sut_def *def)
{
	const char *section = object->sections[def->section].name;
	const struct sut_special *special = sut_kernel_special(section);

	return object->symbols[def->symbol].bind == STB_WEAK ||
	       (special && special->policy == SUT_SPECIAL_START_UP) || !strcmp(section, ".BTF_ids");
}

static void count_again(struct sut_proof *proof)
{
	proof->equal = proof->different = proof->absent = 0;
	for (size_t i = 0; i < proof->object->def_count; i++) {
		enum sut_proof_state state = proof->defs[i].state;

		if (!sut_def_is_function(&proof->object->defs[i]))
			continue;
		proof->equal += state == SUT_PROOF_EQUAL;
		proof->different += state == SUT_PROOF_DIFFERENT;
		proof->absent += state == SUT_PROOF_ABSENT;
	}
}

/* What was found by a name that is not the function's alone must lie between its neighbours. */
static void check_places(struct sut_proof *proof)
{
	static const char elsewhere[] =
		"one of that name and content lies only among the functions "
		"of another unit";
	const struct sut_object *object = proof->object;

	for (size_t i = 0; i < object->def_count; i++) {
		struct sut_proof_def *proven = &proof->defs[i];

		if (proven->state == SUT_PROOF_DIFFERENT && may_differ(object, &object->defs[i]))
			*proven = (struct sut_proof_def){.state = SUT_PROOF_ABSENT};
		if (!sut_def_is_function(&object->defs[i]) || proven->state != SUT_PROOF_EQUAL ||
		    count_names(proof->target, object->defs[i].name) < 2)
			continue;
		struct window window = find_window(proof, i);

		if (window.known &&
		    (proven->address < window.from || proven->address >= window.to)) {
			proven->state = SUT_PROOF_DIFFERENT;
			proven->reason = elsewhere;
		}
	}
}

void sut_kernel_prove(struct sut_arena *arena, const struct sut_object *object,
		      const struct sut_kernel_target *target, struct sut_proof *proof)
{
	struct sut_proof first, hints;
	size_t hint_count = 0;

	sut_proof_run(arena, object, &target->target, NULL, &first);
	hints = first;
	hints.defs = sut_arena_array(arena, object->def_count, sizeof(*hints.defs));
	for (size_t i = 0; i < object->def_count; i++) {
		if (!sut_def_is_function(&object->defs[i]) ||
		    first.defs[i].state != SUT_PROOF_ABSENT ||
		    !find_between(&first, i, &hints.defs[i].address))
			continue;
		hints.defs[i].state = SUT_PROOF_EQUAL;
		hint_count++;
	}
	if (hint_count)
		sut_proof_run(arena, object, &target->target, &hints, &first);
	*proof = first;
	check_places(proof);
	count_again(proof);
}
