// SPDX-License-Identifier: GPL-2.0-or-later
#include "runner.h"

int sum(int a, int b);
int product(int a, int b);
int larger(int a, int b);
int both(int a, int b);
int other(int value);

void step(void)
{
	printf("%d %d %d %d %d\n", sum(2, 3), product(2, 3), larger(3, 2), both(1, 2), other(6));
}
