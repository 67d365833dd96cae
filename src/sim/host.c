// SPDX-License-Identifier: GPL-2.0-or-later
#include "sim/host.h"

#include "sim/let.h"
#include "sim/module.h"
#include "sim/shadow.h"
#include "sim/task.h"

#include <errno.h>
#include <stdlib.h>

static struct sut_world *world_of(struct sut_core *core)
{
	return (struct sut_world *)core;
}

/* "PATCH.OBJECT WHAT" */
static const char *owned(struct sut_world *world, const struct klp_object *obj, const char *what)
{
	return sut_arena_printf(&world->arena, "%s.%s %s", sut_declared_patch(obj->patch)->name,
				sut_declared_name(obj), what);
}

static void *host_alloc(struct sut_core *core, size_t size)
{
	struct sut_world *world = world_of(core);
	struct sut_sim_memory *memory;

	if (sut_let_code(world, "memory"))
		return NULL;
	memory = calloc(1, sizeof(*memory) + size);
	if (!memory)
		return NULL;
	memory->next = world->memory;
	world->memory = memory;
	return memory->bytes;
}

static void host_free(struct sut_core *core, void *block, size_t size)
{
	struct sut_sim_memory **at = &world_of(core)->memory, *memory;

	(void)size;
	while ((*at)->bytes != block)
		at = &(*at)->next;
	memory = *at;
	*at = memory->next;
	free(memory);
}

static bool host_loaded(struct sut_core *core, const char *name)
{
	const struct sut_sim_object *object = sut_world_object(world_of(core), name);

	return object && object->loaded;
}

static int host_get_part(struct sut_core *core, struct klp_object *obj)
{
	struct sut_world *world = world_of(core);
	int code = sut_let_code(world, owned(world, obj, "part"));

	if (!code)
		sut_transcript_line(&world->transcript, "%s", owned(world, obj, "part loaded"));
	return code;
}

static void host_put_part(struct sut_core *core, struct klp_object *obj)
{
	struct sut_world *world = world_of(core);

	sut_transcript_line(&world->transcript, "%s", owned(world, obj, "part freed"));
}

static unsigned long size_of(const struct klp_range *range)
{
	return range->end - range->start;
}

static int host_resolve(struct sut_core *core, struct klp_func *func)
{
	struct sut_world *world = world_of(core);
	const struct sut_sim_object *object =
		sut_world_object(world, sut_declared_name(func->object));
	const struct sut_sim_code *old, *new;

	old = object ? sut_original(object, func->old_name, func->old_sympos) : NULL;
	if (!old)
		return -EINVAL;
	new = func->nop ? old : sut_world_code_at(world, func->new_func);
	func->old_func = (void *)old->ranges[0].start;
	func->new_func = (void *)new->ranges[0].start;
	func->old_size =
		sut_world_function(object, func->old_name)->unsized ? 0 : size_of(&old->ranges[0]);
	func->new_size = size_of(&new->ranges[0]);
	func->old_pieces = old->ranges;
	func->old_piece_count = 1 + old->pieces.count;
	func->new_pieces = new->ranges;
	func->new_piece_count = 1 + new->pieces.count;
	return 0;
}

static int host_hook(struct sut_core *core, void *old_func)
{
	struct sut_world *world = world_of(core);
	const char *name = sut_code_name(world, sut_world_code_at(world, old_func));

	return sut_let_code(world, sut_arena_printf(&world->arena, "%s hook", name));
}

static void host_unhook(struct sut_core *core, void *old_func)
{
	(void)core;
	(void)old_func;
}

static int host_call(struct sut_core *core, struct klp_object *obj, struct klp_callback_set *set,
		     enum sut_callback which)
{
	static const char *const names[] = {
		[SUT_PRE_PATCH] = "pre_patch",
		[SUT_POST_PATCH] = "post_patch",
		[SUT_PRE_UNPATCH] = "pre_unpatch",
		[SUT_POST_UNPATCH] = "post_unpatch",
	};
	struct sut_world *world = world_of(core);

	if (!set)
		return sut_let_call(world, owned(world, obj, names[which]));
	return sut_let_call(world, sut_arena_printf(&world->arena, "%s.%s#%lu %s",
						    sut_declared_patch(obj->patch)->name,
						    sut_declared_name(obj), set->id, names[which]));
}

static void host_collect(struct sut_core *core, struct klp_object *obj,
			 const struct klp_shadow_type *type)
{
	struct sut_world *world = world_of(core);

	sut_shadow_collect(world, type->id, owned(world, obj, "dtor"));
}

static void host_synchronize(struct sut_core *core)
{
	(void)core; /* nobody runs while the core does */
}

static void host_event(struct sut_core *core, enum sut_core_event event, struct klp_patch *patch)
{
	struct sut_transcript *transcript = &world_of(core)->transcript;

	switch (event) {
	case SUT_PATCHING_COMPLETE:
		sut_transcript_line(transcript, "%s patching complete",
				    sut_declared_patch(patch)->name);
		break;
	case SUT_UNPATCHING_COMPLETE:
		sut_transcript_line(transcript, "%s unpatching complete",
				    sut_declared_patch(patch)->name);
		break;
	case SUT_WARN_NO_TRANSITION:
		sut_transcript_line(transcript, "warning: no transition");
		break;
	case SUT_PATCH_LEFT:
	case SUT_WARN_UNRELIABLE_STACK:
		break;
	}
}

static const struct sut_core_host host = {
	.alloc = host_alloc,
	.free = host_free,
	.loaded = host_loaded,
	.get_part = host_get_part,
	.put_part = host_put_part,
	.resolve = host_resolve,
	.hook = host_hook,
	.unhook = host_unhook,
	.call = host_call,
	.collect = host_collect,
	.synchronize = host_synchronize,
	.event = host_event,
};

void sut_host_init(struct sut_world *world)
{
	sut_core_init(&world->core, &host, &sut_core_tasks);
	world->core.task_host = &sut_sim_task_host;
	sut_shadow_begin(world);
}

void sut_host_deinit(struct sut_world *world)
{
	while (world->memory)
		host_free(&world->core, world->memory->bytes, 0);
}
