// SPDX-License-Identifier: GPL-2.0-or-later
#include "runner.h"

int lookup(int index);
int api(int index);

void step(void)
{
	printf("%d %d\n", lookup(1), api(2));
}
