// SPDX-License-Identifier: GPL-2.0-or-later
#include "runner.h"

static int kept;

__attribute__((noinline)) int compute(int from)
{
	return from + 1;
}

__attribute__((constructor)) static void prepare(void)
{
	kept = compute(2);
}

void step(void)
{
	printf("%d ", kept);
	printf("%d\n", compute(3));
}
