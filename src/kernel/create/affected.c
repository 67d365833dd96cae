// SPDX-License-Identifier: GPL-2.0-or-later
/* Which units a patched header affects. */
#include "kernel/create/units.h"

enum sut_rc sut_kernel_affected_add(struct sut_kernel_making *making)
{
	for (size_t i = 0; i < making->patched.count; i++) {
		const char *path = making->patched.files[i].path;
		size_t count;

		if (sut_kernel_commands_find(&making->commands, path, &count))
			continue;
		sut_fail(making->diag, SUT_REFUSED, "units",
			 "%s: no unit of the kernel, but a file that others may include", path);
		sut_remedy(making->diag, "name the units that need the change with --unit");
		return SUT_REFUSED;
	}
	return SUT_OK;
}
