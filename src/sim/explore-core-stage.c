// SPDX-License-Identifier: GPL-2.0-or-later
/* A world's stage: how it is built, and how states come from it and back. */
#include "sim/explore-core.h"

#include <stdlib.h>
#include <string.h>

_Static_assert(sizeof(struct sut_small_code) == 1, "no padding");
_Static_assert(sizeof(struct sut_small_record) == 12, "no padding");
_Static_assert(sizeof(struct sut_small_stage) < 8 * UINT16_MAX, "a record can say what was chosen");

const char *sut_small_function_name(enum sut_small_function function)
{
	static const char *const names[SUT_SMALL_FUNCTIONS] = {"f", "h", "g", "k"};

	return names[function];
}

void *sut_small_address(const struct sut_small_stage *stage, unsigned int owner,
			enum sut_small_function function)
{
	return (void *)stage->code[owner][function];
}

struct sut_small_code sut_small_code_at(const struct sut_small_stage *stage, const void *address)
{
	size_t n =
		(size_t)((const unsigned char *)address - stage->code[0][0]) / SUT_SMALL_CODE_SIZE;

	return (struct sut_small_code){.function = n % SUT_SMALL_FUNCTIONS & 3,
				       .owner = n / SUT_SMALL_FUNCTIONS & 3};
}

unsigned int sut_small_patch_of(const struct sut_small_stage *stage, const struct klp_patch *patch)
{
	return (unsigned int)((const struct sut_small_module *)patch - stage->module);
}

/*
 * The core asks its host to call these (sut_core_host.call, .collect), and this host only keeps
 * books.
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

static const struct klp_callbacks callbacks = {pre_patch, callback, callback, callback, KLP_OFF};

static void object_init(struct sut_small_stage *stage, unsigned int n, enum sut_small_object object,
			struct klp_object *obj)
{
	const struct sut_small_patch *declared = &stage->world->patch[n];
	struct sut_small_module *module = &stage->module[n];
	size_t funcs = 0, sets = 0, types = 0;

	obj->name = object == SUT_SMALL_LATE ? "late" : NULL;
	obj->funcs = module->funcs[object];
	for (unsigned int x = 0; x < SUT_SMALL_FUNCTIONS; x++)
		if (declared->functions & 1 << x && sut_small_object_of(x) == object)
			obj->funcs[funcs++] = (struct klp_func){
				.old_name = sut_small_function_name(x),
				.new_func = sut_small_address(stage, n + 1, x),
			};
	if (declared->plain & 1 << object)
		obj->callbacks = callbacks;
	obj->sets = module->sets[object];
	obj->shadow_types = module->types[object];
	for (unsigned int i = 0; i < SUT_SMALL_IDS; i++) {
		if (declared->sets[object] & 1 << i)
			obj->sets[sets++] =
				(struct klp_callback_set){.id = i + 1, .callbacks = callbacks};
		if (declared->types[object] & 1 << i)
			obj->shadow_types[types++] = &stage->type[n][i];
	}
}

void sut_small_module_init(struct sut_small_stage *stage, unsigned int n)
{
	static const char *const patches[] = {"A", "B", "C"};
	const struct sut_small_patch *declared = &stage->world->patch[n];
	struct sut_small_module *module = &stage->module[n];
	struct klp_object *obj = module->objs;

	memset(module, 0, sizeof(*module));
	module->mod.name = patches[n];
	module->mod.livepatch = true;
	module->patch.mod = &module->mod;
	module->patch.objs = module->objs;
	module->patch.states = module->states;
	module->patch.replace = declared->replace;
	module->patch.replace_set = declared->replace_set;
	module->patch.split = declared->split;
	if (declared->version)
		module->states[0] = (struct klp_state){.id = 1,
						       .version = declared->version,
						       .block_disable = declared->block_disable};
	for (unsigned int object = 0; object < SUT_SMALL_OBJECTS; object++)
		if (sut_small_has_object(declared, object))
			object_init(stage, n, object, obj++);
}

/* Its relocations go with it. */
void sut_small_module_unload(struct sut_small_stage *stage, unsigned int n)
{
	stage->now.unloaded |= 1 << n;
	stage->hub.book.relocated[SUT_SMALL_MAIN] &= ~(1 << n);
	stage->hub.book.relocated[SUT_SMALL_LATE] &= ~(1 << n);
	if (!(stage->world->events & SUT_SMALL_KEPT))
		memset(&stage->module[n], 0, sizeof(stage->module[n]));
}

