// SPDX-License-Identifier: GPL-2.0-or-later
/* The world of sample.h: its patches, its tasks, and what is done in it. */
#include "core/sample.h"

#include <string.h>

static const char *const object_names[SUT_SAMPLE_OBJECTS] = {NULL, "m", "n"};

size_t sut_sample_index(const char *name)
{
	if (!name)
		return 0;
	return name[0] == 'm' ? 1 : name[0] == 'n' ? 2 : SUT_SAMPLE_OBJECTS;
}

size_t sut_sample_code(const char *name, unsigned long sympos)
{
	static const char names[] = "fgdas";
	static const size_t codes[] = {0, 1, 2, 0, 4};
	const char *at = strchr(names, name[0]);
	bool twice = name[0] == 'd';

	if (!at || sympos > (twice ? 2 : 1) || (twice && !sympos))
		return SUT_SAMPLE_CODES;
	return codes[at - names] + (sympos == 2);
}

uintptr_t sut_sample_address(unsigned int load, size_t object, size_t code)
{
	return (load + 1) * SUT_SAMPLE_LOAD_DISTANCE +
	       (object * SUT_SAMPLE_CODES + code) * SUT_SAMPLE_CODE_DISTANCE;
}

struct sut_sample_place sut_sample_place(uintptr_t address)
{
	size_t n = address % SUT_SAMPLE_LOAD_DISTANCE / SUT_SAMPLE_CODE_DISTANCE;

	return (struct sut_sample_place){address / SUT_SAMPLE_LOAD_DISTANCE - 1,
					 n / SUT_SAMPLE_CODES, n % SUT_SAMPLE_CODES};
}

void sut_sample_init(struct sut_sample *sample, bool lazy)
{
	*sample = (struct sut_sample){.lazy = lazy, .loaded = {true}};
	sut_core_init(&sample->core, &sut_sample_host, &sut_sample_switch);
	sample->core.task_host = &sut_sample_task_host;
}

struct sut_sample_patch *sut_sample_patch(struct sut_sample *sample, size_t index)
{
	static const char *const names[SUT_SAMPLE_PATCHES] = {"A", "B", "C", "D", "E"};
	struct sut_sample_patch *patch = &sample->patches[index];

	*patch = (struct sut_sample_patch){
		.mod = {.name = names[index], .livepatch = true},
		.load = ++sample->loads,
	};
	patch->klp.mod = &patch->mod;
	patch->klp.objs = patch->objects;
	patch->klp.states = patch->states;
	return patch;
}

static struct klp_object *find_object(struct sut_sample_patch *patch, size_t object)
{
	struct klp_object *obj = patch->objects;

	while (obj->funcs && sut_sample_index(obj->name) != object)
		obj++;
	return obj;
}

struct klp_object *sut_sample_object(struct sut_sample_patch *patch, size_t object)
{
	struct klp_object *obj = find_object(patch, object);

	if (obj->funcs)
		return NULL;
	obj->name = object_names[object];
	obj->funcs = patch->funcs[object];
	obj->sets = patch->sets[object];
	obj->shadow_types = patch->types[object];
	return obj;
}

void sut_sample_func(struct sut_sample_patch *patch, size_t object, const char *name,
		     unsigned long sympos)
{
	struct klp_func *func = patch->funcs[object];
	/* One that is not found never gets to its code. */
	size_t code = sut_sample_code(name, sympos) % SUT_SAMPLE_CODES;

	while (func->old_name)
		func++;
	if (func == &patch->funcs[object][SUT_SAMPLE_FUNCS])
		return;
	func->old_name = name;
	func->old_sympos = sympos;
	func->new_func = (void *)sut_sample_address(patch->load, object, code);
}

/* Their addresses count, not what they do. */
static int stand_in_pre_patch(struct klp_object *obj)
{
	(void)obj;
	return 0;
}

static void stand_in(struct klp_object *obj)
{
	(void)obj;
}

void sut_sample_callbacks(struct sut_sample_patch *patch, size_t object, unsigned long id)
{
	static const struct klp_callbacks all = {stand_in_pre_patch, stand_in, stand_in, stand_in,
						 KLP_OFF};
	struct klp_callback_set *set = patch->sets[object];

	if (!id) {
		find_object(patch, object)->callbacks = all;
		return;
	}
	while (set->id)
		set++;
	if (set < &patch->sets[object][SUT_SAMPLE_IDS])
		*set = (struct klp_callback_set){id, all};
}

void sut_sample_type(struct sut_sample_patch *patch, size_t object, unsigned long id)
{
	static struct klp_shadow_type all[SUT_SAMPLE_IDS + 1];
	struct klp_shadow_type **type = patch->types[object];

	while (*type)
		type++;
	if (type == &patch->types[object][SUT_SAMPLE_IDS])
		return;
	all[id].id = id;
	*type = &all[id];
}

