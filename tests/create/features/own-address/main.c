// SPDX-License-Identifier: GPL-2.0-or-later
#include "runner.h"

static void (*saved)(int);

__attribute__((noinline)) static void hook(int number)
{
	printf("old %d", number);
	saved = hook;
}

__attribute__((noinline)) static int is_original(void)
{
	return saved == hook;
}

void step(void)
{
	hook(1);
	printf(" %s\n", is_original() ? "original" : "another");
}
