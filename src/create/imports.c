#include "create/target.h"
// SPDX-License-Identifier: GPL-2.0-or-later
/* A reference to a symbol that the target did not import until now. */
#include <string.h>
#include <unistd.h>

static bool exports(const struct sut_target *object, const char *name)
{
	size_t count;
	const struct sut_target_symbol *symbols = sut_target_find(object, name, &count);

	for (size_t i = 0; i < count; i++) {
		if (symbols[i].dynamic && !symbols[i].local)
			return true;
	}
	return false;
}

bool sut_target_imports(struct sut_arena *arena, const struct sut_target *target, const char *name)
{
	static const char *const folders[] = {"/lib/x86_64-linux-gnu",
					      "/usr/lib/x86_64-linux-gnu",
					      "/lib64",
					      "/usr/lib64",
					      "/usr/local/lib",
					      "/lib",
					      "/usr/lib"};

	for (size_t i = 0; i < target->needed_count; i++) {
		for (size_t j = 0; j < sizeof(folders) / sizeof(folders[0]); j++) {
			struct sut_target object;
			struct sut_diag ignored;
			const char *path =
				sut_arena_printf(arena, "%s/%s", folders[j], target->needed[i]);

			if (access(path, R_OK) || sut_target_load(arena, path, &object, &ignored))
				continue;
			if (exports(&object, name))
				return true;
			break;
		}
	}
	return false;
}
