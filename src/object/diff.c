// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * References are compared by what they mean:
 *
 *   to a merged string or constant   the element's bytes
 *   to constant data of this unit    its content, recursively; a changed table changes its readers
 *   to anything else with a name     the twin, and the same offset in it
 *   to data without a name           jump tables and the like: the whole section's content
 *   to another unit                  the name
 *
 * Constant data may refer to itself in a circle. A pair that is being compared counts as equal
 * then; such a result is not remembered unless it was the outermost one.
 */
#include "object/diff.h"
#include "object/handlers.h"
#include "object/kernel.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

/* Two ranges whose contents are compared or were. */
struct pair {
	uint32_t before, after; /* sections */
	uint64_t before_offset, after_offset;
	uint64_t size;
};

struct verdict {
	struct pair pair;
	enum { BUSY, EQUAL, DIFFERENT, UNKNOWN } state;
};

struct compare {
	struct sut_arena *arena;
	struct sut_diff *diff;
	const struct sut_handlers *old_handlers, *new_handlers; /* by section */
	size_t count, capacity;
	struct verdict *verdicts;
	size_t depth;
	bool circle; /* a busy pair was taken for equal */
};

static bool same_range(struct compare *compare, const struct pair *pair);

bool sut_def_is_copied(const struct sut_object *object, const struct sut_def *def)
{
	/* A pointer for the tables of exception handlers, one for each name in every unit. */
	if (!strncmp(def->name, "DW.ref.", strlen("DW.ref.")))
		return true;
	return def->type == STT_OBJECT && def->local &&
	       sut_section_is_constant(&object->sections[def->section]);
}

static bool same_element(const struct sut_section *before, int64_t old_offset,
			 const struct sut_section *after, int64_t new_offset)
{
	if (old_offset < 0 || new_offset < 0)
		return false;
	uint64_t size = sut_section_element(before, old_offset);

	return size && size == sut_section_element(after, new_offset) &&
	       !memcmp(before->data + old_offset, after->data + new_offset, size);
}

static bool same_def(struct compare *compare, uint32_t before, uint32_t after)
{
	const struct sut_def *old = &compare->diff->before->defs[before];
	const struct sut_def *new = &compare->diff->after->defs[after];
	struct pair pair = {old->section, new->section, old->offset, new->offset, old->size};

	return old->size == new->size && old->type == new->type &&same_range(compare, &pair);
}

/* What is caught and cleaned up in a function, and where. */
static bool same_handlers(struct compare *compare, uint32_t before, uint32_t after)
{
	const struct sut_diff *diff = compare->diff;
	const struct sut_handlers *old = &compare->old_handlers[diff->before->defs[before].section];
	const struct sut_handlers *new = &compare->new_handlers[diff->after->defs[after].section];
	struct pair pair = {old->section, new->section, old->offset, new->offset, 0};

	if (!sut_def_is_function(&diff->after->defs[after]) || (!old->section && !new->section))
		return true;
	if (!old->section || !new->section)
		return false;
	pair.size = sut_section_piece(&diff->before->sections[old->section], old->offset);
	return pair.size == sut_section_piece(&diff->after->sections[new->section], new->offset) &&
	       same_range(compare, &pair);
}

/* A string or a number among others. */
static bool same_piece(const struct sut_section *before, int64_t old_offset,
		       const struct sut_section *after, int64_t new_offset)
{
	if (old_offset < 0 || new_offset < 0)
		return false;
	uint64_t size = sut_section_piece(before, old_offset);

	return size && size == sut_section_piece(after, new_offset) &&
	       !memcmp(before->data + old_offset, after->data + new_offset, size);
}

