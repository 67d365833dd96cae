// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The host of small worlds. It does nothing but keep books of what the core asks for, and sees
 * when that is wrong. Each operation that may fail does so once in some step: the steps differ by
 * the how many-th one it is.
 */
#include "sim/explore-core.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static struct sut_small_book *book_of(struct sut_core *core)
{
	return &sut_small_stage_of(core)->hub.book;
}

static bool fails(struct sut_core *core, const char *what, const char *of)
{
	struct sut_small_now *now = &sut_small_stage_of(core)->now;

	if (++now->fallible != now->fails)
		return false;
	snprintf(now->failed, sizeof(now->failed), "%s%s%s", what, of ? " of " : "", of ? of : "");
	return true;
}

static enum sut_small_object object_of(const struct klp_object *obj)
{
	return obj->name ? SUT_SMALL_LATE : SUT_SMALL_MAIN;
}

static const char *object_name(const struct klp_object *obj)
{
	return obj->name ? obj->name : "main";
}

/* --- memory ----------------------------------------------------------------------------------- */

static void *host_alloc(struct sut_core *core, size_t size)
{
	struct sut_small_stage *stage = sut_small_stage_of(core);
	struct sut_small_book *book = &stage->hub.book;
	unsigned int n = stage->now.module;
	bool listed = !(book->listed & 1 << n);

	if (fails(core, "memory", NULL))
		return NULL;
	if (listed ? size != sizeof(stage->module[n].listed)
		   : (book->nops_size[n] || size > SUT_SMALL_NOPS_SIZE)) {
		sut_small_break(stage, SUT_SMALL_LEAK);
		return NULL;
	}
	if (listed) {
		book->listed |= 1 << n;
		return &stage->module[n].listed;
	}
	book->nops_size[n] = size;
	return stage->module[n].nops;
}

static void host_free(struct sut_core *core, void *block, size_t size)
{
	struct sut_small_stage *stage = sut_small_stage_of(core);
	struct sut_small_book *book = &stage->hub.book;

	for (unsigned int n = 0; n < SUT_SMALL_PATCHES; n++) {
		struct sut_small_module *module = &stage->module[n];

		if (block == &module->listed && size == sizeof(module->listed) &&
		    book->listed & 1 << n)
			book->listed &= ~(1 << n);
		else if (block == module->nops && size == book->nops_size[n] && size)
			book->nops_size[n] = 0;
		else
			continue;
		memset(block, 0, size);
		return;
	}
	sut_small_break(stage, SUT_SMALL_LEAK);
}

/* --- objects and functions -------------------------------------------------------------------- */

static bool host_loaded(struct sut_core *core, const char *name)
{
	(void)name; /* there is only one */
	return book_of(core)->loaded && !book_of(core)->untold;
}

static int host_get_part(struct sut_core *core, struct klp_object *obj)
{
	struct sut_small_book *book = book_of(core);
	unsigned int bit = 1 << sut_small_patch_of(sut_small_stage_of(core), obj->patch);

	if (fails(core, "the part", object_name(obj)))
		return -ENOENT;
	if (book->parts & bit)
		sut_small_break(sut_small_stage_of(core), SUT_SMALL_LEAK);
	book->parts |= bit;
	return 0;
}

/* Is a task in this patch's code, in that of its late object? Sees what it is entering, too. */
static bool is_in_use(const struct sut_small_stage *stage, unsigned int patch, bool late_only)
{
	for (unsigned int i = 0; i < SUT_SMALL_TASKS; i++) {
		struct sut_small_code codes[SUT_SMALL_DEPTH + 1];
		unsigned int count = sut_small_codes(stage, &stage->task[i].record, codes);

		while (count--)
			if (codes[count].owner == patch + 1 &&
			    (!late_only || codes[count].function == SUT_SMALL_K))
				return true;
	}
	return false;
}

static void host_put_part(struct sut_core *core, struct klp_object *obj)
{
	struct sut_small_stage *stage = sut_small_stage_of(core);
	unsigned int patch = sut_small_patch_of(stage, obj->patch);

	if (!(stage->hub.book.parts & 1 << patch))
		sut_small_break(stage, SUT_SMALL_LEAK);
	if (is_in_use(stage, patch, true))
		sut_small_break(stage, SUT_SMALL_FREED_CODE);
	stage->hub.book.parts &= ~(1 << patch);
}

