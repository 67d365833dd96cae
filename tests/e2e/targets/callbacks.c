// SPDX-License-Identifier: GPL-2.0-or-later
/* What the patches of model.sh bring by hand; NAME tells in the program's log whose it is. */
#include <suture/livepatch.h>

#include <stdlib.h>

void note(const char *text);

#define CALLBACKS(kind)                                                                            \
	static int kind##_pre_patch(struct klp_object *obj)                                        \
	{                                                                                          \
		note(NAME " " #kind " pre_patch");                                                 \
		return obj->name ? -1 : RESULT;                                                    \
	}                                                                                          \
	static void kind##_post_patch(struct klp_object *obj)                                      \
	{                                                                                          \
		(void)obj;                                                                         \
		note(NAME " " #kind " post_patch");                                                \
	}                                                                                          \
	static void kind##_pre_unpatch(struct klp_object *obj)                                     \
	{                                                                                          \
		(void)obj;                                                                         \
		note(NAME " " #kind " pre_unpatch");                                               \
	}                                                                                          \
	static void kind##_post_unpatch(struct klp_object *obj)                                    \
	{                                                                                          \
		(void)obj;                                                                         \
		note(NAME " " #kind " post_unpatch");                                              \
	}

#define CALLBACKS_OF(kind)                                                                         \
	{                                                                                          \
		.pre_patch = kind##_pre_patch, .post_patch = kind##_post_patch,                    \
		.pre_unpatch = kind##_pre_unpatch, .post_unpatch = kind##_post_unpatch,            \
	}

#ifndef RESULT
#define RESULT 0
#endif

CALLBACKS(plain)
CALLBACKS(set)

static void freed(void *obj, void *data)
{
	(void)obj;
	note(*(int *)data == 7 ? NAME " dtor of 7" : NAME " dtor of something else");
}

static struct klp_callback_set sets[] = {
	{.id = ID, .callbacks = CALLBACKS_OF(set)},
	{0},
};

static struct klp_shadow_type type = {.id = 5, .dtor = freed};
static struct klp_shadow_type *types[] = {&type, NULL};

struct klp_object suture_objects[] = {
	{.callbacks = CALLBACKS_OF(plain), .sets = sets, .shadow_types = types},
	{0},
};

#ifdef STATE
struct klp_state suture_states[] = {
	{.id = 1, .version = STATE, .block_disable = STATE == 3},
	{0},
};
#endif
