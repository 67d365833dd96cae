// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The command patch and the indented lines behind it. What they say is kept as the core's own
 * structures, without the arrays' ends; module.c makes a patch of them.
 */
#include "sim/commands.h"

#include <stdlib.h>
#include <string.h>

enum { REPEATED_MAX = 1 << 16 };

static bool is(const struct sut_words *words, size_t at, const char *word)
{
	return at < words->count && strcmp(words->word[at], word) == 0;
}

static bool number_at(const struct sut_words *words, size_t at, unsigned long *number)
{
	return at < words->count && sut_number_parse(words->word[at], number);
}

/*
 * The core asks its host to call what stands here (sut_core_host.call, .collect), and a simulated
 * host writes a line instead.
 */
static int pre_patch(struct klp_object *obj)
{
	(void)obj;
	abort();
}

static void callback(struct klp_object *obj)
{
	(void)obj;
	abort();
}

static void destructor(void *obj, void *data)
{
	(void)obj;
	(void)data;
	abort();
}

static bool patch_item(struct sut_world *world, struct sut_sim_patch *patch, const char *item)
{
	struct sut_words words;
	unsigned long set;

	if (!sut_words_split(&world->arena, item, &words))
		return sut_bad(world, "\"%s\" is no item of a patch", item);
	if (words.count == 1 && is(&words, 0, "replace"))
		patch->plain.replace = true;
	else if (words.count == 1 && is(&words, 0, "split"))
		patch->plain.split = true;
	else if (words.count == 1 && is(&words, 0, "unmarked"))
		patch->unmarked = true;
	else if (words.count == 2 && is(&words, 0, "no") && is(&words, 1, "module"))
		patch->no_module = true;
	else if (words.count == 2 && is(&words, 0, "no") && is(&words, 1, "objects"))
		patch->no_objects = true;
	else if (words.count == 2 && is(&words, 0, "module") && sut_name_valid(words.word[1]))
		patch->module = words.word[1];
	else if (words.count == 2 && is(&words, 0, "set") && number_at(&words, 1, &set) &&
		 set <= UINT32_MAX)
		patch->plain.replace_set = set;
	else
		return sut_bad(world, "\"%s\" is no item of a patch", item);
	return true;
}

/* patch NAME[, ITEM]... */
bool sut_declare_patch(struct sut_world *world, const struct sut_args *args)
{
	const char *line = args->line + strlen(args->words->word[0]);
	struct sut_words parts = sut_parts_split(&world->arena, line, ',');
	struct sut_sim_patch *patch;

	if (!sut_world_name_free(world, parts.word[0]))
		return false;
	if (strcmp(parts.word[0], "main") == 0)
		return sut_bad(world, "main is an object");
	patch = sut_arena_alloc(&world->arena, sizeof(*patch));
	patch->name = parts.word[0];
	patch->module = patch->name;
	for (size_t i = 1; i < parts.count; i++) {
		if (!patch_item(world, patch, parts.word[i]))
			return false;
	}
	SUT_PUSH(&world->arena, world->patches, world->patch_count, world->patch_capacity) = patch;
	world->open_patch = patch;
	return true;
}

/* NAME, or c*N: the letter c N times. NULL: bad. */
static const char *name_parse(struct sut_world *world, const char *text)
{
	unsigned long count;
	char *name;

	if (sut_name_valid(text))
		return text;
	if (!*text || text[1] != '*' || !sut_number_parse(text + 2, &count) ||
	    count > REPEATED_MAX) {
		sut_bad(world, "\"%s\" is not a name", text);
		return NULL;
	}
	name = sut_arena_alloc(&world->arena, count + 1);
	memset(name, *text, count);
	if (!sut_name_valid(name)) {
		sut_bad(world, "\"%s\" is not a name", text);
		return NULL;
	}
	return name;
}

/* All four when none is named. */
static bool callbacks_parse(struct sut_world *world, const struct sut_words *words, size_t from,
			    struct klp_callbacks *callbacks)
{
	bool all = from == words->count;

	if (all)
		*callbacks =
			(struct klp_callbacks){pre_patch, callback, callback, callback, KLP_OFF};
	for (size_t i = from; i < words->count; i++) {
		if (is(words, i, "pre_patch"))
			callbacks->pre_patch = pre_patch;
		else if (is(words, i, "post_patch"))
			callbacks->post_patch = callback;
		else if (is(words, i, "pre_unpatch"))
			callbacks->pre_unpatch = callback;
		else if (is(words, i, "post_unpatch"))
			callbacks->post_unpatch = callback;
		else
			return sut_bad(world, "\"%s\" is not a callback", words->word[i]);
	}
	return true;
}

static bool set_parse(struct sut_world *world, const struct sut_words *words,
		      struct sut_sim_patch_object *object)
{
	struct klp_callback_set set = {0};

