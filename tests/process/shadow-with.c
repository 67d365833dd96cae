// SPDX-License-Identifier: GPL-2.0-or-later
/* The types of the variables that shadow.patch hangs on the hammer's threads and on numbers. */
#include <suture/livepatch.h>

void unmake(void *obj, void *data);

static struct klp_shadow_type own = {.id = 1, .dtor = unmake};
static struct klp_shadow_type shared = {.id = 2, .dtor = unmake};
static struct klp_shadow_type *types[] = {&own, &shared, NULL};

struct klp_object suture_objects[] = {
	{.shadow_types = types},
	{0},
};
