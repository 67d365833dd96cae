// SPDX-License-Identifier: GPL-2.0-only
/* Its own callback says no. */
#include <linux/errno.h>

struct klp_object;

static int refuse(struct klp_object *obj)
{
	return -ENODEV;
}

static int patched(void)
{
	return 0;
}

#define FUNCS     FUNC(host_value, patched)
#define PRE_PATCH refuse
#include "patch.h"
