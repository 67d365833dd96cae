// SPDX-License-Identifier: GPL-2.0-or-later
#include "runner.h"

int shared;
int shared_calls(void);

__attribute__((noinline)) int count(void)
{
	return ++shared;
}

void step(void)
{
	printf("%d ", count());
	printf("%d\n", shared_calls());
}
