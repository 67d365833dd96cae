// SPDX-License-Identifier: GPL-2.0-or-later
#include "other.h"

int other_value = 7;

int other_function(int value)
{
	return value + other_value;
}
