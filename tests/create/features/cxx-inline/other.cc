// SPDX-License-Identifier: GPL-2.0-or-later
#include "count.h"

int other(int value)
{
	next();
	return bounded(value, 2) * 100;
}
