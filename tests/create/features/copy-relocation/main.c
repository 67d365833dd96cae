// SPDX-License-Identifier: GPL-2.0-or-later
#include "runner.h"

extern int shared_value;
int get(void);

__attribute__((noinline)) static int mine(void)
{
	return shared_value;
}

void step(void)
{
	printf("%d ", shared_value);
	printf("%d ", mine());
	printf("%d\n", get());
}
