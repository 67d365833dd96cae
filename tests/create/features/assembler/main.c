// SPDX-License-Identifier: GPL-2.0-or-later
#include "runner.h"

__attribute__((noinline)) int spin(int value)
{
	int result;

	__asm__ goto("test %0, %0\n\tjz %l[zero]" : : "r"(value) : "cc" : zero);
	__asm__ volatile("lea 2(%1), %0" : "=r"(result) : "r"(value));
	return result;
zero:
	return 100;
}

void step(void)
{
	printf("%d ", spin(1));
	printf("%d\n", spin(0));
}
