// SPDX-License-Identifier: GPL-2.0-only
/* The value is 3, and all other patches go. */
static int second_value(void)
{
	return 3;
}

#define FUNCS { .old_name = "host_value", .new_func = second_value }
#define REPLACE true
#include "patch.h"
