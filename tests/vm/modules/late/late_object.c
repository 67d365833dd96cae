// SPDX-License-Identifier: GPL-2.0-only
#include "object.h"

int late_object_exported(void);

int late_object_exported(void)
{
	return 0;
}
EXPORT_SYMBOL_GPL(late_object_exported);
