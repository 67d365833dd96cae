// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib.h"
#include "runner.h"

int interposed(int value)
{
	return -value;
}

void step(void)
{
	printf("%d %d\n", outer(1), weak_one(counter));
}
