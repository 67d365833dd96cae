// SPDX-License-Identifier: GPL-2.0-or-later
#include "runner.h"

__thread int exported;
static __thread int first = 10, second = 20;
extern __thread int elsewhere;

__attribute__((noinline)) void count(void)
{
	exported++;
	first++;
	second++;
	elsewhere++;
	printf("%d %d %d %d\n", exported, first, second, elsewhere);
}

void step(void)
{
	count();
}
