// SPDX-License-Identifier: GPL-2.0-or-later
/* Callbacks of plugin.c's object, which say in which order they come. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <suture/livepatch.h>

enum { SEEN = 77 };

static int turn;

static void say(const char *what, const struct klp_object *object)
{
	char *text = malloc(128);

	if (!text)
		return;
	snprintf(text, 128, "%s %s, turn %d, counts %d\n", what, object->name, ++turn,
		 klp_shadow_get(NULL, SEEN) ? *(int *)klp_shadow_get(NULL, SEEN) : 0);
	fputs(text, stderr);
	free(text);
}

static int count(void *obj, void *shadow_data, void *ctor_data)
{
	(void)obj;
	(void)ctor_data;
	*(int *)shadow_data = 1;
	return 0;
}

static void gone(void *obj, void *shadow_data)
{
	(void)obj;
	fprintf(stderr, "collected %d\n", *(int *)shadow_data);
}

static int pre_patch(struct klp_object *object)
{
	say("pre_patch", object);
	if (access("forbidden", F_OK) == 0)
		return -EBUSY;
	return klp_shadow_get_or_alloc(NULL, SEEN, sizeof(int), 0, count, NULL) ? 0 : -ENOMEM;
}

static void post_patch(struct klp_object *object)
{
	say("post_patch", object);
}

static void pre_unpatch(struct klp_object *object)
{
	say("pre_unpatch", object);
}

static void post_unpatch(struct klp_object *object)
{
	say("post_unpatch", object);
}

static struct klp_shadow_type seen = {.id = SEEN, .dtor = gone};
static struct klp_shadow_type *types[] = {&seen, NULL};

struct klp_object suture_objects[] = {
	{
		.name = "libplugin.so",
		.callbacks = {pre_patch, post_patch, pre_unpatch, post_unpatch},
		.shadow_types = types,
	},
	{0},
};
