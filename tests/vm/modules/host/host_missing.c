// SPDX-License-Identifier: GPL-2.0-only
static int patched(void)
{
	return 0;
}

#define FUNCS                                                                                      \
	{                                                                                          \
		.old_name = "host_no_such", .new_func = patched                                    \
	}
#include "patch.h"