static int host_relocate(struct sut_core *core, struct klp_object *obj)
{
	struct sut_small_stage *stage = sut_small_stage_of(core);
	unsigned int bit = 1 << sut_small_patch_of(stage, obj->patch);
	uint8_t *relocated = &stage->hub.book.relocated[object_of(obj)];

	if (fails(core, "relocation", object_name(obj)))
		return -ENOEXEC;
	if (*relocated & bit)
		sut_small_break(stage, SUT_SMALL_LEAK);
	*relocated |= bit;
	return 0;
}

static void host_unrelocate(struct sut_core *core, struct klp_object *obj)
{
	struct sut_small_stage *stage = sut_small_stage_of(core);
	unsigned int bit = 1 << sut_small_patch_of(stage, obj->patch);
	uint8_t *relocated = &stage->hub.book.relocated[object_of(obj)];

	if (!(*relocated & bit))
		sut_small_break(stage, SUT_SMALL_LEAK);
	*relocated &= ~bit;
}

static int host_resolve(struct sut_core *core, struct klp_func *func)
{
	struct sut_small_stage *stage = sut_small_stage_of(core);
	enum sut_small_function x = SUT_SMALL_F;
	bool half = stage->world->fault == SUT_SMALL_FAULT_SIZE;

	if (fails(core, "the symbol", func->old_name))
		return -EINVAL;
	while (strcmp(func->old_name, sut_small_function_name(x)) != 0)
		x++;
	func->old_func = sut_small_address(stage, 0, x);
	func->old_size = half ? SUT_SMALL_CODE_SIZE / 2 : SUT_SMALL_CODE_SIZE;
	func->new_size = SUT_SMALL_CODE_SIZE;
	if (func->nop)
		func->new_func = func->old_func;
	return 0;
}

static int host_hook(struct sut_core *core, void *old_func)
{
	struct sut_small_stage *stage = sut_small_stage_of(core);
	unsigned int x = sut_small_code_at(stage, old_func).function;

	if (fails(core, "the hook", sut_small_function_name(x)))
		return -EBUSY;
	if (stage->hub.book.hooked & 1 << x)
		sut_small_break(stage, SUT_SMALL_HOOK);
	stage->hub.book.hooked |= 1 << x;
	return 0;
}

static void host_unhook(struct sut_core *core, void *old_func)
{
	struct sut_small_stage *stage = sut_small_stage_of(core);
	unsigned int bit = 1 << sut_small_code_at(stage, old_func).function;

	if (!(stage->hub.book.hooked & bit))
		sut_small_break(stage, SUT_SMALL_HOOK);
	stage->hub.book.hooked &= ~bit;
}

/* --- what the author wrote -------------------------------------------------------------------- */

/* Code that uses a shadow type attaches a variable; of a type that is new, pre_patch does it. */
static int host_call(struct sut_core *core, struct klp_object *obj, struct klp_callback_set *set,
		     enum sut_callback which)
{
	static const uint8_t from[] = {KLP_OFF, KLP_PRE, KLP_ON, KLP_PRE};
	static const uint8_t to[] = {KLP_PRE, KLP_ON, KLP_PRE, KLP_OFF};
	struct sut_small_stage *stage = sut_small_stage_of(core);
	struct sut_small_book *book = &stage->hub.book;
	unsigned int patch = sut_small_patch_of(stage, obj->patch);
	enum sut_small_object object = object_of(obj);
	uint8_t *state = set ? &book->sets[object][set->id - 1] : &book->plain[patch][object];

	if (*state != from[which] || !(book->listed & 1 << patch))
		sut_small_break(stage, SUT_SMALL_CALLBACKS);
	if (which == SUT_PRE_PATCH && fails(core, "pre_patch", object_name(obj)))
		return -EIO;
	if (which == SUT_PRE_PATCH)
		book->variables |= stage->world->patch[patch].types[object] & ~stage->now.users;
	*state = to[which];
	return 0;
}

static bool uses(const struct sut_small_stage *stage, struct sut_small_code code, unsigned int id)
{
	return code.owner &&
	       stage->world->patch[code.owner - 1].types[sut_small_object_of(code.function)] &
		       1 << (id - 1);
}

