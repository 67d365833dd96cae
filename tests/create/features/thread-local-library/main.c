// SPDX-License-Identifier: GPL-2.0-or-later
#include "runner.h"

void count(void);

void step(void)
{
	count();
}
