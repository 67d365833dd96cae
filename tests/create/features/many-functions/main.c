// SPDX-License-Identifier: GPL-2.0-or-later
#include "runner.h"

#define FIVE(x, y) x(y##0) x(y##1) x(y##2) x(y##3) x(y##4)
#define TEN(x, y)  FIVE(x, y) x(y##5) x(y##6) x(y##7) x(y##8) x(y##9)
#define HUNDRED(x, y)                                                                              \
	TEN(x, y##0)                                                                               \
	TEN(x, y##1)                                                                               \
	TEN(x, y##2)                                                                               \
	TEN(x, y##3) TEN(x, y##4) TEN(x, y##5) TEN(x, y##6) TEN(x, y##7) TEN(x, y##8) TEN(x, y##9)
#define ALL(x) HUNDRED(x, 1) HUNDRED(x, 2) HUNDRED(x, 3) HUNDRED(x, 4) HUNDRED(x, 5)
#define CHANGE 0

static int calls;

#define DEFINE(number)                                                                             \
	__attribute__((noinline)) int function_##number(void)                                      \
	{                                                                                          \
		return calls + number + CHANGE;                                                    \
	}
#define ADD(number) +function_##number()

ALL(DEFINE)

__attribute__((noinline)) int total(void)
{
	return calls ALL(ADD);
}

void step(void)
{
	printf("%d\n", total());
}
