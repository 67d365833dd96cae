// SPDX-License-Identifier: GPL-2.0-or-later
/* The commands that do something to patches and objects. */
#include "sim/commands.h"
#include "sim/let.h"
#include "sim/module.h"
#include "sim/task.h"

#include <errno.h>
#include <string.h>

static bool print_code(struct sut_world *world, int code)
{
	char text[SUT_CODE_TEXT_MAX];

	sut_transcript_line(&world->transcript, "= %s", sut_code_format(code, text));
	return true;
}

bool sut_do_let(struct sut_world *world, const struct sut_args *args)
{
	return sut_let(world, args->words);
}

static int enable(struct sut_world *world, struct sut_sim_patch *patch)
{
	const char *going = sut_arena_printf(&world->arena, "%s module", patch->name);

	if (!sut_patch_in_use(patch)) {
		if (patch->loaded && patch->loaded->mod.refs)
			return -EEXIST;
		sut_module_load(patch);
	}
	patch->loaded->mod.going = sut_let_code(world, going) != 0;
	return sut_core_enable(&world->core, &patch->loaded->klp);
}

/* enable PATCH [by TASK], or enable NULL */
bool sut_do_enable(struct sut_world *world, const struct sut_args *args)
{
	const char *name = args->arg[0].text;
	struct sut_sim_patch *patch = sut_world_patch(world, name);
	int code;

	if (!patch && strcmp(name, "NULL") != 0)
		return sut_bad(world, "no patch %s is declared", name);
	world->core.ready = sut_let_code(world, "core") == 0;
	world->core.caller = args->by ? &args->by->core : NULL;
	code = patch ? enable(world, patch) : sut_core_enable(&world->core, NULL);
	world->core.caller = NULL;
	return print_code(world, code);
}

static bool unload_patch(struct sut_world *world, struct sut_sim_patch *patch)
{
	if (!patch->loaded)
		return sut_bad(world, "%s is not loaded", patch->name);
	if (patch->loaded->mod.refs)
		return print_code(world, -EBUSY);
	sut_module_unload(patch);
	return print_code(world, 0);
}

static void call(struct sut_world *world, const struct sut_sim_object *object, const char *what)
{
	sut_let_call(world, sut_arena_printf(&world->arena, "%s %s", object->name, what));
}

/* unload PATCH, or unload OBJECT */
bool sut_do_unload(struct sut_world *world, const struct sut_args *args)
{
	const char *name = args->arg[0].text;
	struct sut_sim_patch *patch = sut_world_patch(world, name);
	struct sut_sim_object *object = sut_world_object(world, name);

	if (patch)
		return unload_patch(world, patch);
	if (!object || !object->loaded || strcmp(name, "main") == 0)
		return sut_bad(world, "%s is nothing that can be unloaded", name);
	if (sut_object_in_use(world, object))
		return sut_bad(world, "a task has a frame in %s", name);
	call(world, object, "exit");
	sut_core_going(&world->core, name);
	object->loaded = false;
	return print_code(world, 0);
}

bool sut_do_load(struct sut_world *world, const struct sut_args *args)
{
	struct sut_sim_object *object = args->arg[0].object;
	int code;

	if (object->loaded)
		return sut_bad(world, "%s is loaded already", object->name);
	object->loaded = true;
	code = sut_core_coming(&world->core, object->name);
	if (!code) {
		code = sut_let_call(world,
				    sut_arena_printf(&world->arena, "%s init", object->name));
		if (code)
			sut_core_going(&world->core, object->name);
	}
	object->loaded = code == 0;
	return print_code(world, code);
}

/* A word, or "..." with \n for a newline. */
static bool text_parse(struct sut_world *world, const char *word, char **text)
{
	size_t length = 0;

	*text = sut_arena_strdup(&world->arena, word);
	if (*word != '"')
		return true;
	for (word++; *word != '"'; word++) {
		if (*word != '\\')
			(*text)[length++] = *word;
		else if (*++word == 'n')
			(*text)[length++] = '\n';
		else
			return sut_bad(world, "\"\\%c\" is not \"\\n\"", *word);
	}
	(*text)[length] = '\0';
	return true;
}

/* write PATCH/FILE TEXT [by TASK] */
bool sut_do_write(struct sut_world *world, const struct sut_args *args)
{
	struct sut_sim_patch *patch;
	const char *file;
	char *text;
	int code = -ENOENT;

	if (!sut_control_parse(world, args->arg[0].text, &patch, &file) ||
	    !text_parse(world, args->arg[1].text, &text))
		return false;
	world->core.caller = args->by ? &args->by->core : NULL;
	if (sut_patch_in_use(patch))
		code = sut_control_write(&world->core, sut_patch_name(&patch->loaded->klp), file,
					 text);
	world->core.caller = NULL;
	return print_code(world, code);
}

/* tick [N] */
bool sut_do_tick(struct sut_world *world, const struct sut_args *args)
{
	unsigned long count = args->count ? args->arg[0].number : 1;

	while (count-- && !sut_core_attempt(&world->core))
		;
	return true;
}
