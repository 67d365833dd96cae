// SPDX-License-Identifier: GPL-2.0-or-later
#include "runner.h"

#include <string.h>

static int plain(int value)
{
	return value + 1;
}

static int (*choose(void))(int)
{
	return plain;
}

int chosen(int value) __attribute__((ifunc("choose")));

__attribute__((noinline)) int answer(const char *text)
{
	return chosen((int)strlen(text));
}

void step(void)
{
	printf("%d\n", answer("abc"));
}