struct klp_state *sut_sample_state(struct sut_sample_patch *patch, unsigned long id,
				   unsigned int version)
{
	struct klp_state *state = patch->states;

	while (state->id)
		state++;
	if (state == &patch->states[SUT_SAMPLE_IDS])
		return NULL;
	*state = (struct klp_state){.id = id, .version = version};
	return state;
}

int sut_sample_enable(struct sut_sample *sample, struct sut_sample_patch *patch)
{
	int rc;

	/* Its module is loaded anew, without what was written into the one before. */
	if (!patch->klp.core)
		memset(patch->relocated, 0, sizeof(patch->relocated));
	sut_sample_begin(sample);
	rc = sut_core_enable(&sample->core, &patch->klp);
	sut_sample_end(sample, rc);
	return rc;
}

int sut_sample_set_enabled(struct sut_sample *sample, struct sut_sample_patch *patch, bool value)
{
	int rc;

	sut_sample_begin(sample);
	rc = sut_core_set_enabled(&sample->core, &patch->klp, value);
	sut_sample_end(sample, rc);
	return rc;
}

int sut_sample_force(struct sut_sample *sample, struct sut_sample_patch *patch)
{
	int rc;

	sut_sample_begin(sample);
	rc = sut_core_force(&sample->core, &patch->klp);
	sut_sample_end(sample, rc);
	return rc;
}

bool sut_sample_attempt(struct sut_sample *sample)
{
	bool done;

	sut_sample_begin(sample);
	done = sut_core_attempt(&sample->core);
	sut_sample_end(sample, 0);
	if (done != !sample->core.transition)
		sut_sample_break(sample, "an attempt tells whether a transition is left");
	return done;
}

int sut_sample_coming(struct sut_sample *sample, size_t object)
{
	int rc;

	sut_sample_begin(sample);
	sample->loaded[object] = true;
	rc = sut_core_coming(&sample->core, object_names[object]);
	sample->loaded[object] = !rc;
	sut_sample_end(sample, rc);
	return rc;
}

void sut_sample_going(struct sut_sample *sample, size_t object)
{
	sut_sample_begin(sample);
	sut_core_going(&sample->core, object_names[object]);
	sample->loaded[object] = false;
	sut_sample_end(sample, 0);
}

static void finish(struct sut_sample *sample)
{
	sample->may_end = true;
	if (!sut_sample_attempt(sample))
		sut_sample_break(sample, "a transition that nothing keeps ends");
}

static void disable(struct sut_sample *sample, struct klp_patch *patch)
{
	for (struct klp_state *state = patch->states; state && state->id; state++)
		state->block_disable = false;
	if (sut_sample_set_enabled(sample, (struct sut_sample_patch *)patch, false))
		sut_sample_break(sample, "a patch in use can be disabled");
	finish(sample);
}

void sut_sample_clear(struct sut_sample *sample)
{
	for (size_t i = 0; i < SUT_SAMPLE_TASKS; i++) {
		sample->tasks[i].held = sample->tasks[i].unreliable = false;
		sample->tasks[i].count = 0;
	}
	finish(sample);
	while (sample->core.patches && !sample->broken)
		disable(sample, sample->core.patches->patch);
	if (sample->core.stacks || sample->blocks)
		sut_sample_break(sample, "nothing is left when all patches are gone");
}

struct sut_sample_task *sut_sample_task(struct sut_sample *sample,
					const struct sut_sample_task *parent)
{
	struct sut_sample_task *task = sample->tasks;

	while (task < &sample->tasks[SUT_SAMPLE_TASKS] && task->alive)
		task++;
	if (task == &sample->tasks[SUT_SAMPLE_TASKS])
		return NULL;
	*task = (struct sut_sample_task){.alive = true};
	sut_core_task_new(&sample->core, &task->core, parent ? &parent->core : NULL);
	return task;
}

void sut_sample_exit(struct sut_sample *sample, struct sut_sample_task *task)
{
	sut_core_task_exit(&sample->core, &task->core);
	task->alive = false;
}

void sut_sample_push(struct sut_sample_task *task, uintptr_t address, bool pc)
{
	if (task->count < SUT_SAMPLE_FRAMES)
		task->frames[task->count++] = (struct sut_sample_frame){address, pc};
}

void sut_sample_call(struct sut_sample *sample, struct sut_sample_task *task, size_t object,
		     size_t code)
{
	uintptr_t address = sut_sample_address(0, object, code);
	const struct klp_func *func =
		sut_core_select(&sample->core, (void *)address, task->core.patch_state);

	if (func)
		address = (uintptr_t)func->new_func;
	sut_sample_push(task, address + SUT_SAMPLE_CODE_SIZE / 2, false);
}
