// SPDX-License-Identifier: GPL-2.0-or-later
#include "runner.h"

static volatile int zero;

__attribute__((noinline)) void mix(void)
{
	float numbers[8] = {1, 2, 3, 4, 5, 6, 7, 8}, sum = 0;
	unsigned __int128 wide = (unsigned __int128)7 << 90 | 1;
	long double quarter = 2.25L;

	for (int i = 0; i < 8; i++)
		numbers[i] = numbers[i] * 0.5f + (float)zero;
	for (int i = 0; i < 4; i++)
		sum += numbers[i] * 2;
	wide = wide / ((unsigned __int128)1 << 90);
	printf("%s %.2f %.2Lf %.0f %d\n", zero ? "whole" : "half", 1.5 + zero, quarter + zero,
	       (double)sum, (int)wide + zero);
}

void step(void)
{
	mix();
}
