// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib.h"
#include "other.h"
#include "runner.h"

#include <string.h>

__attribute__((noinline)) int answer(void)
{
	return used();
}

void step(void)
{
	printf("%d\n", answer());
}
