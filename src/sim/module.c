// SPDX-License-Identifier: GPL-2.0-or-later
#include "sim/module.h"

#include <stdlib.h>
#include <string.h>

/* A copy of an array, with the element of zeroes that ends it. */
static void *ended(struct sut_arena *arena, const void *data, size_t count, size_t size)
{
	char *copy = sut_arena_array(arena, count + 1, size);

	if (count)
		memcpy(copy, data, count * size);
	return copy;
}

static struct klp_object make_object(struct sut_arena *arena,
				     const struct sut_sim_patch_object *declared)
{
	struct klp_object obj = declared->plain;

	if (!declared->no_functions)
		obj.funcs = ended(arena, declared->funcs, declared->func_count,
				  sizeof(*declared->funcs));
	obj.sets = ended(arena, declared->sets, declared->set_count, sizeof(*declared->sets));
	obj.shadow_types =
		ended(arena, declared->types, declared->type_count, sizeof(*declared->types));
	return obj;
}

static struct klp_object *make_objects(struct sut_arena *arena, const struct sut_sim_patch *patch)
{
	struct klp_object *objs = sut_arena_array(arena, patch->object_count + 1, sizeof(*objs));

	for (size_t i = 0; i < patch->object_count; i++)
		objs[i] = make_object(arena, &patch->objects[i]);
	return objs;
}

void sut_module_load(struct sut_sim_patch *patch)
{
	struct sut_arena arena = {0};
	struct sut_sim_module *module = sut_arena_alloc(&arena, sizeof(*module));

	if (patch->loaded)
		sut_module_unload(patch);
	patch->loaded = module;
	module->patch = patch;
	module->mod = (struct module){.name = patch->module, .livepatch = !patch->unmarked};
	module->klp = patch->plain;
	if (!patch->no_module)
		module->klp.mod = &module->mod;
	if (!patch->no_objects)
		module->klp.objs = make_objects(&arena, patch);
	module->klp.states =
		ended(&arena, patch->states, patch->state_count, sizeof(*patch->states));
	module->arena = arena;
}

void sut_module_unload(struct sut_sim_patch *patch)
{
	struct sut_arena arena = patch->loaded->arena;

	patch->loaded = NULL;
	sut_arena_deinit(&arena);
}

bool sut_patch_in_use(const struct sut_sim_patch *patch)
{
	return patch->loaded && patch->loaded->klp.core;
}

const struct sut_sim_patch *sut_declared_patch(const struct klp_patch *klp)
{
	return ((const struct sut_sim_module *)klp)->patch;
}

const char *sut_declared_name(const struct klp_object *obj)
{
	return obj->name ? obj->name : "main";
}
