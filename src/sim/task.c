// SPDX-License-Identifier: GPL-2.0-or-later
#include "sim/task.h"

#include "sim/commands.h"
#include "sim/module.h"

#include <string.h>

enum place_in_code { MIDDLE, START, END };

struct sut_sim_task *sut_task_new(struct sut_world *world, const char *name,
				  const struct sut_sim_task *parent)
{
	struct sut_sim_task *task;

	if (!sut_world_name_free(world, name))
		return NULL;
	task = sut_arena_alloc(&world->arena, sizeof(*task));
	task->name = name;
	SUT_PUSH(&world->arena, world->tasks, world->task_count, world->task_capacity) = task;
	sut_core_task_new(&world->core, &task->core, parent ? &parent->core : NULL);
	return task;
}

bool sut_object_in_use(const struct sut_world *world, const struct sut_sim_object *object)
{
	for (size_t i = 0; i < world->task_count; i++) {
		const struct sut_sim_task *task = world->tasks[i];

		for (size_t k = 0; !task->gone && k < task->count; k++) {
			if (task->frames[k].object == object)
				return true;
		}
	}
	return false;
}

static enum sut_walk walk(struct sut_core *core, struct sut_task *core_task, sut_frame_fn frame,
			  void *arg)
{
	const struct sut_sim_task *task = (const struct sut_sim_task *)core_task;

	if (task->held && core->caller != core_task)
		return SUT_WALK_RUNNING;
	if (task->unreliable)
		return SUT_WALK_UNRELIABLE;
	for (size_t i = task->count; i-- > 0;) {
		for (unsigned long k = 0; k < task->frames[i].count; k++) {
			if (!frame(arg, task->frames[i].address, task->frames[i].pc))
				return SUT_WALK_DONE;
		}
	}
	return SUT_WALK_DONE;
}

static void fake_signal(struct sut_core *core, struct sut_task *task)
{
	sut_transcript_line(&((struct sut_world *)core)->transcript, "signal %s",
			    ((const struct sut_sim_task *)task)->name);
}

const struct sut_core_task_host sut_sim_task_host = {.walk = walk, .signal = fake_signal};

static void push_frame(struct sut_world *world, struct sut_sim_task *task,
		       struct sut_sim_frame frame)
{
	SUT_PUSH(&world->arena, task->frames, task->count, task->capacity) = frame;
}

/* The code of that version of a function; NULL: the patch has none for it. */
static const struct sut_sim_code *find_version(const struct sut_world *world,
					       const struct sut_sim_place *place,
					       const struct sut_sim_patch *patch)
{
	for (size_t i = 0; i < patch->object_count; i++) {
		const struct sut_sim_patch_object *object = &patch->objects[i];

		if (strcmp(sut_declared_name(&object->plain), place->object->name) != 0)
			continue;
		for (size_t k = 0; k < object->func_count; k++) {
			const struct klp_func *func = &object->funcs[k];

			if (func->old_name && func->new_func &&
			    sut_original(place->object, func->old_name, func->old_sympos) ==
				    place->code)
				return sut_world_code_at(world, func->new_func);
		}
	}
	return NULL;
}

static const struct klp_range *find_piece(const struct sut_sim_code *code, const char *name)
{
	if (!name)
		return &code->ranges[0];
	for (size_t i = 0; i < code->pieces.count; i++) {
		if (strcmp(code->pieces.word[i], name) == 0)
			return &code->ranges[1 + i];
	}
	return NULL;
}

/* Cuts OBJECT.FUNCTION.PIECE[/N] into the piece's name and OBJECT.FUNCTION[/N]. */
static const char *cut_piece(struct sut_world *world, const char **text)
{
	char *name = sut_arena_strdup(&world->arena, *text);
	char *dot = strchr(name, '.'), *slash = strchr(name, '/');
	char *second = dot ? strchr(dot + 1, '.') : NULL;
	const char *rest = slash ? *text + (slash - name) : "";

	if (!second)
		return NULL;
	*second = '\0';
	if (slash)
		*slash = '\0';
	*text = sut_arena_printf(&world->arena, "%s%s", name, rest);
	return second + 1;
}

/* VERSION[+start|+end]; the version is cut off. */
static enum place_in_code cut_offset(char *version)
{
	char *plus = strchr(version, '+');

	if (plus && strcmp(plus, "+start") == 0) {
		*plus = '\0';
		return START;
	}
	if (plus && strcmp(plus, "+end") == 0) {
		*plus = '\0';
		return END;
	}
	return MIDDLE; /* with anything else behind it, it is the name of no version */
}

