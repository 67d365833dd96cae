// SPDX-License-Identifier: GPL-2.0-or-later
/* The host of the world of sample.h: does nothing, keeps account of it, and fails on demand. */
#include "core/sample.h"

#include <linux/errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct sut_sample *sample_of(struct sut_core *core)
{
	return (struct sut_sample *)core;
}

static struct sut_sample_patch *patch_of(const struct klp_object *obj)
{
	return (struct sut_sample_patch *)obj->patch;
}

static void note(struct sut_sample *sample, const char *word)
{
	size_t used = strlen(sample->log);

	snprintf(sample->log + used, sizeof(sample->log) - used, "%s%s", used ? " " : "", word);
}

/* Is this the one that fails? */
static int ask(struct sut_sample *sample, int failure)
{
	if (++sample->asked != sample->fail_at)
		return 0;
	return sample->failure = failure;
}

static void *alloc(struct sut_core *core, size_t size)
{
	struct sut_sample *sample = sample_of(core);
	void *block = ask(sample, -ENOMEM) ? NULL : calloc(1, size);

	sample->blocks += block != NULL;
	return block;
}

static void release(struct sut_core *core, void *block, size_t size)
{
	memset(block, 0x5a, size); /* and the sanitizers see if the size was not this */
	free(block);
	sample_of(core)->blocks--;
}

static bool loaded(struct sut_core *core, const char *name)
{
	size_t object = sut_sample_index(name);

	if (!name)
		sut_sample_break(sample_of(core), "nobody asks whether main is loaded");
	return object < SUT_SAMPLE_OBJECTS && sample_of(core)->loaded[object];
}

static int get_part(struct sut_core *core, struct klp_object *obj)
{
	bool *part = &patch_of(obj)->part[sut_sample_index(obj->name)];
	int rc = ask(sample_of(core), -ENOENT);

	if (*part || obj->dynamic || !obj->patch->split)
		sut_sample_break(sample_of(core), "a part is fetched once, where there is one");
	*part = !rc;
	return rc;
}

static void put_part(struct sut_core *core, struct klp_object *obj)
{
	bool *part = &patch_of(obj)->part[sut_sample_index(obj->name)];

	if (!*part)
		sut_sample_break(sample_of(core), "a part is given back once");
	*part = false;
}

static int relocate(struct sut_core *core, struct klp_object *obj)
{
	bool *relocated = &patch_of(obj)->relocated[sut_sample_index(obj->name)];
	int rc = ask(sample_of(core), -ENOEXEC);

	if (*relocated || obj->dynamic)
		sut_sample_break(sample_of(core), "relocations are applied once");
	*relocated = !rc;
	return rc;
}

static void unrelocate(struct sut_core *core, struct klp_object *obj)
{
	bool *relocated = &patch_of(obj)->relocated[sut_sample_index(obj->name)];

	if (!*relocated)
		sut_sample_break(sample_of(core), "relocations are cleared once");
	*relocated = false;
}

static int resolve(struct sut_core *core, struct klp_func *func)
{
	static struct klp_range old_piece[SUT_SAMPLE_OBJECTS][SUT_SAMPLE_CODES];
	struct sut_sample *sample = sample_of(core);
	size_t object = sut_sample_index(func->object->name);
	size_t code = sut_sample_code(func->old_name, func->old_sympos);
	struct klp_range *piece;
	uintptr_t old;

	if (ask(sample, -EINVAL))
		return sample->failure;
	if (!sample->loaded[object])
		sut_sample_break(sample, "symbols are looked up in objects that are there");
	if (code == SUT_SAMPLE_CODES)
		return -EINVAL;
	old = sut_sample_address(0, object, code);
	piece = &old_piece[object][code];
	*piece = (struct klp_range){old + SUT_SAMPLE_PIECE,
				    old + SUT_SAMPLE_PIECE + SUT_SAMPLE_CODE_SIZE};
	func->old_func = (void *)old;
	func->old_size = code == sut_sample_code("s", 0) ? 0 : SUT_SAMPLE_CODE_SIZE;
	func->old_pieces = piece;
	func->old_piece_count = 1;
	func->new_size = SUT_SAMPLE_CODE_SIZE;
	if (func->nop)
		func->new_func = func->old_func;
	return 0;
}

