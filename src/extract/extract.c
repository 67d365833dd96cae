// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sections are carried whole, in the order in which they are first needed; only strings and
 * constants are picked out one by one. The list of carried sections grows while their relocations
 * are resolved, until nothing new is needed.
 */
#include "extract/extract.h"
#include "extract/additions.h"
#include "extract/frames.h"
#include "object/labels.h"

#include <elf.h>
#include <sodium.h>
#include <string.h>

enum { ALIGN_MAX = 4096 /* bytes; what the patch file allows */ };

uint32_t sut_extract_symbol(struct sut_extract *extract, const struct sut_patch_symbol *symbol)
{
	struct sut_patch *patch = extract->patch;

	for (size_t i = 0; i < patch->symbol_count; i++) {
		const struct sut_patch_symbol *known = &patch->symbols[i];

		if (known->kind == symbol->kind && known->type == symbol->type &&
		    known->section == symbol->section && known->object == symbol->object &&
		    known->value == symbol->value && known->slot == symbol->slot &&
		    !strcmp(known->name, symbol->name))
			return i;
	}
	SUT_PUSH(extract->arena, patch->symbols, patch->symbol_count, extract->symbol_capacity) =
		*symbol;
	return patch->symbol_count - 1;
}

uint32_t sut_extract_own(struct sut_extract *extract, struct sut_part *part, uint32_t def)
{
	const struct sut_def *own = &part->diff->after->defs[def];
	struct sut_patch_symbol symbol = {
		.name = own->name,
		.kind = SUT_PATCH_SYMBOL_OWN,
		.type = own->type,
		.section = sut_extract_carry(extract, part, own->section),
		.value = own->offset,
		.size = own->size,
	};

	return sut_extract_symbol(extract, &symbol);
}

/* A section can be carried whole if there is nothing in it that must stay the original. */
static bool is_separate(const struct sut_part *part, uint32_t index)
{
	const struct sut_object *after = part->diff->after;
	const struct sut_section *section = &after->sections[index];

	if (section->flags & SHF_EXECINSTR)
		return section->def_count == 1;
	for (size_t i = 0; section->def_count > 1 && i < section->def_count; i++) {
		const struct sut_def *def = &after->defs[section->defs[i]];

		if (part->diff->change[section->defs[i]] != SUT_CHANGE_NEW &&
		    !sut_def_is_copied(after, def))
			return false;
	}
	return true;
}

uint32_t sut_extract_carry(struct sut_extract *extract, struct sut_part *part, uint32_t section)
{
	const struct sut_section *from = &part->diff->after->sections[section];
	struct sut_patch *patch = extract->patch;

	if (part->carried[section] != SUT_NO_DEF)
		return part->carried[section];
	if (!is_separate(part, section))
		sut_refuse(extract->verdict, "section",
			   sut_arena_printf(extract->arena, "%s: %s", part->unit->source,
					    from->name),
			   "%s puts several things into section %s, so one of them cannot be "
			   "carried alone; leave what is in that section as it is",
			   part->unit->source, from->name);
	if (from->align & (from->align - 1) || from->align > ALIGN_MAX)
		sut_refuse(extract->verdict, "section",
			   sut_arena_printf(extract->arena, "%s: %s", part->unit->source,
					    from->name),
			   "%s of %s wants an alignment of %zu bytes, and %d is the most that a "
			   "patch can give; leave it as it is",
			   from->name, part->unit->source, (size_t)from->align, ALIGN_MAX);
	part->carried[section] = patch->section_count;
	SUT_PUSH(extract->arena, extract->origins, extract->origin_count,
		 extract->origin_capacity) = (struct sut_origin){part, section};
	SUT_PUSH(extract->arena, patch->sections, patch->section_count, extract->section_capacity) =
		(struct sut_patch_section){
			.name = from->name,
			.object = part->object,
			.flags = from->flags & (SHF_ALLOC | SHF_WRITE | SHF_EXECINSTR),
			.align = from->align,
			.size = from->size,
			.data = from->data,
		};
	return patch->section_count - 1;
}

/* Resolves the relocations of one carried section, which may carry more. */
static void resolve_section(struct sut_extract *extract, size_t index)
{
	const struct sut_origin origin = extract->origins[index];
	const struct sut_section *from = &origin.part->diff->after->sections[origin.section];
	struct sut_patch_reloc *relocs;
	struct sut_reloc *entry;
	size_t entry_count =
		sut_labels_entry(extract->arena, origin.part->diff->after, from, &entry);
	size_t count = 0, i = 0, k = 0;

	if (!from->reloc_count && !entry_count)
		return;
	relocs = sut_arena_array(extract->arena, from->reloc_count + entry_count, sizeof(*relocs));
	while (i < from->reloc_count || k < entry_count) {
		bool own = i == from->reloc_count ||
			   (k < entry_count && entry[k].offset < from->relocs[i].offset);
		const struct sut_reloc *reloc = own ? &entry[k++] : &from->relocs[i++];

		if (sut_extract_resolve(extract, &origin, reloc, &relocs[count]))
			count++;
	}
	extract->patch->sections[index].relocs = relocs;
	extract->patch->sections[index].reloc_count = count;
}

