// SPDX-License-Identifier: GPL-2.0-or-later
/* The commands task, object and function. */
#include "sim/commands.h"
#include "sim/task.h"

#include <string.h>

enum { OCCURRENCES_MAX = 1 << 16 };

bool sut_declare_tasks(struct sut_world *world, const struct sut_args *args)
{
	if (!args->rest.count)
		return sut_bad(world, "task: words are missing");
	if (world->core.transition)
		return sut_bad(world, "during a transition tasks come by fork and thread");
	for (size_t i = 0; i < args->rest.count; i++) {
		if (!sut_task_new(world, args->rest.word[i], NULL))
			return false;
	}
	return true;
}

static void add_occurrence(struct sut_world *world, struct sut_sim_function *function)
{
	static const struct sut_words none;
	struct sut_sim_code *code =
		sut_world_code(world, function->count ? &function->codes[0]->pieces : &none);

	code->function = function;
	code->position = function->count + 1;
	SUT_PUSH(&world->arena, function->codes, function->count, function->capacity) = code;
}

static struct sut_sim_function *new_function(struct sut_world *world, struct sut_sim_object *object,
					     const char *name)
{
	struct sut_sim_function *function;

	if (!sut_name_valid(name)) {
		sut_bad(world, "\"%s\" cannot be a name", name);
		return NULL;
	}
	if (sut_world_function(object, name)) {
		sut_bad(world, "%s.%s is declared already", object->name, name);
		return NULL;
	}
	function = sut_arena_alloc(&world->arena, sizeof(*function));
	function->name = name;
	function->object = object;
	add_occurrence(world, function);
	SUT_PUSH(&world->arena, object->functions, object->count, object->capacity) = function;
	return function;
}

/* object NAME [unloaded]: FUNCTION... */
bool sut_declare_object(struct sut_world *world, const struct sut_args *args)
{
	struct sut_words parts = sut_parts_split(&world->arena, args->line, ':');
	struct sut_words head, names;
	struct sut_sim_object *object;
	bool unloaded;

	if (parts.count != 2 || !sut_words_split(&world->arena, parts.word[0], &head) ||
	    !sut_words_split(&world->arena, parts.word[1], &names))
		return sut_bad(world, "must be: object NAME [unloaded]: FUNCTION...");
	unloaded = head.count == 3 && strcmp(head.word[2], "unloaded") == 0;
	if (head.count != 2 && !unloaded)
		return sut_bad(world, "must be: object NAME [unloaded]: FUNCTION...");
	if (!sut_world_name_free(world, head.word[1]))
		return false;
	if (unloaded && strcmp(head.word[1], "main") == 0)
		return sut_bad(world, "main is always loaded");
	object = sut_arena_alloc(&world->arena, sizeof(*object));
	object->name = head.word[1];
	object->loaded = !unloaded;
	SUT_PUSH(&world->arena, world->objects, world->object_count, world->object_capacity) =
		object;
	for (size_t i = 0; i < names.count; i++) {
		if (!new_function(world, object, names.word[i]))
			return false;
	}
	return true;
}

static bool set_alias(struct sut_world *world, struct sut_sim_object *object, const char *name,
		      const char *other_name)
{
	struct sut_sim_function *function = sut_world_function(object, name);
	const struct sut_sim_function *other = sut_world_function(object, other_name);

	if (!other || other == function)
		return sut_bad(world, "%s has no other function %s", object->name, other_name);
	if (!function)
		function = new_function(world, object, name);
	if (!function)
		return false;
	function->codes[0] = other->codes[0];
	return true;
}

static bool set_occurrences(struct sut_world *world, struct sut_sim_function *function,
			    const char *text)
{
	unsigned long count;

	if (!sut_number_parse(text, &count) || count < function->count || count > OCCURRENCES_MAX)
		return sut_bad(world, "%s cannot occur %s times", function->name, text);
	while (function->count < count)
		add_occurrence(world, function);
	return true;
}

static bool add_pieces(struct sut_world *world, struct sut_sim_function *function,
		       const struct sut_words *names)
{
	for (size_t i = 0; i < names->count; i++) {
		if (!sut_name_valid(names->word[i]))
			return sut_bad(world, "\"%s\" cannot be a name", names->word[i]);
		for (size_t k = 0; k < function->count; k++)
			sut_world_piece(world, function->codes[k], names->word[i]);
	}
	return true;
}

/* function OBJECT.FUNCTION ... */
bool sut_declare_function(struct sut_world *world, const struct sut_args *args)
{
	struct sut_words names = sut_parts_split(&world->arena, args->arg[0].text, '.');
	const struct sut_words values = args->rest;
	struct sut_sim_object *object = sut_world_object(world, names.word[0]);
	const char *what = args->arg[1].text;
	struct sut_sim_function *function;

	if (names.count != 2 || !object)
		return sut_bad(world, "no object %s is declared", names.word[0]);
	function = sut_world_function(object, names.word[1]);
	if (values.count == 1 && strcmp(what, "is") == 0)
		return set_alias(world, object, names.word[1], values.word[0]);
	if (!function)
		return sut_bad(world, "%s has no function %s", object->name, names.word[1]);
	if (values.count == 1 && strcmp(what, "occurs") == 0)
		return set_occurrences(world, function, values.word[0]);
	if (values.count && strcmp(what, "pieces") == 0)
		return add_pieces(world, function, &values);
	if (values.count == 1 && strcmp(what, "size") == 0 &&
	    strcmp(values.word[0], "unknown") == 0) {
		function->unsized = true;
		return true;
	}
	return sut_bad(world,
		       "must be: function OBJECT.FUNCTION occurs N, is OTHER, pieces NAME... or "
		       "size unknown");
}
