// SPDX-License-Identifier: GPL-2.0-or-later
#include "runner.h"

static int calls[3];

__attribute__((noinline)) static int helper(int value)
{
	return ++calls[value];
}

__attribute__((noinline)) int answer(int value)
{
	printf("%d\n", helper(value));
	return value;
}

void step(void)
{
	answer(1);
}