	if (!number_at(words, 1, &set.id))
		return sut_bad(world, "must be: set N [CALLBACK...]");
	if (!callbacks_parse(world, words, 2, &set.callbacks))
		return false;
	SUT_PUSH(&world->arena, object->sets, object->set_count, object->set_capacity) = set;
	return true;
}

static bool type_parse(struct sut_world *world, const struct sut_words *words,
		       struct sut_sim_patch_object *object)
{
	struct klp_shadow_type *type = sut_arena_alloc(&world->arena, sizeof(*type));

	if (words->count != 2 || !number_at(words, 1, &type->id))
		return sut_bad(world, "must be: type N");
	type->dtor = destructor;
	SUT_PUSH(&world->arena, object->types, object->type_count, object->type_capacity) = type;
	return true;
}

/* FUNCTION[/SYMPOS] [with PIECE... | without code], or nameless instead of FUNCTION. */
static bool function_parse(struct sut_world *world, const struct sut_words *words,
			   struct sut_sim_patch_object *object)
{
	struct sut_words name = sut_parts_split(&world->arena, words->word[0], '/');
	struct sut_words pieces = {.word = words->word + 2, .count = words->count - 2};
	bool nameless = is(&name, 0, "nameless"), code = true;
	struct klp_func func = {0};

	if (name.count > 2 || (name.count == 2 && !number_at(&name, 1, &func.old_sympos)))
		return sut_bad(world, "\"%s\" is not FUNCTION[/N]", words->word[0]);
	if (words->count == 1)
		pieces.count = 0;
	else if (words->count == 3 && is(words, 1, "without") && is(words, 2, "code"))
		code = false;
	else if (words->count < 3 || !is(words, 1, "with"))
		return sut_bad(world, "%s: \"%s\" is no item of an object", words->word[0],
			       words->word[1]);
	if (nameless && name.count == 2)
		code = false;
	if (!nameless) {
		func.old_name = name_parse(world, name.word[0]);
		if (!func.old_name)
			return false;
	}
	if (code)
		func.new_func = (void *)sut_world_code(world, &pieces)->ranges[0].start;
	SUT_PUSH(&world->arena, object->funcs, object->func_count, object->func_capacity) = func;
	return true;
}

static bool object_item(struct sut_world *world, struct sut_sim_patch_object *object,
			const char *item)
{
	struct sut_words words;

	if (!sut_words_split(&world->arena, item, &words) || !words.count)
		return sut_bad(world, "an item is missing");
	if (is(&words, 0, "callbacks"))
		return callbacks_parse(world, &words, 1, &object->plain.callbacks);
	if (is(&words, 0, "set"))
		return set_parse(world, &words, object);
	if (is(&words, 0, "type"))
		return type_parse(world, &words, object);
	if (words.count == 2 && is(&words, 0, "no") && is(&words, 1, "functions")) {
		object->no_functions = true;
		return true;
	}
	return function_parse(world, &words, object);
}

/* state ID version N [block_disable] */
static bool state_parse(struct sut_world *world, struct sut_sim_patch *patch,
			const struct sut_words *words)
{
	bool blocks = is(words, 4, "block_disable");
	unsigned long id, version;

	if (words->count != (blocks ? 5 : 4) || !number_at(words, 1, &id) ||
	    !is(words, 2, "version") || !number_at(words, 3, &version) || version > UINT32_MAX)
		return sut_bad(world, "must be: state ID version N [block_disable]");
	SUT_PUSH(&world->arena, patch->states, patch->state_count, patch->state_capacity) =
		(struct klp_state){.id = id, .version = version, .block_disable = blocks};
	return true;
}

static bool object_parse(struct sut_world *world, struct sut_sim_patch *patch, const char *line)
{
	struct sut_words parts = sut_parts_split(&world->arena, line, ':');
	struct sut_sim_patch_object object = {0};
	const char *name;
	struct sut_words items;

	if (parts.count != 2)
		return sut_bad(world, "must be: OBJECT: ITEM, ... or state ID version N");
	name = name_parse(world, parts.word[0]);
	if (!name)
		return false;
	if (strcmp(name, "main") != 0)
		object.plain.name = name;
	items = sut_parts_split(&world->arena, parts.word[1], ',');
	if (items.count == 1 && !*items.word[0])
		items.count = 0;
	for (size_t i = 0; i < items.count; i++) {
		if (!object_item(world, &object, items.word[i]))
			return false;
	}
	SUT_PUSH(&world->arena, patch->objects, patch->object_count, patch->object_capacity) =
		object;
	return true;
}

bool sut_declare_patch_line(struct sut_world *world, const char *line)
{
	struct sut_sim_patch *patch = world->open_patch;
	struct sut_words words;

	if (!sut_words_split(&world->arena, line, &words))
		return sut_bad(world, "\"%s\" describes nothing", line);
	return is(&words, 0, "state") ? state_parse(world, patch, &words)
				      : object_parse(world, patch, line);
}
