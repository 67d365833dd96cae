// SPDX-License-Identifier: GPL-2.0-or-later
#include "runner.h"

int count(void);

void step(void)
{
	printf("%d\n", count());
}
