// SPDX-License-Identifier: GPL-2.0-or-later
#include "runner.h"

int check(int value);
int total(void);
int check_as_cxx(int value) __asm__("_Z5checki");

void step(void)
{
	printf("%d %d %d\n", check(15), check_as_cxx(15), total());
}
