// SPDX-License-Identifier: GPL-2.0-or-later
#include "runner.h"

int answer(int value);
int other(int value);
int answer_old(int value);
__asm__(".symver answer_old, answer@ONE");

void step(void)
{
	printf("%d %d %d\n", answer(1), answer_old(1), other(2));
}
