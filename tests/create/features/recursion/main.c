// SPDX-License-Identifier: GPL-2.0-or-later
#include "runner.h"

__attribute__((noinline)) long factorial(int value)
{
	return value < 2 ? 1 : (long)value * factorial(value - 1);
}

int is_odd(int value);

__attribute__((noinline)) int is_even(int value)
{
	return value == 0 ? 1 : is_odd(value - 1) + 0 * value;
}

__attribute__((noinline)) int is_odd(int value)
{
	int result = value == 0 ? 0 : is_even(value - 1);

	__asm__("" : "+r"(result)); /* no tail call */
	return result;
}

void step(void)
{
	printf("%ld %d\n", factorial(5), is_odd(5));
}
