// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The arrays are made anew from what the patch file says, not used as they lie in the author's
 * image: there they have no functions, and the order of the objects is the author's.
 *
 * Pointers are addresses in the target. A function's position among those of its name is its
 * link-time address: exact, and the same for every patch of that build.
 */
#include "process/model.h"

#include <stdlib.h>
#include <string.h>

struct model {
	struct sut_plan *plan;
	struct sut_zone *zone;
	const struct sut_link *link;
	const struct sut_rt_func *funcs;
	struct sut_rt_patch *record;
};

size_t sut_model_size(const struct sut_patch *patch)
{
	enum { ALIGN = 16, NAMES = 256 };
	size_t size = NAMES + sizeof(struct klp_object) + ALIGN;

	size += patch->object_count *
		(sizeof(struct klp_object) + sizeof(struct klp_func) + NAMES + 2 * ALIGN);
	size += patch->func_count * sizeof(struct klp_func);
	for (size_t i = 0; i < patch->additions.count; i++) {
		const struct sut_patch_addition *a = &patch->additions.list[i];

		size += (a->set_count + 1) * sizeof(struct klp_callback_set) + 4 * ALIGN;
		size += (a->type_count + 1) * sizeof(void *) +
			a->type_count * (sizeof(struct klp_shadow_type) + ALIGN);
	}
	return size;
}

static void *address_of(const struct model *m, uint32_t symbol)
{
	return symbol == SUT_PATCH_NONE ? NULL : (void *)m->link->symbols[symbol];
}

static struct klp_callbacks callbacks(const struct model *m, const struct sut_patch_callbacks *c)
{
	struct klp_callbacks result = {0};

	result.pre_patch = (int (*)(struct klp_object *))address_of(m, c->symbols[0]);
	result.post_patch = (void (*)(struct klp_object *))address_of(m, c->symbols[1]);
	result.pre_unpatch = (void (*)(struct klp_object *))address_of(m, c->symbols[2]);
	result.post_unpatch = (void (*)(struct klp_object *))address_of(m, c->symbols[3]);
	return result;
}

static void *store(struct model *m, const void *data, size_t size)
{
	return (void *)sut_plan_store(m->plan, m->zone, data, size);
}

static void *store_sets(struct model *m, const struct sut_patch_addition *a)
{
	struct klp_callback_set *sets =
		sut_arena_array(m->plan->arena, a->set_count + 1, sizeof(*sets));

	for (size_t i = 0; i < a->set_count; i++) {
		sets[i].id = a->sets[i].id;
		sets[i].callbacks = callbacks(m, &a->sets[i].callbacks);
	}
	return store(m, sets, (a->set_count + 1) * sizeof(*sets));
}

static void *store_types(struct model *m, const struct sut_patch_addition *a)
{
	void **list = sut_arena_array(m->plan->arena, a->type_count + 1, sizeof(*list));

	for (size_t i = 0; i < a->type_count; i++) {
		struct klp_shadow_type type = {
			.id = a->types[i].id,
			.dtor = (klp_shadow_dtor_t)address_of(m, a->types[i].dtor),
		};

		list[i] = store(m, &type, sizeof(type));
	}
	return store(m, list, (a->type_count + 1) * sizeof(*list));
}

static int compare_positions(const void *a, const void *b)
{
	const struct klp_func *left = a, *right = b;

	return (left->old_sympos > right->old_sympos) - (left->old_sympos < right->old_sympos);
}

/* In the order of addresses, in which the core finds one among many at once. */
static void *store_funcs(struct model *m, uint32_t object)
{
	const struct sut_object *mapped = m->link->objects[object];
	struct klp_func *funcs =
		sut_arena_array(m->plan->arena, m->record->func_count + 1, sizeof(*funcs));
	size_t count = 0;

	for (uint32_t i = 0; i < m->record->func_count; i++)
		if (m->funcs[i].object == object && !(m->funcs[i].flags & SUT_RT_FUNC_PLANNED))
			funcs[count++] = (struct klp_func){
				.old_name = (const char *)m->funcs[i].name,
				.new_func = (void *)m->funcs[i].code,
				.old_sympos = m->funcs[i].entry - mapped->bias,
			};
	qsort(funcs, count, sizeof(*funcs), compare_positions);
	return store(m, funcs, (count + 1) * sizeof(*funcs));
}

static const struct sut_patch_addition *addition_of(const struct sut_patch *patch, uint32_t object)
{
	for (size_t i = 0; i < patch->additions.count; i++)
		if (patch->additions.list[i].object == object)
			return &patch->additions.list[i];
	return NULL;
}

static struct klp_object make_object(struct model *m, uint32_t object)
{
	const struct sut_patch *patch = m->link->patch;
	const struct sut_patch_object *o = &patch->objects[object];
	const struct sut_patch_addition *a = addition_of(patch, object);
	struct klp_object result = {.funcs = store_funcs(m, object)};

	if (!o->executable)
		result.name = (const char *)sut_plan_string(m->plan, m->zone,
							    *o->soname ? o->soname : o->name);
	if (!a)
		return result;
	result.callbacks = callbacks(m, &a->callbacks);
	result.sets = store_sets(m, a);
	result.shadow_types = store_types(m, a);
	m->record->calls = 1;
	return result;
}

/* The author's order where he gives one, then the patch file's. */
static void *store_objects(struct model *m)
{
	const struct sut_patch *patch = m->link->patch;
	struct klp_object *objects =
		sut_arena_array(m->plan->arena, patch->object_count + 1, sizeof(*objects));
	size_t count = 0;

	for (size_t i = 0; i < patch->additions.count; i++)
		objects[count++] = make_object(m, patch->additions.list[i].object);
	for (uint32_t i = 0; i < patch->object_count; i++)
		if (!addition_of(patch, i))
			objects[count++] = make_object(m, i);
	m->record->object_count = count;
	return store(m, objects, (count + 1) * sizeof(*objects));
}

void sut_model_plan(struct sut_plan *plan, struct sut_zone *zone, const struct sut_link *link,
		    const struct sut_rt_func *funcs, uint64_t at, struct sut_rt_patch *record)
{
	const struct sut_patch *patch = link->patch;
	const struct sut_patch_additions *a = &patch->additions;
	struct model m = {plan, zone, link, funcs, record};
	const char *name = (const char *)sut_plan_string(plan, zone, patch->name);

	record->module = (struct module){.name = name, .livepatch = true};
	record->klp = (struct klp_patch){
		.mod = (struct module *)(at + offsetof(struct sut_rt_patch, module)),
		.objs = store_objects(&m),
		.states = a->abi && a->states_symbol != SUT_PATCH_NONE
				  ? (struct klp_state *)link->symbols[a->states_symbol]
				  : NULL,
		.replace = patch->replace,
		.replace_set = patch->replace_set,
	};
}
