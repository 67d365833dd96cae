// SPDX-License-Identifier: GPL-2.0-only
/* Patches a function that tracers, and so livepatches, cannot redirect. */
static int patched(void)
{
	return 0;
}

#define FUNCS                                                                                      \
	{                                                                                          \
		.old_name = "host_quiet", .new_func = patched                                      \
	}
#include "patch.h"
