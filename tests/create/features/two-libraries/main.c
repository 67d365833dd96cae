// SPDX-License-Identifier: GPL-2.0-or-later
#include "runner.h"

int run_a(int value);
int run_b(int value);

__attribute__((noinline)) int answer(void)
{
	return run_a(1) * 100;
}

void step(void)
{
	printf("%d %d\n", answer(), run_b(2));
}
