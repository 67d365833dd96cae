/* SPDX-License-Identifier: GPL-2.0-or-later */
static int names_count;
static inline int names_next(void)
{
	return ++names_count;
}
#include "names-inner.h"