static bool *hook_of(struct sut_sample *sample, void *old_func)
{
	struct sut_sample_place place = sut_sample_place((uintptr_t)old_func);

	return &sample->hooked[place.object][place.code];
}

static int hook(struct sut_core *core, void *old_func)
{
	bool *hooked = hook_of(sample_of(core), old_func);
	int rc = ask(sample_of(core), -EBUSY);

	if (*hooked)
		sut_sample_break(sample_of(core), "an address is hooked once");
	*hooked = !rc;
	return rc;
}

static void unhook(struct sut_core *core, void *old_func)
{
	bool *hooked = hook_of(sample_of(core), old_func);

	if (!*hooked)
		sut_sample_break(sample_of(core), "what is unhooked was hooked");
	*hooked = false;
}

/* What the callbacks of an object, or a set of the whole system, have set up. */
static enum klp_callback_state *state_of(struct sut_sample *sample, const struct klp_object *obj,
					 const struct klp_callback_set *set)
{
	size_t object = sut_sample_index(obj->name);

	return set ? &sample->sets[object][set->id] : &patch_of(obj)->plain[object];
}

static int call(struct sut_core *core, struct klp_object *obj, struct klp_callback_set *set,
		enum sut_callback which)
{
	static const char *const names[] = {"pre_patch", "post_patch", "pre_unpatch",
					    "post_unpatch"};
	static const enum klp_callback_state steps[][2] = {
		[SUT_PRE_PATCH] = {KLP_OFF, KLP_PRE},
		[SUT_POST_PATCH] = {KLP_PRE, KLP_ON},
		[SUT_PRE_UNPATCH] = {KLP_ON, KLP_PRE},
		[SUT_POST_UNPATCH] = {KLP_PRE, KLP_OFF},
	};
	struct sut_sample *sample = sample_of(core);
	enum klp_callback_state *state = state_of(sample, obj, set);
	char word[64];

	snprintf(word, sizeof(word), "%s.%s%s%.0lu.%s", patch_of(obj)->mod.name,
		 obj->name ? obj->name : "main", set ? "#" : "", set ? set->id : 0, names[which]);
	note(sample, word);
	if (*state != steps[which][0])
		sut_sample_break(sample, "callbacks are called in their order");
	if (!sample->loaded[sut_sample_index(obj->name)])
		sut_sample_break(sample, "callbacks are called while their object is there");
	if (which == SUT_PRE_PATCH && ask(sample, -ENODEV))
		return sample->failure;
	*state = steps[which][1];
	return 0;
}

static void collect(struct sut_core *core, struct klp_object *obj,
		    const struct klp_shadow_type *type)
{
	struct sut_sample *sample = sample_of(core);

	(void)obj;
	sample->collected[type->id]++;
}

static void synchronize(struct sut_core *core)
{
	(void)core; /* nobody runs while the core does */
}

static void event(struct sut_core *core, enum sut_core_event event, struct klp_patch *klp)
{
	static const char *const names[] = {
		[SUT_PATCHING_COMPLETE] = "patching complete",
		[SUT_UNPATCHING_COMPLETE] = "unpatching complete",
		[SUT_PATCH_LEFT] = "left",
		[SUT_WARN_NO_TRANSITION] = "no transition",
		[SUT_WARN_UNRELIABLE_STACK] = "unreliable",
	};
	struct sut_sample *sample = sample_of(core);
	struct sut_sample_patch *patch = (struct sut_sample_patch *)klp;
	char word[64];

	snprintf(word, sizeof(word), "%s:%s", patch ? patch->mod.name : "none", names[event]);
	note(sample, word);
	sample->replaced |= event == SUT_PATCHING_COMPLETE;
	if (event != SUT_PATCH_LEFT)
		return;
	for (size_t i = 0; i < SUT_SAMPLE_OBJECTS; i++) {
		/* What is replaced keeps what it has set up, by design. */
		if (patch->plain[i] == KLP_PRE || (patch->plain[i] == KLP_ON && !sample->replaced))
			sut_sample_break(sample, "a patch leaves with its callbacks done");
		patch->plain[i] = KLP_OFF;
		if (patch->part[i] && !klp->forced)
			sut_sample_break(sample, "a patch leaves with its parts given back");
	}
}

