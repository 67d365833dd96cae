// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The rules that hold in the world of sample.h after every operation, worked out from the lists of
 * patches and from what the host saw.
 */
#include "core/sample.h"

#include <linux/errno.h>
#include <string.h>

#define for_each_patch(p, sample)                                                                  \
	for (const struct sut_core_patch *p = (sample)->core.patches; p; p = p->next)
#define for_each_object(obj, p)                                                                    \
	for (const struct klp_object *obj = (p)->first; obj; obj = obj->next)
#define for_each_func(func, obj)                                                                   \
	for (const struct klp_func *func = (obj)->first; func; func = func->next)

void sut_sample_break(struct sut_sample *sample, const char *rule)
{
	if (!sample->broken)
		sample->broken = rule;
}

static void rule(struct sut_sample *sample, bool holds, const char *text)
{
	if (!holds)
		sut_sample_break(sample, text);
}

static bool is_older(const struct sut_core_patch *p, const struct klp_patch *than)
{
	for (p = p->next; p; p = p->next)
		if (p->patch == than)
			return true;
	return false;
}

/* Does the transition that runs replace it? */
static bool is_replaced(const struct sut_sample *sample, const struct sut_core_patch *p)
{
	const struct klp_patch *by = sample->core.transition;

	if (!by || !is_older(p, by))
		return false;
	return by->replace_set ? p->patch->replace_set == by->replace_set : by->replace;
}

static void check_func(struct sut_sample *sample, const struct klp_func *func)
{
	const struct klp_object *obj = func->object;
	bool in_transition = obj->patch == sample->core.transition;

	rule(sample, func->transition == in_transition, "a function is in transition as its patch");
	rule(sample, !func->nop || in_transition, "only a transition has nops");
	rule(sample, func->patched == obj->patched, "a function is patched as its object");
	rule(sample, (func->old_func != NULL) == obj->loaded, "a function is known as its object");
}

static void check_object(struct sut_sample *sample, const struct sut_core_patch *p,
			 const struct klp_object *obj)
{
	const struct sut_sample_patch *patch = (const struct sut_sample_patch *)p->patch;
	size_t i = sut_sample_index(obj->name);
	enum klp_callback_state state = obj->callbacks.state;

	rule(sample, obj->loaded == sample->loaded[i], "a patch is bound to all that is there");
	rule(sample, obj->patched == obj->loaded, "what is there is patched");
	rule(sample, patch->part[i] == (obj->loaded && i && !obj->dynamic && p->patch->split),
	     "parts are there while their object is");
	rule(sample, patch->relocated[i] == (obj->loaded && !obj->dynamic),
	     "relocations are applied while their object is there");
	rule(sample, (obj->counted != NULL) == (obj->loaded && !obj->dynamic),
	     "types are counted while their object is there");
	if (!obj->loaded)
		rule(sample, state == KLP_OFF, "callbacks of what is not there are off");
	else if (p->patch == sample->core.transition)
		rule(sample, state == KLP_PRE, "callbacks of a transition are between");
	else
		rule(sample, state == KLP_ON || (state == KLP_PRE && is_replaced(sample, p)),
		     "callbacks of a patch in use are on");
	if (obj->callbacks.pre_patch)
		rule(sample, patch->plain[i] == state, "the host saw what the core says it called");
	for_each_func(func, obj) check_func(sample, func);
}

static void check_patches(struct sut_sample *sample)
{
	size_t blocks = 0;

	for_each_patch(p, sample)
	{
		const struct klp_patch *patch = p->patch;
		bool in_transition = patch == sample->core.transition;

		blocks += 1 + (p->nops != NULL);
		rule(sample,
		     patch->core == p &&
			     sut_core_find(&sample->core, sut_patch_name(patch)) == patch,
		     "a patch is on the list once");
		rule(sample, patch->mod->refs == 1, "a patch in use has one reference");
		rule(sample,
		     patch->enabled == (!in_transition || sample->core.target == SUT_PATCHED),
		     "a patch in use is enabled, unless it is on its way out");
		rule(sample, !p->nops || in_transition, "nops go when their transition ends");
		for_each_object(obj, p) check_object(sample, p, obj);
	}
	for (size_t i = 0; i < SUT_SAMPLE_PATCHES; i++) {
		const struct sut_sample_patch *patch = &sample->patches[i];

		rule(sample, patch->klp.core || patch->mod.refs == patch->klp.forced,
		     "a patch that is not in use has a reference only if forced");
	}
	rule(sample, sample->blocks == blocks, "memory is held for patches in use only");
}

static size_t position(const struct sut_sample *sample, const struct klp_patch *patch)
{
	size_t n = 1;

	for_each_patch(p, sample)
	{
		if (p->patch == patch)
			return n;
		n++;
	}
	return 0;
}

