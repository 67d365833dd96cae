// SPDX-License-Identifier: GPL-2.0-or-later
#include "runner.h"

#include <stdatomic.h>

struct triple {
	long first, second, third;
};

static atomic_int calls;
static _Atomic struct triple triple = {7, 8, 9};
static _Atomic __int128 wide = 5;

__attribute__((noinline)) int count(void)
{
	return atomic_fetch_add(&calls, 1) + 1;
}

__attribute__((noinline)) long load(void)
{
	struct triple now = atomic_load(&triple);

	return now.first;
}

void step(void)
{
	printf("%d ", count());
	printf("%ld ", load());
	printf("%d\n", (int)atomic_fetch_add(&wide, 1));
}
