// SPDX-License-Identifier: GPL-2.0-or-later
#include "runner.h"

#include <stdlib.h>

__attribute__((cold, noinline)) void complain(const char *text)
{
	printf("%s", text);
}

__attribute__((noinline)) int parse(const char *text)
{
	int value = 0;

	for (; *text; text++) {
		if (*text < '0' || *text > '9') {
			complain("bad");
			complain(text);
			return -1;
		}
		value = value * 10 + *text - '0';
	}
	return value;
}

void step(void)
{
	printf("%d ", parse("7"));
	parse("!\n");
}
