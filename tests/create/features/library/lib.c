// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib.h"

int counter = 3;

/* The program has one of its own, which stands in front of it. */
__attribute__((noinline)) int interposed(int value)
{
	static volatile int none;

	return value + none;
}

__attribute__((noinline, visibility("hidden"))) int hidden_one(int value)
{
	return value + 10;
}

__attribute__((noinline, visibility("protected"))) int protected_one(int value)
{
	return value + 100;
}

__attribute__((noinline, weak)) int weak_one(int value)
{
	return value + 1000;
}

__attribute__((noinline)) int exported_one(int value)
{
	return value + 10000;
}

int outer(int value)
{
	return interposed(value) + hidden_one(value) + protected_one(value) + weak_one(value) +
	       exported_one(value) + counter;
}
