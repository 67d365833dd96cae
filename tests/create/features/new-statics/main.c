// SPDX-License-Identifier: GPL-2.0-or-later
#include "runner.h"

__attribute__((noinline)) int answer(int value)
{
	printf("%d\n", value);
	return value;
}

void step(void)
{
	answer(1);
}
