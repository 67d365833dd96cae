// SPDX-License-Identifier: GPL-2.0-only
/* The kernel has two of them, and it is not said which. */
static int patched(void *m, void *p)
{
	return 0;
}

#define FUNCS                                                                                      \
	{                                                                                          \
		.old_name = "m_show", .new_func = patched                                          \
	}
#define OBJECT NULL
#include "patch.h"
