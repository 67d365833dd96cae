// SPDX-License-Identifier: GPL-2.0-or-later
#include "limit.h"
#include "runner.h"

int check(int value);

void step(void)
{
	printf("%d %d\n", limit(15), check(15));
}
