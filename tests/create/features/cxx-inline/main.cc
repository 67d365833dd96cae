// SPDX-License-Identifier: GPL-2.0-or-later
#include "count.h"

void step(void)
{
	for (int value = 1; value <= 3; value++)
		try {
			printf("%d %d\n", bounded(value, 2), other(value));
		} catch (const std::exception &e) {
			printf("%s\n", e.what());
		}
	printf("%d\n", next() > 10);
}