/* Data that no symbol covers: its section as a whole, at the same offset. */
static bool same_anonymous(struct compare *compare, const struct sut_place *before,
			   const struct sut_place *after)
{
	const struct sut_section *old = &compare->diff->before->sections[before->section];
	const struct sut_section *new = &compare->diff->after->sections[after->section];
	struct pair pair = {before->section, after->section, 0, 0, old->size};

	if (sut_section_is_pool(old) && sut_section_is_pool(new) && before->exact && after->exact)
		return same_piece(old, before->offset, new, after->offset);
	if (before->offset != after->offset || old->flags != new->flags || old->size != new->size)
		return false;
	if (strcmp(sut_name_normal(compare->arena, old->name),
		   sut_name_normal(compare->arena, new->name)) != 0)
		return false;
	return same_range(compare, &pair);
}

/* A call of a static function needs no stub, where one of another may; the linker sees to it. */
static bool same_field(const struct compare *compare, uint32_t old, uint32_t new)
{
	bool near = (old == R_X86_64_PC32 || old == R_X86_64_PLT32) &&
		    (new == R_X86_64_PC32 || new == R_X86_64_PLT32);

	return old == new || (compare->diff->part && near);
}

/* What a part of the unit leaves to the rest of it. */
static bool same_rest(const struct compare *compare, const struct sut_reloc *old,
		      const struct sut_place *from, const struct sut_reloc *new,
		      const struct sut_place *to)
{
	const struct sut_object *before = compare->diff->before, *after = compare->diff->after;

	return compare->diff->part && from->section && !to->section && from->def != SUT_NO_DEF &&
	       same_field(compare, old->type, new->type) && from->delta == to->offset &&
	       !strcmp(before->defs[from->def].name, after->symbols[to->symbol].name);
}

static bool same_reference(struct compare *compare, const struct sut_section *old_section,
			   const struct sut_reloc *old, const struct sut_section *new_section,
			   const struct sut_reloc *new);

/* An entry of PowerPC's table of contents means what it leads to, wherever it is in the table. */
static bool same_entry(struct compare *compare, const struct sut_place *before,
		       const struct sut_place *after)
{
	const struct sut_section *old = &compare->diff->before->sections[before->section];
	const struct sut_section *new = &compare->diff->after->sections[after->section];
	size_t i = sut_section_reloc(old, before->offset);
	size_t j = sut_section_reloc(new, after->offset);

	return i < old->reloc_count && old->relocs[i].offset == (uint64_t)before->offset &&
	       j < new->reloc_count &&new->relocs[j].offset ==
		       (uint64_t)after->offset &&same_reference(compare, old, &old->relocs[i], new,
								&new->relocs[j]);
}

/* What a macro made for this use, in a kernel. */
static bool same_use(const struct compare *compare, const struct sut_place *before,
		     const struct sut_place *after)
{
	const struct sut_object *old = compare->diff->before, *new = compare->diff->after;
	const struct sut_special *special = sut_kernel_special(old->sections[before->section].name);

	if (before->def == SUT_NO_DEF)
		return special && special == sut_kernel_special(new->sections[after->section].name);
	const char *name = sut_kernel_static(old->defs[before->def].name);

	return name && name == sut_kernel_static(new->defs[after->def].name) &&
	       before->delta == after->delta && !sut_def_is_copied(old, &old->defs[before->def]);
}

static bool same_reference(struct compare *compare, const struct sut_section *old_section,
			   const struct sut_reloc *old, const struct sut_section *new_section,
			   const struct sut_reloc *new)
{
	const struct sut_object *before = compare->diff->before, *after = compare->diff->after;
	struct sut_place from = sut_object_place(before, old_section, old);
	struct sut_place to = sut_object_place(after, new_section, new);

	if (same_rest(compare, old, &from, new, &to))
		return true;
	if (!same_field(compare, old->type, new->type) || !from.section != !to.section)
		return false;
	if (!from.section)
		return from.offset == to.offset &&
		       !strcmp(before->symbols[from.symbol].name, after->symbols[to.symbol].name);
	const struct sut_section *source = &before->sections[from.section];
	const struct sut_section *target = &after->sections[to.section];

	if (!sut_section_same_kind(source, target))
		return false;
	if (sut_section_is_merged(source) && sut_section_is_merged(target) && from.exact)
		return from.offset - from.element == to.offset - to.element &&
		       same_element(source, from.element, target, to.element);
	if ((from.def == SUT_NO_DEF) != (to.def == SUT_NO_DEF))
		return false;
	if (!strcmp(source->name, ".toc") && !strcmp(target->name, ".toc"))
		return same_entry(compare, &from, &to);
	if (compare->diff->kernel && same_use(compare, &from, &to))
		return true;
	if (from.def == SUT_NO_DEF)
		return same_anonymous(compare, &from, &to);
	if (from.delta != to.delta)
		return false;
	if (sut_def_is_copied(before, &before->defs[from.def]) &&
	    sut_def_is_copied(after, &after->defs[to.def]))
		return same_def(compare, from.def, to.def);
	return compare->diff->twins.after[from.def] == to.def;
}

