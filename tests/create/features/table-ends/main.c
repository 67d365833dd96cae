// SPDX-License-Identifier: GPL-2.0-or-later
#include "runner.h"

static const int numbers[] = {1, 2, 3, 4};
static const int others[] = {5, 6, 7, 8};
static int counts[3] = {5, 6, 7};
static int after[3] = {8, 9, 10};
const int *volatile at = numbers + 3;
int *volatile count = after;

__attribute__((noinline)) int left(void)
{
	return (int)(numbers + 4 - at);
}

__attribute__((noinline)) int behind(void)
{
	return count >= counts + 3;
}

void step(void)
{
	printf("%d %d %d\n", left(), behind(), others[left()] + after[1]++ * 0);
}