/* Entries are patched functions; so when there are as many, each of them is on its stack. */
static void check_stacks(struct sut_sample *sample)
{
	size_t entries = 0, functions = 0, stacks = 0, hooks = 0;

	for (const struct klp_func *top = sample->core.stacks; top; top = top->next_stack) {
		struct sut_sample_place place = sut_sample_place((uintptr_t)top->old_func);
		size_t newer = SIZE_MAX;

		stacks++;
		rule(sample, sut_core_stack(&sample->core, top->old_func) == top,
		     "an address has one stack");
		rule(sample, sample->hooked[place.object][place.code], "a stack has its hook");
		for (const struct klp_func *func = top; func; func = func->below) {
			size_t n = position(sample, func->object->patch);

			entries++;
			rule(sample, func->patched && func->old_func == top->old_func,
			     "a stack has patched functions of its address");
			rule(sample, n && n < newer, "a stack is in the order of the patches");
			newer = n;
		}
	}
	for_each_patch(p, sample) for_each_object(obj, p) for_each_func(func, obj) functions +=
		func->patched;
	for (size_t i = 0; i < SUT_SAMPLE_OBJECTS; i++)
		for (size_t code = 0; code < SUT_SAMPLE_CODES; code++)
			hooks += sample->hooked[i][code];
	rule(sample, entries == functions, "every patched function is on a stack");
	rule(sample, hooks == stacks, "every hook has its stack");
}

/* The set of that id, when p has it for this object and the object is there. */
static const struct klp_callback_set *find_set(const struct sut_core_patch *p, size_t object,
					       unsigned long id)
{
	const struct klp_object *obj = p->first;
	const struct klp_callback_set *set;

	while (obj && sut_sample_index(obj->name) != object)
		obj = obj->next;
	if (!obj || !obj->loaded || !obj->sets)
		return NULL;
	for (set = obj->sets; set->id; set++)
		if (set->id == id)
			return set;
	return NULL;
}

/* Who holds the set of that object and id. */
struct holders {
	bool stable;     /* a patch that takes no part in the transition */
	bool replaced;   /* one that is replaced */
	bool transition; /* the one in transition */
	bool agree;      /* all of them say the same state as the host */
};

static struct holders find_holders(const struct sut_sample *sample, size_t object, unsigned long id)
{
	struct holders found = {.agree = true};

	for_each_patch(p, sample)
	{
		const struct klp_callback_set *set = find_set(p, object, id);

		if (!set)
			continue;
		found.agree &= set->callbacks.state == sample->sets[object][id];
		if (p->patch == sample->core.transition)
			found.transition = true;
		else if (is_replaced(sample, p))
			found.replaced = true;
		else
			found.stable = true;
	}
	return found;
}

static void check_set(struct sut_sample *sample, size_t object, unsigned long id)
{
	enum klp_callback_state state = sample->sets[object][id];
	struct holders holders = find_holders(sample, object, id);

	rule(sample, holders.agree, "all who hold a set know its state");
	if (holders.stable)
		rule(sample, state == KLP_ON, "a set that somebody keeps is on");
	else if (holders.transition && holders.replaced)
		rule(sample, state != KLP_OFF, "a set that is handed over is not taken down");
	else if (holders.transition || holders.replaced)
		rule(sample, state == KLP_PRE, "a set that comes or goes is between");
	else
		rule(sample, state == KLP_OFF, "a set that nobody holds is off");
}

static unsigned int users_of_type(const struct sut_sample *sample, unsigned long id)
{
	unsigned int count = 0;

	for_each_patch(p, sample) for_each_object(obj, p)
	{
		if (!obj->loaded || !obj->shadow_types)
			continue;
		for (struct klp_shadow_type **type = obj->shadow_types; *type; type++)
			count += (*type)->id == id;
	}
	return count;
}

static void check_type(struct sut_sample *sample, unsigned long id)
{
	unsigned int users = users_of_type(sample, id), collected = sample->collected[id];

	rule(sample, sut_core_type_count(&sample->core, id) == users, "types are counted right");
	if (users)
		rule(sample, collected == 0, "a type in use is not collected");
	else if (sample->used[id])
		rule(sample, collected == 1, "a type is collected with its last user");
	else
		rule(sample, collected <= 1, "a type is collected once");
}

static void check_tasks(struct sut_sample *sample)
{
	const struct sut_core *core = &sample->core;
	bool running = core->transition != NULL;

	rule(sample, running == (core->target != SUT_UNDEFINED), "a transition has a target");
	rule(sample, sample->phase == (running ? SUT_SAMPLE_RUNNING : SUT_SAMPLE_NONE),
	     "tasks switch while a transition runs");
	for (size_t i = 0; i < SUT_SAMPLE_TASKS; i++) {
		const struct sut_task *task = &sample->tasks[i].core;

		if (!sample->tasks[i].alive)
			continue;
		rule(sample, running == (task->patch_state != SUT_UNDEFINED),
		     "a task has a state while a transition runs");
		rule(sample, task->pending == (task->patch_state != core->target),
		     "a task is pending while it has not switched");
	}
}