/* OBJECT.FUNCTION[.PIECE][/N]@VERSION[+start|+end] */
static bool code_frame_parse(struct sut_world *world, const char *text, struct sut_sim_frame *frame)
{
	struct sut_words parts = sut_parts_split(&world->arena, text, '@');
	const struct sut_sim_code *code;
	const struct sut_sim_patch *patch;
	const struct klp_range *range;
	struct sut_sim_place place;
	enum place_in_code where;
	const char *function, *piece;

	if (parts.count != 2)
		return sut_bad(world, "\"%s\" is not OBJECT.FUNCTION@VERSION", text);
	function = parts.word[0];
	where = cut_offset(parts.word[1]);
	piece = cut_piece(world, &function);
	if (!sut_place_parse(world, function, &place))
		return false;
	patch = sut_world_patch(world, parts.word[1]);
	code = place.code;
	if (patch)
		code = patch->loaded ? find_version(world, &place, patch) : NULL;
	else if (strcmp(parts.word[1], "orig") != 0)
		code = NULL;
	range = code ? find_piece(code, piece) : NULL;
	if (!range || !place.object->loaded)
		return sut_bad(world, "there is no code %s", text);
	frame->object = place.object;
	frame->address = where == START ? range->start
			 : where == END ? range->end
					: range->start + (range->end - range->start) / 2;
	return true;
}

/* [N*][pc:]..., or [N*]elsewhere */
static bool frame_parse(struct sut_world *world, const char *text, struct sut_sim_frame *frame)
{
	const char *star = strchr(text, '*');

	*frame = (struct sut_sim_frame){.count = 1, .address = 1};
	if (star) {
		if (!sut_number_parse(sut_arena_strndup(&world->arena, text, star - text),
				      &frame->count))
			return sut_bad(world, "\"%s\" is not a frame", text);
		text = star + 1;
	}
	if (strcmp(text, "elsewhere") == 0)
		return true;
	frame->pc = strncmp(text, "pc:", 3) == 0;
	return code_frame_parse(world, frame->pc ? text + 3 : text, frame);
}

bool sut_do_hold(struct sut_world *world, const struct sut_args *args)
{
	(void)world;
	args->arg[0].task->held = true;
	return true;
}

bool sut_do_free(struct sut_world *world, const struct sut_args *args)
{
	(void)world;
	args->arg[0].task->held = false;
	return true;
}

bool sut_do_unreliable(struct sut_world *world, const struct sut_args *args)
{
	(void)world;
	args->arg[0].task->unreliable = true;
	return true;
}

bool sut_do_reliable(struct sut_world *world, const struct sut_args *args)
{
	(void)world;
	args->arg[0].task->unreliable = false;
	return true;
}

bool sut_do_enter(struct sut_world *world, const struct sut_args *args)
{
	struct sut_sim_task *task = args->arg[0].task;
	const struct sut_sim_place *place = &args->arg[1].place;
	const struct klp_range *range = &place->code->ranges[0];
	const struct klp_func *func;
	const char *version = "orig";

	if (!place->object->loaded)
		return sut_bad(world, "%s is not loaded", place->object->name);
	func = sut_core_select(&world->core, (void *)range->start, task->core.patch_state);
	if (func) {
		version = sut_declared_patch(func->object->patch)->name;
		range = &sut_world_code_at(world, func->new_func)->ranges[0];
	}
	push_frame(world, task,
		   (struct sut_sim_frame){.count = 1,
					  .object = place->object,
					  .address =
						  range->start + (range->end - range->start) / 2});
	sut_transcript_line(&world->transcript, "%s in %s@%s", task->name, place->text, version);
	return true;
}

bool sut_do_leave(struct sut_world *world, const struct sut_args *args)
{
	struct sut_sim_task *task = args->arg[0].task;

	if (!task->count)
		return sut_bad(world, "%s has no frame", task->name);
	if (!--task->frames[task->count - 1].count)
		task->count--;
	return true;
}

bool sut_do_stack(struct sut_world *world, const struct sut_args *args)
{
	struct sut_sim_task *task = args->arg[0].task;

	task->count = 0;
	for (size_t i = args->rest.count; i-- > 0;) {
		struct sut_sim_frame frame;

		if (!frame_parse(world, args->rest.word[i], &frame))
			return false;
		if (frame.count)
			push_frame(world, task, frame);
	}
	return true;
}

bool sut_do_safepoint(struct sut_world *world, const struct sut_args *args)
{
	struct sut_sim_task *task = args->arg[0].task;

	task->count = 0;
	sut_core_task_safe_point(&world->core, &task->core);
	return true;
}

bool sut_do_thread(struct sut_world *world, const struct sut_args *args)
{
	return sut_task_new(world, args->arg[1].text, args->arg[0].task);
}

bool sut_do_fork(struct sut_world *world, const struct sut_args *args)
{
	const struct sut_sim_task *parent = args->arg[0].task;
	struct sut_sim_task *child = sut_task_new(world, args->arg[1].text, parent);

	for (size_t i = 0; child && i < parent->count; i++)
		push_frame(world, child, parent->frames[i]);
	return child;
}

bool sut_do_exit(struct sut_world *world, const struct sut_args *args)
{
	struct sut_sim_task *task = args->arg[0].task;

	task->gone = true;
	sut_core_task_exit(&world->core, &task->core);
	return true;
}