/* Writes the picked strings and constants into their sections. */
static void fill_pools(struct sut_extract *extract)
{
	for (size_t i = 0; i < extract->origin_count; i++) {
		const struct sut_origin *origin = &extract->origins[i];
		const struct sut_pool *pool = &origin->part->pools[origin->section];
		const struct sut_section *from =
			&origin->part->diff->after->sections[origin->section];
		struct sut_patch_section *section = &extract->patch->sections[i];

		if (!pool->count)
			continue;
		const struct sut_pool_element *last = &pool->elements[pool->count - 1];
		unsigned char *data = sut_arena_alloc(extract->arena, last->to + last->size);

		for (size_t j = 0; j < pool->count; j++)
			memcpy(data + pool->elements[j].to, from->data + pool->elements[j].from,
			       pool->elements[j].size);
		section->data = data;
		section->size = last->to + last->size;
	}
}

/* A symbol of the target is one of the definition's names; "f@VERSION" is f there. */
static bool is_name_of(const struct sut_object *object, uint32_t def, const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < object->symbol_count; i++) {
		const struct sut_symbol *symbol = &object->symbols[i];

		if (symbol->def == def && !strncmp(symbol->name, name, length) &&
		    (!symbol->name[length] || symbol->name[length] == '@'))
			return true;
	}
	return false;
}

/* Another function's code lies at the same address: the linker folded the two into one. */
static const char *find_folded(const struct sut_part *part, uint32_t root, uint64_t address)
{
	const struct sut_target *target = part->proof->target;
	const struct sut_object *before = part->diff->before;

	for (size_t i = 0; i < target->symbol_count; i++) {
		const struct sut_target_symbol *symbol = &target->symbols[i];

		if (symbol->address == address && symbol->type == STT_FUNC && symbol->size &&
		    !is_name_of(before, root, symbol->name))
			return symbol->name;
	}
	return NULL;
}

/* Another function of the patch whose old code lies in the same place: likewise. */
static const char *find_overlap(const struct sut_patch *patch, const struct sut_patch_func *func)
{
	const struct sut_patch_piece *entry = &func->pieces[0];

	for (size_t i = 0; i < patch->func_count; i++) {
		const struct sut_patch_func *other = &patch->funcs[i];

		for (size_t j = 0; other->object == func->object && j < other->piece_count; j++) {
			if (entry->address - other->pieces[j].address < other->pieces[j].size ||
			    other->pieces[j].address - entry->address < entry->size)
				return other->name;
		}
	}
	return NULL;
}

/* The pieces of the old function, the entry first. false: a refusal was added. */
static bool find_old_pieces(struct sut_extract *extract, const struct sut_part *part, uint32_t root,
			    struct sut_patch_func *func)
{
	const struct sut_object *before = part->diff->before;
	const struct sut_target *target = part->proof->target;
	size_t capacity = 0;

	for (size_t step = 0; step <= before->def_count; step++) {
		uint32_t index = step ? step - 1 : root;
		const struct sut_proof_def *proven = &part->proof->defs[index];

		if (step && (index == root || before->defs[index].parent != root))
			continue;
		const unsigned char *bytes =
			sut_target_bytes(target, proven->address, proven->size);

		if (proven->state != SUT_PROOF_EQUAL || !proven->size || !bytes) {
			if (proven->state != SUT_PROOF_DIFFERENT)
				sut_refuse(extract->verdict, "match", before->defs[index].name,
					   "%s of %s was not found in %s, so it cannot be "
					   "replaced; build with the compiler, flags, headers and "
					   "source of the target",
					   before->defs[index].name, part->unit->source,
					   target->name);
			return false;
		}
		struct sut_patch_piece *piece =
			&SUT_PUSH(extract->arena, func->pieces, func->piece_count, capacity);

		*piece = (struct sut_patch_piece){proven->address, proven->size, {0}};
		crypto_hash_sha256(piece->sha256, bytes, proven->size);
	}
	const char *folded = find_folded(part, root, func->pieces[0].address);

