// SPDX-License-Identifier: GPL-2.0-or-later
#include "runner.h"

struct range {
	int low, high, unused[4];
};

/* Only members are used: the structure itself is not passed. */
__attribute__((noinline)) static int span(const struct range *range, int scale)
{
	int sum = 0;

	for (int i = range->low; i < range->high; i++)
		sum += i * scale ^ sum;
	return sum;
}

/* Always called with the same argument. */
__attribute__((noinline)) static int blend(int value, int by)
{
	for (int i = 0; i < by; i++)
		value = value * 3 + i;
	return value & 63;
}

__attribute__((noinline)) int measure(struct range *range)
{
	return (span(range, 3) + blend(range->low, 4)) & 63;
}

void step(void)
{
	struct range range = {2, 6, {0}};

	printf("%d %d\n", measure(&range), blend(1, 4) & 31);
}
