// SPDX-License-Identifier: GPL-2.0-or-later
#include "runner.h"

extern const void *const __start_table[], *const __stop_table[];

__attribute__((noinline)) int noted(int value)
{
	__asm__ volatile("1:\n\t.pushsection table, \"a\"\n\t.quad 1b\n\t.popsection");
	return value + 1;
}

void step(void)
{
	printf("%d %d\n", (int)(__stop_table - __start_table), noted(1));
}
