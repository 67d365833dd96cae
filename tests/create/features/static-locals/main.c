// SPDX-License-Identifier: GPL-2.0-or-later
#include "runner.h"

__attribute__((noinline)) int first(void)
{
	static int calls;

	return ++calls;
}

__attribute__((noinline)) int second(void)
{
	static int calls;

	return ++calls;
}

__attribute__((noinline)) int third(void)
{
	static int calls = 2;

	return ++calls;
}

void step(void)
{
	printf("%d ", first());
	printf("%d ", second());
	printf("%d\n", third());
}
