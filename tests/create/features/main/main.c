// SPDX-License-Identifier: GPL-2.0-or-later
#include "runner.h"

int main(void)
{
	while (asked())
		puts("one");
	return 0;
}
