// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The process host's side of the core, inside the target. The controller has found out everything
 * beforehand (addresses, thunks, ranges), so most operations only look up what it wrote.
 *
 * Tables of functions are filled by code, not initialised: this is a flat image that nobody
 * relocates.
 */
#include "process/rt/inside.h"
#include "process/rt/call.h"
#include "core/private.h"

#include <linux/errno.h>

struct sut_rt_control *sut_rt_this_control(void)
{
	extern const struct sut_rt_header sut_rt_header;

	return (struct sut_rt_control *)sut_rt_header.control;
}

static struct sut_rt_control *control_of(struct sut_core *core)
{
	return (struct sut_rt_control *)((char *)core - offsetof(struct sut_rt_control, core));
}

/* From what the controller put aside for this transition. */
static void *alloc(struct sut_core *core, size_t size)
{
	struct sut_rt_transition *t = (struct sut_rt_transition *)control_of(core)->planned;
	unsigned char *block;

	size = (size + 15) & ~(size_t)15;
	if (!t || t->memory_size < size)
		return NULL;
	block = (unsigned char *)t->memory;
	t->memory += size;
	t->memory_size -= size;
	for (size_t i = 0; i < size; i++)
		block[i] = 0;
	return block;
}

/* Kept: a controller may be reading it, and it is small. */
static void free_block(struct sut_core *core, void *block, size_t size)
{
	(void)core;
	(void)block;
	(void)size;
}

/* What may come later has a record; everything else was there when its patch came. */
static bool loaded(struct sut_core *core, const char *name)
{
	for (uint64_t at = control_of(core)->loader.late; at;) {
		const struct sut_rt_late *late = (const struct sut_rt_late *)at;

		if (sut_same((const char *)late->name, name))
			return late->state != SUT_RT_LATE_ABSENT;
		at = late->next;
	}
	return true;
}

/* By the address of its name: each record has a string of its own, and a nop has the replaced
 * one's. */
static const struct sut_rt_func *find_func(const struct sut_rt_control *control, const char *name)
{
	for (uint64_t at = control->patches; at;) {
		const struct sut_rt_patch *p = (const struct sut_rt_patch *)at;
		const struct sut_rt_func *funcs = (const struct sut_rt_func *)p->funcs;
		uint32_t first = 0, last = p->func_count;

		/* Names were laid down one behind the other, in the order of the functions. */
		while (first < last) {
			uint32_t middle = first + (last - first) / 2;

			if (funcs[middle].name == (uint64_t)name)
				return &funcs[middle];
			if (funcs[middle].name < (uint64_t)name)
				first = middle + 1;
			else
				last = middle;
		}
		at = p->next;
	}
	return NULL;
}

static int resolve(struct sut_core *core, struct klp_func *func)
{
	const struct sut_rt_func *found = find_func(control_of(core), func->old_name);

	if (!found || found->flags & SUT_RT_FUNC_GONE)
		return -EINVAL;
	func->old_func = (void *)found->entry;
	func->old_size = found->size;
	func->new_func = (void *)(func->nop ? found->entry : found->code);
	func->new_size = func->nop ? found->size : found->code_size;
	return 0;
}

/* Text is changed for all functions together, when everything else is ready: see switch.c. */
static int hook(struct sut_core *core, void *old_func)
{
	(void)core;
	(void)old_func;
	return 0;
}

static void unhook(struct sut_core *core, void *old_func)
{
	(void)core;
	(void)old_func;
}

/*
 * In the loader's call only code runs of which the controller has shown that it needs nothing of
 * the object, which is not relocated yet, or not there any more: that of objects that come late.
 */
static bool may_call(const struct sut_rt_control *control, const void *code)
{
	return control->stage != SUT_RT_LOADING || (sut_rt_late_has(code) && control->call_stack);
}

/* Operations run on the stack for callbacks; the loader's call comes on the thread's own. */
static void call_out(const struct sut_rt_control *control, void (*function)(void *), void *argument)
{
	struct sut_rt_call call = {.function = function, .argument = argument};

	if (control->stage == SUT_RT_LOADING)
		sut_rt_call(&call, (void *)control->call_stack);
	else
		function(argument);
}

struct author_call {
	void *code;
	struct klp_object *obj;
	bool fails; /* it returns an int */
	int result;
};

static void call_author(void *context)
{
	struct author_call *c = context;

	if (c->fails)
		c->result = ((int (*)(struct klp_object *))c->code)(c->obj);
	else
		((void (*)(struct klp_object *))c->code)(c->obj);
}

static void *code_of(const struct klp_callbacks *callbacks, enum sut_callback which)
{
	switch (which) {
	case SUT_PRE_PATCH:
		return (void *)callbacks->pre_patch;
	case SUT_POST_PATCH:
		return (void *)callbacks->post_patch;
	case SUT_PRE_UNPATCH:
		return (void *)callbacks->pre_unpatch;
	default:
		return (void *)callbacks->post_unpatch;
	}
}

static void note_failure(struct sut_rt_control *control, struct klp_object *obj,
			 const struct klp_callback_set *set, int error)
{
	if (control->stage == SUT_RT_LOADING) {
		control->loader.refusal = (uint64_t)obj;
		control->loader.refusal_error = error < 0 ? error : -EINVAL;
		return;
	}
	control->failure = SUT_RT_FAILED_CALLBACK;
	control->failed_object = (uint64_t)obj;
	control->failed_id = set ? set->id : 0;
}

static int call(struct sut_core *core, struct klp_object *obj, struct klp_callback_set *set,
		enum sut_callback which)
{
	struct sut_rt_control *control = control_of(core);
	const void *planned = code_of(set ? &set->callbacks : &obj->callbacks, which);
	struct author_call c = {
		.code = sut_rt_late_code(control, planned),
		.obj = obj,
		.fails = which == SUT_PRE_PATCH,
	};

	if (!c.code || !may_call(control, planned))
		return which == SUT_PRE_PATCH ? -EBUSY : 0;
	call_out(control, call_author, &c);
	if (c.result)
		note_failure(control, obj, set, c.result);
	return c.result;
}

struct collection {
	struct sut_shadow_store *store;
	unsigned long id;
	klp_shadow_dtor_t dtor;
};

static void free_all(void *context)
{
	const struct collection *c = context;

	sut_shadow_free_all(c->store, c->id, c->dtor);
}

static void collect(struct sut_core *core, struct klp_object *obj,
		    const struct klp_shadow_type *type)
{
	struct sut_rt_control *control = control_of(core);
	struct collection c = {.store = &control->shadow, .id = type->id};

	(void)obj;
	if (!may_call(control, (const void *)type->dtor)) {
		free_all(&c);
		return;
	}
	c.dtor = (klp_shadow_dtor_t)sut_rt_late_code(control, (const void *)type->dtor);
	call_out(control, free_all, &c);
}

/* Nobody is between an entry and the code it leads to: closing has proved it. */
static void synchronize(struct sut_core *core)
{
	(void)core;
}

void sut_rt_host_init(struct sut_rt_control *control)
{
	struct sut_core_host *h = &control->host;

	h->alloc = alloc;
	h->free = free_block;
	h->loaded = loaded;
	h->resolve = resolve;
	h->hook = hook;
	h->unhook = unhook;
	h->call = call;
	h->collect = collect;
	h->synchronize = synchronize;
	sut_rt_switch_init(control);
	sut_rt_shadow_init(control);
	if (!control->core.ready)
		sut_core_init(&control->core, h, &control->switching);
}
