// SPDX-License-Identifier: GPL-2.0-or-later
#include "runner.h"

static volatile int value = 5;

static int grow(int by)
{
	return by + 1;
}

__attribute__((noinline)) int large(void)
{
	return grow(value);
}

__attribute__((noinline)) static int shrink(int by)
{
	return by * 4 + 1;
}

__attribute__((noinline)) int small(void)
{
	return shrink(value);
}

void step(void)
{
	printf("%d ", large());
	printf("%d\n", small());
}
