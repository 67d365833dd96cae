// SPDX-License-Identifier: GPL-2.0-or-later
#include "limit.h"

extern "C" int check(int value)
{
	return limit(value + 1);
}
