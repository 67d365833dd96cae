// SPDX-License-Identifier: GPL-2.0-only
/* The value is 3, and all other patches go. It says that suture made it. */
#include <linux/elfnote.h>

static int second_value(void)
{
	return 3;
}

#define FUNCS   FUNC(host_value, second_value)
#define REPLACE true
#include "patch.h"
ELFNOTE32("suture", 1, "suture=0.1.0\0version=7\0replace=1\0fixes=CVE-2026-0001");
