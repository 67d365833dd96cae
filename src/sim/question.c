// SPDX-License-Identifier: GPL-2.0-or-later
/* The commands that only look. */
#include "sim/commands.h"
#include "sim/module.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *version_name(const struct klp_func *func)
{
	return func ? sut_declared_patch(func->object->patch)->name : "orig";
}

/* calls FUNC */
bool sut_ask_calls(struct sut_world *world, const struct sut_args *args)
{
	const struct sut_sim_place *place = &args->arg[0].place;
	const void *address = (const void *)place->code->ranges[0].start;
	const char *text = sut_arena_printf(&world->arena, "%s:", place->text);

	if (!place->object->loaded) {
		sut_transcript_line(&world->transcript, "%s not loaded", text);
		return true;
	}
	for (const struct sut_task *task = world->core.tasks; task; task = task->next)
		text = sut_arena_printf(
			&world->arena, "%s %s=>%s", text, ((const struct sut_sim_task *)task)->name,
			version_name(sut_core_select(&world->core, address, task->patch_state)));
	sut_transcript_line(&world->transcript, "%s", text);
	return true;
}

bool sut_ask_patches(struct sut_world *world, const struct sut_args *args)
{
	(void)args;
	if (!world->core.patches)
		sut_transcript_line(&world->transcript, "no patches");
	for (const struct sut_core_patch *p = world->core.patches; p; p = p->next) {
		const struct klp_patch *patch = p->patch;

		sut_transcript_line(&world->transcript, "%s enabled %d transition %d%s",
				    sut_declared_patch(patch)->name, patch->enabled,
				    patch == world->core.transition,
				    patch->forced ? " forced" : "");
	}
	return true;
}

bool sut_ask_tasks(struct sut_world *world, const struct sut_args *args)
{
	(void)args;
	for (const struct sut_task *task = world->core.tasks; task; task = task->next)
		sut_transcript_line(&world->transcript, "%s patch_state %d%s",
				    ((const struct sut_sim_task *)task)->name, task->patch_state,
				    task->pending ? " pending" : "");
	return true;
}

static bool print_stack(struct sut_world *world, const struct sut_sim_code *code)
{
	const struct klp_func *func =
		sut_core_stack(&world->core, (const void *)code->ranges[0].start);
	const char *text = sut_arena_printf(&world->arena, "%s:", sut_code_name(world, code));

	if (!func)
		return false;
	for (; func; func = func->below)
		text = sut_arena_printf(&world->arena, "%s %s%s", text, version_name(func),
					func->nop ? "(nop)" : "");
	sut_transcript_line(&world->transcript, "%s", text);
	return true;
}

static bool print_function_stacks(struct sut_world *world, const struct sut_sim_function *function)
{
	bool any = false;

	for (size_t i = 0; i < function->count; i++) {
		if (function->codes[i]->function == function)
			any |= print_stack(world, function->codes[i]);
	}
	return any;
}

bool sut_ask_stacks(struct sut_world *world, const struct sut_args *args)
{
	bool any = false;

	(void)args;
	for (size_t i = 0; i < world->object_count; i++) {
		const struct sut_sim_object *object = world->objects[i];

		for (size_t k = 0; k < object->count; k++)
			any |= print_function_stacks(world, object->functions[k]);
	}
	if (!any)
		sut_transcript_line(&world->transcript, "no hooks");
	return true;
}

struct ids {
	unsigned long *id;
	size_t count, capacity;
};

static int compare_ids(const void *left, const void *right)
{
	unsigned long a = *(const unsigned long *)left, b = *(const unsigned long *)right;

	return a < b ? -1 : a > b;
}

/* The ids of all shadow types that were declared, ascending; some more than once. */
static struct ids declared_types(struct sut_world *world)
{
	struct ids ids = {0};

	for (size_t i = 0; i < world->patch_count; i++) {
		const struct sut_sim_patch *patch = world->patches[i];

		for (size_t k = 0; k < patch->object_count; k++) {
			const struct sut_sim_patch_object *object = &patch->objects[k];

			for (size_t t = 0; t < object->type_count; t++)
				SUT_PUSH(&world->arena, ids.id, ids.count, ids.capacity) =
					object->types[t]->id;
		}
	}
	if (ids.count)
		qsort(ids.id, ids.count, sizeof(*ids.id), compare_ids);
	return ids;
}

bool sut_ask_types(struct sut_world *world, const struct sut_args *args)
{
	const struct ids ids = declared_types(world);
	bool any = false;

	(void)args;
	for (size_t i = 0; i < ids.count; i++) {
		unsigned int count = sut_core_type_count(&world->core, ids.id[i]);

		if (!count || (i && ids.id[i - 1] == ids.id[i]))
			continue;
		sut_transcript_line(&world->transcript, "type %lu count %u", ids.id[i], count);
		any = true;
	}
	if (!any)
		sut_transcript_line(&world->transcript, "no types");
	return true;
}

