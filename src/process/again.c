// SPDX-License-Identifier: GPL-2.0-or-later
#include "process/again.h"
#include "process/dynamic.h"

#include <string.h>

struct copying {
	struct sut_arena *arena;
	const struct sut_patch *from;
	struct sut_patch *to;
	uint32_t *objects, *sections, *symbols; /* index of the copy, or of what needs none */
};

static void *grown(struct sut_arena *arena, const void *list, size_t count, size_t size)
{
	void *twice = sut_arena_array(arena, 2 * count, size);

	if (count)
		memcpy(twice, list, count * size);
	return twice;
}

static void copy_objects(struct copying *c, const bool *twice, uint32_t **origin)
{
	const struct sut_patch *from = c->from;
	struct sut_patch *to = c->to;

	to->objects = grown(c->arena, from->objects, from->object_count, sizeof(to->objects[0]));
	*origin = sut_arena_array(c->arena, 2 * from->object_count, sizeof(**origin));
	for (uint32_t i = 0; i < from->object_count; i++)
		(*origin)[i] = c->objects[i] = i;
	for (uint32_t i = 0; i < from->object_count; i++) {
		if (!twice[i])
			continue;
		c->objects[i] = (uint32_t)to->object_count;
		(*origin)[to->object_count] = i;
		to->objects[to->object_count++] = from->objects[i];
	}
}

static void copy_sections(struct copying *c)
{
	const struct sut_patch *from = c->from;
	struct sut_patch *to = c->to;

	to->sections =
		grown(c->arena, from->sections, from->section_count, sizeof(to->sections[0]));
	for (uint32_t i = 0; i < from->section_count; i++) {
		struct sut_patch_section copy = from->sections[i];

		c->sections[i] = i;
		if (c->objects[copy.object] == copy.object)
			continue;
		copy.object = c->objects[copy.object];
		c->sections[i] = (uint32_t)to->section_count;
		to->sections[to->section_count++] = copy;
	}
}

static void copy_symbols(struct copying *c)
{
	const struct sut_patch *from = c->from;
	struct sut_patch *to = c->to;

	to->symbols = grown(c->arena, from->symbols, from->symbol_count, sizeof(to->symbols[0]));
	for (uint32_t i = 0; i < from->symbol_count; i++) {
		struct sut_patch_symbol copy = from->symbols[i];

		if (copy.kind == SUT_PATCH_SYMBOL_OWN)
			copy.section = c->sections[copy.section];
		else if (sut_patch_symbol_has_object(&copy))
			copy.object = c->objects[copy.object];
		c->symbols[i] = i;
		if (copy.section == from->symbols[i].section &&
		    copy.object == from->symbols[i].object)
			continue;
		c->symbols[i] = (uint32_t)to->symbol_count;
		to->symbols[to->symbol_count++] = copy;
	}
}

static void copy_relocs(struct copying *c)
{
	for (size_t i = c->from->section_count; i < c->to->section_count; i++) {
		struct sut_patch_section *s = &c->to->sections[i];

		s->relocs = sut_arena_memdup(c->arena, s->relocs,
					     s->reloc_count * sizeof(s->relocs[0]));
		for (size_t k = 0; k < s->reloc_count; k++)
			s->relocs[k].symbol = c->symbols[s->relocs[k].symbol];
	}
}

static void copy_funcs(struct copying *c)
{
	const struct sut_patch *from = c->from;
	struct sut_patch *to = c->to;

	to->funcs = grown(c->arena, from->funcs, from->func_count, sizeof(to->funcs[0]));
	for (size_t i = 0; i < from->func_count; i++) {
		struct sut_patch_func copy = from->funcs[i];

		if (c->objects[copy.object] == copy.object || copy.kind != SUT_PATCH_FUNC_CHANGED)
			continue;
		copy.object = c->objects[copy.object];
		copy.symbol = c->symbols[copy.symbol];
		copy.new_pieces = sut_arena_memdup(c->arena, copy.new_pieces,
						   copy.new_piece_count * sizeof(uint32_t));
		for (size_t k = 0; k < copy.new_piece_count; k++)
			copy.new_pieces[k] = c->symbols[copy.new_pieces[k]];
		to->funcs[to->func_count++] = copy;
	}
}

const struct sut_patch *sut_again_patch(struct sut_arena *arena, const struct sut_patch *patch,
					const bool *twice, uint32_t **origin)
{
	struct copying c = {
		.arena = arena,
		.from = patch,
		.to = sut_arena_memdup(arena, patch, sizeof(*patch)),
		.objects = sut_arena_array(arena, patch->object_count, sizeof(uint32_t)),
		.sections = sut_arena_array(arena, patch->section_count, sizeof(uint32_t)),
		.symbols = sut_arena_array(arena, patch->symbol_count, sizeof(uint32_t)),
	};

	copy_objects(&c, twice, origin);
	copy_sections(&c);
	copy_symbols(&c);
	copy_relocs(&c);
	copy_funcs(&c);
	return c.to;
}

bool sut_again_possible(const struct sut_target *target, const struct sut_object *object)
{
	return !object->executable && object->dynamic &&
	       sut_dynamic_came_later(target, object->dynamic);
}