static bool same_references(struct compare *compare, const struct pair *pair)
{
	const struct sut_section *old = &compare->diff->before->sections[pair->before];
	const struct sut_section *new = &compare->diff->after->sections[pair->after];
	size_t i = sut_section_reloc(old, pair->before_offset);
	size_t j = sut_section_reloc(new, pair->after_offset);

	for (;; i++, j++) {
		bool more = i < old->reloc_count &&
			    old->relocs[i].offset - pair->before_offset < pair->size;

		if (more != (j < new->reloc_count &&new->relocs[j].offset - pair->after_offset <
			     pair->size))
			return false;
		if (!more)
			return true;
		if (old->relocs[i].offset - pair->before_offset !=
			    new->relocs[j].offset - pair->after_offset ||
		    !same_reference(compare, old, &old->relocs[i], new, &new->relocs[j]))
			return false;
	}
}

static bool same_but_lines(const struct compare *compare, const struct pair *pair)
{
	const struct sut_object *before = compare->diff->before, *after = compare->diff->after;
	const struct sut_kernel_pair code = {
		.before = before,
		.after = after,
		.old = &before->sections[pair->before],
		.new = &after->sections[pair->after],
		.old_offset = pair->before_offset,
		.new_offset = pair->after_offset,
		.size = pair->size,
	};

	return compare->diff->kernel && sut_kernel_same_but_lines(&code);
}

static bool same_content(struct compare *compare, const struct pair *pair)
{
	const unsigned char *old = compare->diff->before->sections[pair->before].data;
	const unsigned char *new = compare->diff->after->sections[pair->after].data;

	if (!old != !new || !sut_section_same_kind(&compare->diff->before->sections[pair->before],
						   &compare->diff->after->sections[pair->after]))
		return false;
	if (old && memcmp(old + pair->before_offset, new + pair->after_offset, pair->size) != 0 &&
	    !same_but_lines(compare, pair))
		return false;
	return same_references(compare, pair);
}

static bool same_pair(const struct pair *a, const struct pair *b)
{
	return a->before == b->before && a->after == b->after &&
	       a->before_offset == b->before_offset && a->after_offset == b->after_offset &&
	       a->size == b->size;
}

static bool same_range(struct compare *compare, const struct pair *pair)
{
	size_t index;

	for (index = 0; index < compare->count; index++) {
		if (same_pair(&compare->verdicts[index].pair, pair))
			break;
	}
	if (index == compare->count)
		SUT_PUSH(compare->arena, compare->verdicts, compare->count, compare->capacity) =
			(struct verdict){*pair, UNKNOWN};
	switch (compare->verdicts[index].state) {
	case BUSY:
		compare->circle = true;
		return true;
	case EQUAL:
		return true;
	case DIFFERENT:
		return false;
	case UNKNOWN:
		break;
	}
	compare->verdicts[index].state = BUSY;
	if (!compare->depth++)
		compare->circle = false;
	bool same = same_content(compare, pair);

	compare->depth--;
	if (same && compare->circle && compare->depth)
		compare->verdicts[index].state = UNKNOWN;
	else
		compare->verdicts[index].state = same ? EQUAL : DIFFERENT;
	return same;
}

