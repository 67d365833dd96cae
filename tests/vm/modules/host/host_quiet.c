// SPDX-License-Identifier: GPL-2.0-only
/* Patches a function that tracers, and so livepatches, cannot redirect. */
static int patched(void)
{
	return 0;
}

#define FUNCS FUNC(host_quiet, patched)
#include "patch.h"