void sut_small_stage_reset(struct sut_small_stage *stage)
{
	memset(&stage->hub, 0, sizeof(stage->hub));
	memset(stage->task, 0, sizeof(stage->task));
	memset(&stage->now, 0, sizeof(stage->now));
	for (unsigned int n = 0; n < SUT_SMALL_PATCHES; n++)
		sut_small_module_init(stage, n);
	sut_core_init(&stage->hub.core, &sut_small_host, &sut_core_tasks);
	stage->hub.core.task_host = &sut_small_task_host;
	for (unsigned int i = 0; i < stage->world->tasks; i++) {
		stage->task[i].record.life = SUT_SMALL_RUNNING;
		sut_core_task_new(&stage->hub.core, &stage->task[i].core, NULL);
	}
}

struct sut_small_stage *sut_small_stage_new(const struct sut_small_world *world)
{
	struct sut_small_stage *stage = calloc(1, sizeof(*stage));

	if (!stage)
		abort();
	stage->world = world;
	stage->images[0].size = sizeof(stage->hub);
	for (unsigned int n = 0; n < SUT_SMALL_PATCHES; n++) {
		stage->images[1 + n].size = sizeof(stage->module[n]);
		for (unsigned int i = 0; i < SUT_SMALL_IDS; i++)
			stage->type[n][i].id = i + 1;
	}
	sut_small_stage_reset(stage);
	return stage;
}

void sut_small_stage_free(struct sut_small_stage *stage)
{
	for (unsigned int i = 0; i < SUT_SMALL_PARTS; i++) {
		free(stage->images[i].data);
		free(stage->images[i].table);
	}
	free(stage);
}

/* The order of tasks only says who is looked at first, so it is that of their places. */
static void load_task(struct sut_small_stage *stage, struct sut_small_task *task,
		      const struct sut_small_record *record)
{
	memset(task, 0, sizeof(*task));
	task->record = *record;
	if (!record->life)
		return;
	sut_core_task_new(&stage->hub.core, &task->core, NULL);
	task->core.patch_state = record->patch_state;
	task->core.pending = record->pending;
}

void sut_small_stage_load(struct sut_small_stage *stage, const struct sut_small_state *state)
{
	for (unsigned int i = 0; i < SUT_SMALL_PARTS; i++) {
		const struct sut_small_images *images = &stage->images[i];
		void *part = i ? (void *)&stage->module[i - 1] : (void *)&stage->hub;

		memcpy(part, images->data + (size_t)state->image[i] * images->size, images->size);
	}
	for (unsigned int i = 0; i < SUT_SMALL_TASKS; i++)
		load_task(stage, &stage->task[i], &state->task[i]);
	memset(&stage->now, 0, sizeof(stage->now));
	stage->now.before = *state;
}

/* A function that is in no func_stack is linked anew when it is pushed. */
static void clear_links(struct sut_core *core)
{
	for (struct sut_core_patch *p = core->patches; p; p = p->next)
		for (struct klp_object *obj = p->first; obj; obj = obj->next)
			for (struct klp_func *func = obj->first; func; func = func->next)
				if (!func->patched) {
					func->below = NULL;
					func->next_stack = NULL;
				}
}

static void save_task(struct sut_small_task *task, struct sut_small_record *record)
{
	if (task->record.life) {
		task->record.patch_state = (int8_t)task->core.patch_state;
		task->record.pending = task->core.pending;
	} else {
		memset(&task->record, 0, sizeof(task->record));
	}
	*record = task->record;
}

/* Attempts are counted for the fake signal, which wakes a task that may wake by itself here. */
void sut_small_stage_save(struct sut_small_stage *stage, struct sut_small_state *state)
{
	memset(state, 0, sizeof(*state));
	state->property = stage->now.property;
	if (!stage->now.property)
		clear_links(&stage->hub.core);
	stage->hub.core.attempts = 0;
	stage->hub.core.tasks = NULL;
	for (unsigned int i = 0; i < SUT_SMALL_TASKS; i++)
		save_task(&stage->task[i], &state->task[i]);
	for (unsigned int i = 0; i < SUT_SMALL_PARTS; i++)
		state->image[i] =
			sut_small_image(&stage->images[i], i ? (const void *)&stage->module[i - 1]
							     : (const void *)&stage->hub);
}
