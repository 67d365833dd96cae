// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>

__thread int exported;
static __thread int first = 10, second = 20;
extern __thread int elsewhere;
extern __attribute__((visibility("hidden"))) __thread int hidden;

__attribute__((noinline)) void count(void)
{
	exported++;
	first++;
	second++;
	elsewhere++;
	hidden++;
	printf("%d %d %d %d %d\n", exported, first, second, elsewhere, hidden);
}
