// SPDX-License-Identifier: GPL-2.0-or-later
#include "runner.h"

#include <stdlib.h>

__attribute__((noinline)) int sorted(const int *weights)
{
	int order[] = {0, 1, 2};
	int compare(const void *a, const void *b)
	{
		return weights[*(const int *)a] - weights[*(const int *)b];
	}

	qsort(order, 3, sizeof(*order), compare);
	return order[0] * 100 + order[1] * 10 + order[2];
}

void step(void)
{
	static const int weights[] = {5, 9, 2};

	printf("%d\n", sorted(weights));
}
