// SPDX-License-Identifier: GPL-2.0-or-later
#include "runner.h"

extern void hook(int value) __attribute__((weak));
static int calls;

__attribute__((noinline)) int count(void)
{
	calls++;
	if (hook)
		hook(calls);
	return calls;
}

void step(void)
{
	printf("%d\n", count());
}
