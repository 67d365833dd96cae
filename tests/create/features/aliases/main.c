// SPDX-License-Identifier: GPL-2.0-or-later
#include "runner.h"

__attribute__((noinline)) int answer(int value)
{
	return value + 1;
}

int reply(int value) __attribute__((alias("answer")));
extern __typeof__(answer) weak_answer __attribute__((weak, alias("answer")));
extern __typeof__(answer) hidden_answer __attribute__((visibility("hidden"), alias("answer")));

void step(void)
{
	printf("%d %d ", answer(1), reply(2));
	printf("%d %d\n", weak_answer(3), hidden_answer(4));
}
