// SPDX-License-Identifier: GPL-2.0-only
/* The kernel has two of them, and it is not said which. */
static int patched(void *m, void *p)
{
	return 0;
}

#define FUNCS  FUNC(m_show, patched)
#define OBJECT NULL
#include "patch.h"
