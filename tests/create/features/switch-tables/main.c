// SPDX-License-Identifier: GPL-2.0-or-later
#include "runner.h"

static int count = 2;

__attribute__((noinline)) const char *describe(int number)
{
	switch (number) {
	case 0:
		return "none";
	case 1:
		return "one";
	case 2:
		return "two";
	case 3:
		return "three";
	case 4:
		return "four";
	case 5:
		return "five";
	default:
		return "many";
	}
}

/* A jump table even where the above is one of strings. */
__attribute__((noinline)) int weigh(int number, int *sum)
{
	switch (number) {
	case 0:
		return *sum += 3;
	case 1:
		return *sum *= 5;
	case 2:
		return *sum <<= 2;
	case 3:
		return *sum ^= 7;
	case 4:
		return *sum -= 11;
	case 5:
		return *sum /= 2;
	default:
		return *sum;
	}
}

void step(void)
{
	for (int number = count; number < 8; number += 5) {
		int sum = 10;

		printf("%s ", describe(number));
		printf("%d\n", weigh(number, &sum));
	}
}
