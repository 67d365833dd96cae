// SPDX-License-Identifier: GPL-2.0-or-later
#include "parts.h"

int second(int value)
{
	return value + 2;
}
