// SPDX-License-Identifier: GPL-2.0-or-later
#include "old.h"
#include "runner.h"

void step(void)
{
	puts(ANSWER);
}
