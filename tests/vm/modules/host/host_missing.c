// SPDX-License-Identifier: GPL-2.0-only
static int patched(void)
{
	return 0;
}

#define FUNCS FUNC(host_no_such, patched)
#include "patch.h"
