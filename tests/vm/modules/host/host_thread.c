// SPDX-License-Identifier: GPL-2.0-only
/* Patches a function that a kernel thread never leaves. */
static int patched_thread(void *unused)
{
	return 0;
}

#define FUNCS FUNC(host_thread_main, patched_thread)
#include "patch.h"
