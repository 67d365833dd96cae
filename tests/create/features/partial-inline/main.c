// SPDX-License-Identifier: GPL-2.0-or-later
#include "runner.h"

static int total;

static int add_up(const int *values, int count)
{
	if (!values)
		return 0;
	for (int i = 0; i < count; i++) {
		total += values[i];
		printf("%s", total > 1000 ? "!" : "");
	}
	printf("%s", total > 2000 ? "!" : "");
	return total;
}

__attribute__((noinline)) int first(const int *values)
{
	return add_up(values, 10);
}

__attribute__((noinline)) int second(const int *values, int count)
{
	return add_up(values, count);
}

void step(void)
{
	static const int values[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};

	total = 0;
	printf("%d ", first(NULL));
	printf("%d\n", second(values, 10));
}