static bool same_entry_references(void *context, const struct sut_kernel_pair *entry)
{
	struct compare *compare = context;
	const struct pair pair = {
		.before = entry->old - entry->before->sections,
		.after = entry->new - entry->after->sections,
		.before_offset = entry->old_offset,
		.after_offset = entry->new_offset,
		.size = entry->size,
	};

	return same_references(compare, &pair);
}

/* The pieces of a function change together. */
static void join_pieces(struct sut_diff *diff)
{
	const struct sut_object *after = diff->after;

	for (size_t i = 0; i < after->def_count; i++) {
		uint32_t parent = after->defs[i].parent;

		if (diff->change[i] != SUT_CHANGE_NONE && diff->change[parent] == SUT_CHANGE_NONE)
			diff->change[parent] = SUT_CHANGE_CHANGED;
	}
	for (size_t i = 0; i < after->def_count; i++)
		diff->change[i] = diff->change[after->defs[i].parent];
}

static void compare_all(struct sut_arena *arena, struct sut_diff *diff)
{
	const struct sut_object *after = diff->after;
	struct compare compare = {
		.arena = arena,
		.diff = diff,
		.old_handlers = sut_handlers_find(arena, diff->before),
		.new_handlers = sut_handlers_find(arena, after),
	};

	diff->change = sut_arena_array(arena, after->def_count, sizeof(*diff->change));
	for (size_t i = 0; i < after->def_count; i++) {
		uint32_t twin = diff->twins.before[i];

		if (twin == SUT_NO_DEF)
			diff->change[i] = SUT_CHANGE_NEW;
		else if (!same_def(&compare, twin, i) || !same_handlers(&compare, twin, i))
			diff->change[i] = SUT_CHANGE_CHANGED;
	}
	if (diff->kernel)
		sut_kernel_compare_entries(arena, diff, same_entry_references, &compare);
	join_pieces(diff);
}

static void run(struct sut_arena *arena, struct sut_diff *diff)
{
	sut_twins_find(arena, diff->before, diff->after, &diff->twins);
	compare_all(arena, diff);
}

/* A static function that is not the same has no twin any more, so who calls it differs as well. */
static bool part_changed(struct sut_diff *diff)
{
	const struct sut_object *after = diff->after;
	bool more = false;

	for (size_t i = 0; i < after->def_count; i++) {
		uint32_t twin = diff->twins.before[i];

		if (diff->change[i] != SUT_CHANGE_CHANGED || twin == SUT_NO_DEF ||
		    !sut_def_is_function(&after->defs[i]) ||
		    !after->defs[after->defs[i].parent].local)
			continue;
		diff->twins.before[i] = diff->twins.after[twin] = SUT_NO_DEF;
		more = true;
	}
	return more;
}

void sut_diff_run(struct sut_arena *arena, const struct sut_object *before,
		  const struct sut_object *after, struct sut_diff *diff)
{
	*diff = (struct sut_diff){.before = before, .after = after};
	run(arena, diff);
}

void sut_diff_kernel(struct sut_arena *arena, const struct sut_object *before,
		     const struct sut_object *after, struct sut_diff *diff)
{
	*diff = (struct sut_diff){.before = before, .after = after, .kernel = true};
	run(arena, diff);
}

void sut_diff_part(struct sut_arena *arena, const struct sut_object *before,
		   const struct sut_object *after, struct sut_diff *diff)
{
	*diff = (struct sut_diff){.before = before, .after = after, .part = true};
	sut_twins_find(arena, before, after, &diff->twins);
	do
		compare_all(arena, diff);
	while (part_changed(diff));
}

void sut_diff_identity(struct sut_arena *arena, const struct sut_object *object,
		       struct sut_diff *diff)
{
	*diff = (struct sut_diff){
		.before = object,
		.after = object,
		.twins.before = sut_arena_array(arena, object->def_count, sizeof(uint32_t)),
		.twins.doubtful = sut_arena_array(arena, object->def_count, sizeof(bool)),
		.change = sut_arena_array(arena, object->def_count, sizeof(*diff->change)),
	};
	diff->twins.after = diff->twins.before;
	for (size_t i = 0; i < object->def_count; i++)
		diff->twins.before[i] = i;
}
