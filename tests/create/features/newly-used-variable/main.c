// SPDX-License-Identifier: GPL-2.0-or-later
#include "runner.h"

extern int unused_value;

void step(void)
{
	printf("%d\n", 1);
}
