// SPDX-License-Identifier: GPL-2.0-or-later
#include "inner.c"
#include "runner.h"

int generated(int value);

__attribute__((noinline)) int old_style(value, factor)
int value;
long factor;
{
	return value * (int)factor;
}

void step(void)
{
	printf("%d %d %d\n", generated(1), inner(1), old_style(2, 3L));
}
