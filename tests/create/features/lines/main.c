// SPDX-License-Identifier: GPL-2.0-or-later
#include "runner.h"

#include <assert.h>

#define LOG(text) printf("%s%d ", text, __LINE__)
#define UNIQUE    (__COUNTER__ + 2)

__attribute__((noinline)) void first(int value)
{
	assert(value > 0);
	printf("%d ", value);
}

__attribute__((noinline)) void second(int value)
{
	assert(value > 1);
	printf("%d ", value);
}

__attribute__((noinline)) const char *date(void)
{
	return __DATE__ __TIME__;
}

__attribute__((noinline)) void third(void)
{
	assert(date());
	LOG("");
	printf("%d\n", UNIQUE);
}

void step(void)
{
	first(1);
	second(10);
	third();
}
