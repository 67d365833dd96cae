// SPDX-License-Identifier: GPL-2.0-or-later
/* Callbacks of a fix of the hammer: plain ones of FIX, and a set that all of them share. */
#include <suture/livepatch.h>

enum { SET = 0 }; /* as an owner of notes */

void note(int owner, int which);

#define CALLBACKS(kind, owner)                                                                     \
	static int kind##_pre_patch(struct klp_object *obj)                                        \
	{                                                                                          \
		(void)obj;                                                                         \
		note(owner, 0);                                                                    \
		return 0;                                                                          \
	}                                                                                          \
	static void kind##_post_patch(struct klp_object *obj)                                      \
	{                                                                                          \
		(void)obj;                                                                         \
		note(owner, 1);                                                                    \
	}                                                                                          \
	static void kind##_pre_unpatch(struct klp_object *obj)                                     \
	{                                                                                          \
		(void)obj;                                                                         \
		note(owner, 2);                                                                    \
	}                                                                                          \
	static void kind##_post_unpatch(struct klp_object *obj)                                    \
	{                                                                                          \
		(void)obj;                                                                         \
		note(owner, 3);                                                                    \
	}

#define CALLBACKS_OF(kind)                                                                         \
	{                                                                                          \
		.pre_patch = kind##_pre_patch, .post_patch = kind##_post_patch,                    \
		.pre_unpatch = kind##_pre_unpatch, .post_unpatch = kind##_post_unpatch,            \
	}

CALLBACKS(plain, FIX)
CALLBACKS(set, SET)

static struct klp_callback_set sets[] = {
	{.id = 8, .callbacks = CALLBACKS_OF(set)},
	{0},
};

struct klp_object suture_objects[] = {
	{.callbacks = CALLBACKS_OF(plain), .sets = sets},
	{0},
};
