// SPDX-License-Identifier: GPL-2.0-or-later
#include "shape.h"

int first(int value)
{
	struct shape shape = {value, 2};

	return area(shape);
}
