// SPDX-License-Identifier: GPL-2.0-or-later
/* Callbacks of the object that coming.c loads. They hang a variable on the patch, and allocate. */
#include <errno.h>
#include <stdlib.h>
#include <suture/livepatch.h>

enum { MEMORY = 5 };

void patched(int more);

static int get(void *obj, void *shadow_data, void *ctor_data)
{
	(void)obj;
	(void)ctor_data;
	*(void **)shadow_data = malloc(100);
	return *(void **)shadow_data ? 0 : -ENOMEM;
}

static void give(void *obj, void *shadow_data)
{
	(void)obj;
	free(*(void **)shadow_data);
}

static int pre_patch(struct klp_object *object)
{
	patched(1);
	return klp_shadow_get_or_alloc(object, MEMORY, sizeof(void *), 0, get, NULL) ? 0 : -ENOMEM;
}

static void post_unpatch(struct klp_object *object)
{
	(void)object;
	patched(-1);
}

static struct klp_shadow_type memory = {.id = MEMORY, .dtor = give};
static struct klp_shadow_type *types[] = {&memory, NULL};

struct klp_object suture_objects[] = {
	{
		.name = "object.so",
		.callbacks = {.pre_patch = pre_patch, .post_unpatch = post_unpatch},
		.shadow_types = types,
	},
	{0},
};
