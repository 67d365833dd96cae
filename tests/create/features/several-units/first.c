// SPDX-License-Identifier: GPL-2.0-or-later
#include "parts.h"

int first(int value)
{
	return value + 1;
}
