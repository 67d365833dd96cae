// SPDX-License-Identifier: GPL-2.0-or-later
#include "runner.h"

#include <dlfcn.h>

int half(int value)
{
	return value / 2;
}

void step(void)
{
	static int (*size)(void);

	if (!size)
		size = dlsym(dlopen("./module.so", RTLD_NOW), "size");
	printf("%d\n", size());
}
