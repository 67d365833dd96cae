// SPDX-License-Identifier: GPL-2.0-or-later
#include "runner.h"

extern __thread int shared;

__attribute__((noinline)) int count(void)
{
	return ++shared;
}

void step(void)
{
	printf("%d\n", count());
}