static void host_collect(struct sut_core *core, struct klp_object *obj,
			 const struct klp_shadow_type *type)
{
	struct sut_small_stage *stage = sut_small_stage_of(core);

	(void)obj;
	stage->now.collected[type->id - 1]++;
	stage->hub.book.variables &= ~(1 << (type->id - 1));
	for (unsigned int i = 0; i < SUT_SMALL_TASKS; i++) {
		const struct sut_small_record *record = &stage->task[i].record;
		struct sut_small_code codes[SUT_SMALL_DEPTH + 1];
		unsigned int count = sut_small_codes(stage, record, codes);

		while (count--)
			if (!record->excused && !stage->now.forced &&
			    uses(stage, codes[count], (unsigned int)type->id))
				sut_small_break(stage, SUT_SMALL_SHADOW);
	}
}

/* Who is in the entry handler goes on; the controller waits for that. */
static void host_synchronize(struct sut_core *core)
{
	struct sut_small_stage *stage = sut_small_stage_of(core);

	if (stage->world->fault == SUT_SMALL_FAULT_NO_SYNCHRONIZE)
		return;
	for (unsigned int i = 0; i < SUT_SMALL_TASKS; i++)
		if (stage->task[i].record.entering) {
			sut_small_enter(stage, &stage->task[i]);
			stage->now.progress = true;
		}
}

/* A module without references is unloaded at once: the worst that its user can do. */
static void host_event(struct sut_core *core, enum sut_core_event event, struct klp_patch *patch)
{
	struct sut_small_stage *stage = sut_small_stage_of(core);
	unsigned int n = sut_small_patch_of(stage, patch);

	if (event != SUT_PATCH_LEFT)
		return;
	if (patch->mod->refs) {
		stage->now.unloaded |= 1 << n;
		stage->hub.book.pinned |= 1 << n;
		return;
	}
	if (is_in_use(stage, n, false))
		sut_small_break(stage, SUT_SMALL_FREED_CODE);
	sut_small_module_unload(stage, n);
}

const struct sut_core_host sut_small_host = {
	.alloc = host_alloc,
	.free = host_free,
	.loaded = host_loaded,
	.get_part = host_get_part,
	.put_part = host_put_part,
	.relocate = host_relocate,
	.unrelocate = host_unrelocate,
	.resolve = host_resolve,
	.hook = host_hook,
	.unhook = host_unhook,
	.call = host_call,
	.collect = host_collect,
	.synchronize = host_synchronize,
	.event = host_event,
};

/* --- stacks ----------------------------------------------------------------------------------- */

/* The innermost frame is where the task is; what waits for a call is a return address. */
static enum sut_walk walk(struct sut_core *core, struct sut_task *core_task, sut_frame_fn frame,
			  void *arg)
{
	const struct sut_small_stage *stage = sut_small_stage_of(core);
	const struct sut_small_record *record = &((struct sut_small_task *)core_task)->record;
	enum sut_small_fault fault = stage->world->fault;

	if (record->life == SUT_SMALL_RUNNING && fault != SUT_SMALL_FAULT_RUNNING_WALKED)
		return SUT_WALK_RUNNING;
	for (unsigned int i = record->depth; i-- > 0;) {
		struct sut_small_code code = record->frame[i];
		bool pc = i + 1 == record->depth;
		uintptr_t at = (uintptr_t)sut_small_address(stage, code.owner, code.function);

		at += !pc && code.last ? SUT_SMALL_CODE_SIZE : SUT_SMALL_CODE_SIZE / 2;
		if ((pc && fault == SUT_SMALL_FAULT_NO_PC) ||
		    (!pc && fault == SUT_SMALL_FAULT_OUTER_FRAMES))
			continue;
		if (!frame(arg, at, pc || fault == SUT_SMALL_FAULT_RETURN_AS_IS))
			break;
	}
	return SUT_WALK_DONE;
}

/* It would only wake a task that may as well wake by itself. */
static void fake_signal(struct sut_core *core, struct sut_task *task)
{
	(void)core;
	(void)task;
}

const struct sut_core_task_host sut_small_task_host = {.walk = walk, .signal = fake_signal};