const struct sut_core_host sut_sample_host = {
	.alloc = alloc,
	.free = release,
	.loaded = loaded,
	.get_part = get_part,
	.put_part = put_part,
	.relocate = relocate,
	.unrelocate = unrelocate,
	.resolve = resolve,
	.hook = hook,
	.unhook = unhook,
	.call = call,
	.collect = collect,
	.synchronize = synchronize,
	.event = event,
};

static enum sut_walk walk(struct sut_core *core, struct sut_task *core_task, sut_frame_fn frame,
			  void *arg)
{
	const struct sut_sample_task *task = (const struct sut_sample_task *)core_task;

	if (task->held && core->caller != core_task)
		return SUT_WALK_RUNNING;
	for (size_t i = task->count; i-- > 0;)
		if (!frame(arg, task->frames[i].address, task->frames[i].pc))
			break;
	return task->unreliable ? SUT_WALK_UNRELIABLE : SUT_WALK_DONE;
}

static void fake_signal(struct sut_core *core, struct sut_task *task)
{
	(void)core;
	((struct sut_sample_task *)task)->signals++;
}

const struct sut_core_task_host sut_sample_task_host = {.walk = walk, .signal = fake_signal};

/* A switch that watches how it is called, and otherwise is the kernel's. */
static void enter_phase(struct sut_core *core, enum sut_sample_phase from, enum sut_sample_phase to)
{
	struct sut_sample *sample = sample_of(core);

	if (sample->phase != from || !core->transition || core->target == SUT_UNDEFINED)
		sut_sample_break(sample, "a switch begins, starts, and finishes, in this order");
	sample->phase = to;
}

static void begin(struct sut_core *core)
{
	enter_phase(core, SUT_SAMPLE_NONE, SUT_SAMPLE_BEGUN);
	sample_of(core)->may_end = false;
	sut_core_tasks.begin(core);
}

static int prepare(struct sut_core *core)
{
	enter_phase(core, SUT_SAMPLE_BEGUN, SUT_SAMPLE_BEGUN);
	return ask(sample_of(core), -ETXTBSY);
}

static void start(struct sut_core *core)
{
	enter_phase(core, SUT_SAMPLE_BEGUN, SUT_SAMPLE_RUNNING);
	sut_core_tasks.start(core);
}

static void reverse(struct sut_core *core)
{
	enter_phase(core, SUT_SAMPLE_RUNNING, SUT_SAMPLE_RUNNING);
	sample_of(core)->may_end = false;
	sut_core_tasks.reverse(core);
}

static bool attempt(struct sut_core *core)
{
	struct sut_sample *sample = sample_of(core);
	int before[SUT_SAMPLE_TASKS];
	bool done;

	enter_phase(core, SUT_SAMPLE_RUNNING, SUT_SAMPLE_RUNNING);
	if (sample->lazy) {
		if (sample->may_end)
			sut_core_tasks.force(core);
		return sample->may_end;
	}
	for (size_t i = 0; i < SUT_SAMPLE_TASKS; i++)
		before[i] = sample->tasks[i].core.patch_state;
	done = sut_core_tasks.attempt(core);
	sut_sample_check_switched(sample, before);
	return done;
}

static void force(struct sut_core *core)
{
	enter_phase(core, SUT_SAMPLE_RUNNING, SUT_SAMPLE_RUNNING);
	sample_of(core)->may_end = true;
	sut_core_tasks.force(core);
}

static void finish(struct sut_core *core)
{
	struct sut_sample *sample = sample_of(core);

	if (sample->phase == SUT_SAMPLE_BEGUN && !sample->failure)
		sut_sample_break(sample, "only a failure gives a transition up");
	enter_phase(core, sample->phase ? sample->phase : SUT_SAMPLE_BEGUN, SUT_SAMPLE_NONE);
	sut_core_tasks.finish(core);
}

const struct sut_core_switch sut_sample_switch = {
	.begin = begin,
	.prepare = prepare,
	.start = start,
	.reverse = reverse,
	.attempt = attempt,
	.force = force,
	.finish = finish,
};
