// SPDX-License-Identifier: GPL-2.0-or-later
#include "runner.h"

int replaced_value = 12;
int first(void);
int second(void);
int third(void);

void step(void)
{
	printf("%d ", first());
	printf("%d ", second());
	printf("%d\n", third());
}