/* What runs when the transition has ended, the one way or the other. */
static const struct klp_func *choice_after(const struct sut_sample *sample,
					   const struct klp_func *top, int target)
{
	for (const struct klp_func *func = top; func; func = func->below) {
		const struct klp_patch *patch = func->object->patch;

		if (func->nop || (target == SUT_PATCHED && is_replaced(sample, patch->core)) ||
		    (target == SUT_UNPATCHED && patch == sample->core.transition))
			continue;
		return func;
	}
	return NULL;
}

static void check_choice(struct sut_sample *sample)
{
	for (const struct klp_func *top = sample->core.stacks; top; top = top->next_stack)
		for (int state = SUT_UNPATCHED; state <= SUT_PATCHED; state++)
			rule(sample,
			     sut_core_select(&sample->core, top->old_func, state) ==
				     choice_after(sample, top, state),
			     "a task runs what it will run when all are where it is");
}

void sut_sample_begin(struct sut_sample *sample)
{
	sample->asked = 0;
	sample->failure = 0;
	sample->replaced = false;
	sample->log[0] = '\0';
	for (size_t id = 1; id <= SUT_SAMPLE_IDS; id++) {
		sample->used[id] = users_of_type(sample, id);
		sample->collected[id] = 0;
	}
	sut_sample_print(sample, sample->before);
}

void sut_sample_end(struct sut_sample *sample, int rc)
{
	char after[SUT_SAMPLE_TEXT_SIZE];

	sample->fail_at = 0;
	rule(sample, rc <= 0, "an error is negative");
	rule(sample, !sample->failure || rc == sample->failure, "what failed is told");
	if (rc) {
		sut_sample_print(sample, after);
		rule(sample, strcmp(sample->before, after) == 0,
		     "an operation that failed leaves no trace");
	}
	check_patches(sample);
	check_stacks(sample);
	check_tasks(sample);
	check_choice(sample);
	for (size_t id = 1; id <= SUT_SAMPLE_IDS; id++) {
		check_type(sample, id);
		for (size_t i = 0; i < SUT_SAMPLE_OBJECTS; i++)
			check_set(sample, i, id);
	}
}

static const struct klp_func *find_func(const struct sut_core_patch *p, const void *old_func)
{
	for_each_object(obj, p)
		for_each_func(func,
			      obj) if (func->patched && func->old_func == old_func) return func;
	return NULL;
}

/* Is this frame in code that the transition leaves? */
static bool is_left(const struct sut_sample *sample, const struct sut_sample_frame *frame)
{
	const struct klp_patch *transition = sample->core.transition;
	uintptr_t address = frame->pc ? frame->address : frame->address - 1;
	struct sut_sample_place place = sut_sample_place(address);
	const void *old = (const void *)sut_sample_address(0, place.object, place.code);
	const struct klp_func *entry = find_func(transition->core, old);
	uintptr_t offset = address % SUT_SAMPLE_CODE_DISTANCE;

	/* Only originals have pieces. */
	if (offset >= SUT_SAMPLE_PIECE && place.load == 0)
		offset -= SUT_SAMPLE_PIECE;
	if (offset >= SUT_SAMPLE_CODE_SIZE || !entry)
		return false;
	if (sample->core.target == SUT_UNPATCHED)
		return place.load ==
		       (entry->nop ? 0 : ((const struct sut_sample_patch *)transition)->load);
	if (place.load == 0)
		return !entry->nop;
	for_each_patch(p, sample)
	{
		if (((const struct sut_sample_patch *)p->patch)->load == place.load)
			return is_older(p, transition) && find_func(p, old);
	}
	return false;
}

void sut_sample_check_switched(struct sut_sample *sample, const int before[SUT_SAMPLE_TASKS])
{
	const struct sut_core *core = &sample->core;

	for (size_t i = 0; i < SUT_SAMPLE_TASKS; i++) {
		const struct sut_sample_task *task = &sample->tasks[i];
		bool blocked = task->unreliable || (task->held && core->caller != &task->core);

		for (size_t n = 0; n < task->count; n++)
			blocked |= is_left(sample, &task->frames[n]);
		if (!task->alive || before[i] == core->target)
			continue;
		rule(sample, (task->core.patch_state == core->target) == !blocked,
		     "an attempt switches those that nothing keeps, and only those");
		rule(sample, (task->core.reason != SUT_BLOCK_NONE) == blocked,
		     "who did not switch has a reason");
	}
}