	if (!folded)
		folded = find_overlap(extract->patch, func);
	if (folded)
		sut_refuse(extract->verdict, "entry", folded,
			   "%s of %s shares its code with %s in %s, which would change, too; link "
			   "without --icf",
			   func->name, part->unit->source, folded, target->name);
	return !folded;
}

static void find_new_pieces(struct sut_extract *extract, struct sut_part *part, uint32_t root,
			    struct sut_patch_func *func)
{
	const struct sut_object *after = part->diff->after;
	size_t capacity = 0;

	for (size_t i = 0; i < after->def_count; i++) {
		if (i == root || after->defs[i].parent != root)
			continue;
		SUT_PUSH(extract->arena, func->new_pieces, func->new_piece_count, capacity) =
			sut_extract_own(extract, part, i);
	}
}

static void add_func(struct sut_extract *extract, struct sut_part *part, uint32_t root)
{
	const struct sut_def *def = &part->diff->after->defs[root];
	uint32_t twin = part->diff->twins.before[root];
	struct sut_patch *patch = extract->patch;
	struct sut_patch_func func = {
		.name = def->name,
		.kind = SUT_PATCH_FUNC_NEW,
		.object = part->object,
		.symbol = sut_extract_own(extract, part, root),
		.source = "",
	};

	if (part->diff->change[root] == SUT_CHANGE_CHANGED) {
		func.kind = SUT_PATCH_FUNC_CHANGED;
		if (!find_old_pieces(extract, part, twin, &func))
			return;
	}
	find_new_pieces(extract, part, root, &func);
	SUT_PUSH(extract->arena, patch->funcs, patch->func_count, extract->func_capacity) = func;
}

/* Functions that were carried because others need them, in the order of their sections. */
static void add_needed_funcs(struct sut_extract *extract, size_t from)
{
	for (size_t i = from; i < extract->origin_count; i++) {
		struct sut_part *part = extract->origins[i].part;
		const struct sut_object *after = part->diff->after;
		const struct sut_section *section = &after->sections[extract->origins[i].section];

		if (!(section->flags & SHF_EXECINSTR) || !section->def_count)
			continue;
		uint32_t root = after->defs[section->defs[0]].parent;

		if (part->diff->change[root] != SUT_CHANGE_CHANGED && root == section->defs[0])
			add_func(extract, part, root);
	}
}

/* Another unit has brought its copy of the inline function. */
static bool is_there(const struct sut_extract *extract, const struct sut_part *part, uint32_t root)
{
	const struct sut_def *def = &part->diff->after->defs[root];
	const struct sut_patch *patch = extract->patch;

	for (size_t i = 0; def->shared && i < patch->func_count; i++)
		if (patch->funcs[i].object == part->object &&
		    patch->funcs[i].kind == SUT_PATCH_FUNC_CHANGED &&
		    !strcmp(patch->funcs[i].name, def->name))
			return true;
	return false;
}

static void carry_changed(struct sut_extract *extract, struct sut_part *part)
{
	const struct sut_object *after = part->diff->after;

	for (size_t i = 0; i < after->def_count; i++) {
		if (after->defs[i].parent == i && sut_def_is_function(&after->defs[i]) &&
		    part->diff->change[i] == SUT_CHANGE_CHANGED && !is_there(extract, part, i))
			add_func(extract, part, i);
	}
}

static void prepare_part(struct sut_extract *extract, struct sut_part *part)
{
	size_t count = part->diff->after->section_count;

	part->carried = sut_arena_array(extract->arena, count, sizeof(*part->carried));
	part->pools = sut_arena_array(extract->arena, count, sizeof(*part->pools));
	part->frames = NULL;
	for (size_t i = 0; i < count; i++)
		part->carried[i] = SUT_NO_DEF;
}

enum sut_rc sut_extract_run(struct sut_extract *extract, struct sut_diag *diag)
{
	if (sodium_init() < 0)
		return sut_fail(diag, SUT_SYSTEM, "", "libsodium cannot be initialised");
	for (size_t i = 0; i < extract->part_count; i++)
		prepare_part(extract, &extract->parts[i]);
	for (size_t i = 0; i < extract->part_count; i++)
		carry_changed(extract, &extract->parts[i]);
	sut_additions_carry(extract);
	for (size_t i = 0; i < extract->origin_count; i++) {
		size_t before = extract->origin_count;

		resolve_section(extract, i);
		add_needed_funcs(extract, before);
		before = extract->origin_count;
		sut_frames_carry(extract, &(struct sut_origin){extract->origins[i].part,
							       extract->origins[i].section});
		add_needed_funcs(extract, before);
	}
	sut_frames_finish(extract);
	fill_pools(extract);
	return SUT_OK;
}
