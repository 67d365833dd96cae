// SPDX-License-Identifier: GPL-2.0-or-later
#include "shape.h"

int third(int value)
{
	assert(value > 0);
	return value;
}
