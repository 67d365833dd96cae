// SPDX-License-Identifier: GPL-2.0-only
/* Says that it was made for another kernel. */
static int patched(void)
{
	return 0;
}

#define FUNCS FUNC(host_value, patched)
#include "patch.h"
MODULE_INFO(vermagic, "6.1.0-1-other SMP preempt mod_unload modversions ");
