// SPDX-License-Identifier: GPL-2.0-or-later
#include "runner.h"

#define TIMES_4(x)   x x x x
#define TIMES_256(x) TIMES_4(TIMES_4(TIMES_4(TIMES_4(x))))

static int calls;

int small(int value)
{
	return calls + value;
}

int large(int value)
{
	int sum = calls;

	TIMES_256(TIMES_4(sum = small(sum * value) ^ small(sum) ^ small(value) ^ sum >> 3;
			  value = sum & 7 ? small(value + 1) : small(value ^ 2);))
	return sum & 0xffff;
}

void step(void)
{
	printf("%d\n", large(5));
}
