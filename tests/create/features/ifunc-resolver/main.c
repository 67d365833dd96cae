// SPDX-License-Identifier: GPL-2.0-or-later
#include "runner.h"

static int plain(int value)
{
	return value + 1;
}

static int better(int value)
{
	return value + 2;
}

static int (*choose(void))(int)
{
	return sizeof(long) == 4 ? plain : plain;
}

int chosen(int value) __attribute__((ifunc("choose")));

void step(void)
{
	printf("%d %d\n", chosen(1), better(2));
}
