// SPDX-License-Identifier: GPL-2.0-or-later
#include "runner.h"

int check(int value);
int total(void);

void step(void)
{
	printf("%d %d\n", check(15), total());
}
