// SPDX-License-Identifier: GPL-2.0-or-later
#include "sim/world.h"

#include "sim/host.h"
#include "sim/module.h"

#include <string.h>

/* Code lies 256 bytes apart and is shorter, so that no two pieces adjoin. */
enum { CODE_BASE = 0x10000, CODE_DISTANCE = 0x100, CODE_SIZE = 0x40 };

void sut_world_init(struct sut_world *world)
{
	*world = (struct sut_world){.next_address = CODE_BASE};
	world->transcript.arena = &world->arena;
	sut_host_init(world);
}

void sut_world_deinit(struct sut_world *world)
{
	for (size_t i = 0; i < world->patch_count; i++) {
		if (world->patches[i]->loaded)
			sut_module_unload(world->patches[i]);
	}
	sut_host_deinit(world);
	sut_arena_deinit(&world->arena);
}

bool sut_bad(struct sut_world *world, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (!world->reason[0])
		vsnprintf(world->reason, sizeof(world->reason), fmt, ap);
	va_end(ap);
	return false;
}

struct sut_sim_object *sut_world_object(const struct sut_world *world, const char *name)
{
	for (size_t i = 0; i < world->object_count; i++) {
		if (strcmp(world->objects[i]->name, name) == 0)
			return world->objects[i];
	}
	return NULL;
}

struct sut_sim_patch *sut_world_patch(const struct sut_world *world, const char *name)
{
	for (size_t i = 0; i < world->patch_count; i++) {
		if (strcmp(world->patches[i]->name, name) == 0)
			return world->patches[i];
	}
	return NULL;
}

static struct sut_sim_task *find_task(const struct sut_world *world, const char *name)
{
	for (size_t i = 0; i < world->task_count; i++) {
		if (strcmp(world->tasks[i]->name, name) == 0)
			return world->tasks[i];
	}
	return NULL;
}

struct sut_sim_task *sut_world_task(const struct sut_world *world, const char *name)
{
	struct sut_sim_task *task = find_task(world, name);

	return task && !task->gone ? task : NULL;
}

struct sut_sim_function *sut_world_function(const struct sut_sim_object *object, const char *name)
{
	for (size_t i = 0; i < object->count; i++) {
		if (strcmp(object->functions[i]->name, name) == 0)
			return object->functions[i];
	}
	return NULL;
}

bool sut_world_name_free(struct sut_world *world, const char *name)
{
	if (!sut_name_valid(name))
		return sut_bad(world, "\"%s\" cannot be a name", name);
	if (sut_world_object(world, name) || sut_world_patch(world, name) || find_task(world, name))
		return sut_bad(world, "%s is declared already", name);
	return true;
}

static struct klp_range new_range(struct sut_world *world)
{
	uintptr_t start = world->next_address;

	world->next_address += CODE_DISTANCE;
	return (struct klp_range){start, start + CODE_SIZE};
}

static void add_range(struct sut_world *world, struct sut_sim_code *code, size_t count)
{
	struct klp_range *ranges = sut_arena_array(&world->arena, count + 1, sizeof(*ranges));

	if (count)
		memcpy(ranges, code->ranges, count * sizeof(*ranges));
	ranges[count] = new_range(world);
	code->ranges = ranges;
}

void sut_world_piece(struct sut_world *world, struct sut_sim_code *code, char *name)
{
	add_range(world, code, 1 + code->pieces.count);
	SUT_PUSH(&world->arena, code->pieces.word, code->pieces.count, code->pieces.capacity) =
		name;
}

struct sut_sim_code *sut_world_code(struct sut_world *world, const struct sut_words *pieces)
{
	struct sut_sim_code *code = sut_arena_alloc(&world->arena, sizeof(*code));

	add_range(world, code, 0);
	for (size_t i = 0; i < pieces->count; i++)
		sut_world_piece(world, code, pieces->word[i]);
	code->next = world->codes;
	world->codes = code;
	return code;
}

struct sut_sim_code *sut_world_code_at(const struct sut_world *world, const void *address)
{
	struct sut_sim_code *code = world->codes;

	while (code->ranges[0].start != (uintptr_t)address)
		code = code->next;
	return code;
}

struct sut_sim_code *sut_original(const struct sut_sim_object *object, const char *name,
				  unsigned long sympos)
{
	const struct sut_sim_function *function = sut_world_function(object, name);

	if (!function || (sympos == 0 && function->count > 1) || sympos > function->count)
		return NULL;
	return function->codes[sympos ? sympos - 1 : 0];
}

bool sut_place_parse(struct sut_world *world, const char *text, struct sut_sim_place *place)
{
	char *name = sut_arena_strdup(&world->arena, text);
	char *dot = strchr(name, '.'), *slash = strchr(name, '/');
	const struct sut_sim_function *function;
	unsigned long position = 1;

	if (!dot || (slash && (!sut_number_parse(slash + 1, &position) || !position)))
		return sut_bad(world, "\"%s\" is not OBJECT.FUNCTION[/N]", text);
	*dot = '\0';
	if (slash)
		*slash = '\0';
	place->text = text;
	place->object = sut_world_object(world, name);
	if (!place->object)
		return sut_bad(world, "no object %s is declared", name);
	function = sut_world_function(place->object, dot + 1);
	if (!function)
		return sut_bad(world, "%s has no function %s", name, dot + 1);
	if (position > function->count)
		return sut_bad(world, "%s.%s occurs %zu times", name, dot + 1, function->count);
	place->code = function->codes[position - 1];
	return true;
}

bool sut_control_parse(struct sut_world *world, const char *text, struct sut_sim_patch **patch,
		       const char **file)
{
	const char *slash = strchr(text, '/');
	const char *name;

	if (!slash)
		return sut_bad(world, "\"%s\" is not PATCH/FILE", text);
	name = sut_arena_strndup(&world->arena, text, slash - text);
	*file = slash + 1;
	*patch = sut_world_patch(world, name);
	return *patch || sut_bad(world, "no patch %s is declared", name);
}

const char *sut_code_name(struct sut_world *world, const struct sut_sim_code *code)
{
	const struct sut_sim_function *function = code->function;

	if (code->position == 1)
		return sut_arena_printf(&world->arena, "%s.%s", function->object->name,
					function->name);
	return sut_arena_printf(&world->arena, "%s.%s/%lu", function->object->name, function->name,
				code->position);
}
