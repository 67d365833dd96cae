// SPDX-License-Identifier: GPL-2.0-or-later
#include "runner.h"

int lookup(int index);
int last(int index);

void step(void)
{
	printf("%d %d\n", lookup(0), last(0));
}
