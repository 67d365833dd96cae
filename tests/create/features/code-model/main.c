// SPDX-License-Identifier: GPL-2.0-or-later
#include "runner.h"

static int calls;
int big[100000];

__attribute__((noinline)) int count(int by)
{
	return calls += by + big[by];
}

void step(void)
{
	printf("%d\n", count(1));
}
