// SPDX-License-Identifier: GPL-2.0-or-later
#include "runner.h"

static int calls;
static int big[100000];
static const char *const names[] = {"a", "b", "c"};

__attribute__((noinline)) int count(int by)
{
	big[calls * 1000] += by;
	if (!names[by % 3])
		return 0;
	return calls += by;
}

void step(void)
{
	printf("%d\n", count(1));
}
