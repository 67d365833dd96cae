// SPDX-License-Identifier: GPL-2.0-or-later
/* For references to symbols that the target did not import until now. */
#include "create/target.h"

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

static bool load(struct sut_imports *imports, const char *name, struct sut_target *object)
{
	static const char *const folders[] = {"/lib/x86_64-linux-gnu",
					      "/usr/lib/x86_64-linux-gnu",
					      "/lib64",
					      "/usr/lib64",
					      "/usr/local/lib",
					      "/lib",
					      "/usr/lib"};

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		const char *path = sut_arena_printf(imports->arena, "%s/%s", folders[i], name);
		struct sut_diag ignored;

		if (!access(path, R_OK) && !sut_target_load(imports->arena, path, object, &ignored))
			return true;
	}
	return false;
}

bool sut_imports_have(struct sut_imports *imports, const char *name)
{
	const struct sut_target *target = imports->target;

	if (!imports->loaded) {
		imports->objects = sut_arena_array(imports->arena, target->needed_count,
						   sizeof(*imports->objects));
		for (size_t i = 0; i < target->needed_count; i++) {
			if (load(imports, target->needed[i],
				 &imports->objects[imports->object_count]))
				imports->object_count++;
		}
		imports->loaded = true;
	}
	for (size_t i = 0; i < imports->object_count; i++) {
		if (exports(&imports->objects[i], name))
			return true;
	}
	return false;
}