bool sut_ask_status(struct sut_world *world, const struct sut_args *args)
{
	return sut_ask_patches(world, args) && sut_ask_tasks(world, args) &&
	       sut_ask_stacks(world, args) && sut_ask_types(world, args) &&
	       sut_ask_shadows(world, args);
}

/* module PATCH */
bool sut_ask_module(struct sut_world *world, const struct sut_args *args)
{
	const struct sut_sim_patch *patch = args->arg[0].patch;

	if (patch->loaded)
		sut_transcript_line(&world->transcript, "%s refs %u", patch->name,
				    patch->loaded->mod.refs);
	else
		sut_transcript_line(&world->transcript, "%s not loaded", patch->name);
	return true;
}

struct listing {
	struct sut_world *world;
	const struct sut_sim_patch *patch;
	struct sut_words lines;
};

static void list_entry(void *arg, const struct sut_control_entry *entry)
{
	struct listing *listing = arg;
	struct sut_arena *arena = &listing->world->arena;
	char *line = sut_arena_printf(arena, "%s/%s%s", listing->patch->name,
				      entry->object ? entry->object : "", entry->object ? "/" : "");

	line = entry->file ? sut_arena_printf(arena, "%s%s %04o", line, entry->file, entry->mode)
			   : sut_arena_printf(arena, "%s%s,%lu/", line, entry->function,
					      entry->position);
	SUT_PUSH(arena, listing->lines.word, listing->lines.count, listing->lines.capacity) = line;
}

static int compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* ls PATCH */
bool sut_ask_ls(struct sut_world *world, const struct sut_args *args)
{
	const struct sut_sim_patch *patch = args->arg[0].patch;
	struct listing listing = {.world = world, .patch = patch};
	struct sut_words *lines = &listing.lines;

	if (!sut_patch_in_use(patch) ||
	    sut_control_list(&world->core, sut_patch_name(&patch->loaded->klp), list_entry,
			     &listing)) {
		sut_transcript_line(&world->transcript, "= -ENOENT");
		return true;
	}
	qsort(lines->word, lines->count, sizeof(*lines->word), compare_lines);
	for (size_t i = 0; i < lines->count; i++)
		sut_transcript_line(&world->transcript, "%s", lines->word[i]);
	return true;
}

/* read PATCH/FILE, or read TASK/patch_state */
bool sut_ask_read(struct sut_world *world, const struct sut_args *args)
{
	const char *text = args->arg[0].text, *slash = strchr(text, '/');
	char value[SUT_CONTROL_VALUE_MAX], code_text[SUT_CODE_TEXT_MAX];
	const struct sut_sim_task *task = NULL;
	struct sut_sim_patch *patch;
	const char *file;
	int code = -ENOENT;

	if (slash)
		task = sut_world_task(world, sut_arena_strndup(&world->arena, text, slash - text));
	if (task) {
		if (strcmp(slash, "/patch_state") != 0)
			return sut_bad(world, "a task has no file %s", slash + 1);
		sut_transcript_line(&world->transcript, "= %d", task->core.patch_state);
		return true;
	}
	if (!sut_control_parse(world, text, &patch, &file))
		return false;
	if (sut_patch_in_use(patch))
		code = sut_control_read(&world->core, sut_patch_name(&patch->loaded->klp), file,
					value);
	sut_transcript_line(&world->transcript, "= %s",
			    code ? sut_code_format(code, code_text) : value);
	return true;
}

/* The patch that a state belongs to. */
static const struct sut_sim_patch *state_owner(const struct sut_world *world,
					       const struct klp_state *state)
{
	for (size_t i = 0; i < world->patch_count; i++) {
		const struct sut_sim_patch *patch = world->patches[i];

		if (patch->loaded && state >= patch->loaded->klp.states &&
		    state < patch->loaded->klp.states + patch->state_count)
			return patch;
	}
	return NULL;
}

static bool print_state(struct sut_world *world, const struct klp_state *state)
{
	if (state)
		sut_transcript_line(&world->transcript, "= %s version %u",
				    state_owner(world, state)->name, state->version);
	else
		sut_transcript_line(&world->transcript, "= NULL");
	return true;
}

/* state PATCH ID */
bool sut_ask_state(struct sut_world *world, const struct sut_args *args)
{
	const struct sut_sim_patch *patch = args->arg[0].patch;

	return print_state(world, patch->loaded ? sut_core_get_state(&patch->loaded->klp,
								     args->arg[1].number)
						: NULL);
}

/* prev_state ID */
bool sut_ask_prev_state(struct sut_world *world, const struct sut_args *args)
{
	return print_state(world, sut_core_get_prev_state(&world->core, args->arg[0].number));
}
