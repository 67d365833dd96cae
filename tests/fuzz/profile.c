// SPDX-License-Identifier: GPL-2.0-or-later
/* Any text may lie in a cache as a profile; what is read of it stays within the profile. */
#include "base/guard.h"
#include "profile/file.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool leaves(const char *path)
{
	return *path == '/' || strcmp(path, "..") == 0 || strncmp(path, "../", 3) == 0 ||
	       strstr(path, "/../") ||
	       (strlen(path) > 2 && strcmp(path + strlen(path) - 3, "/..") == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_profile profile;
	struct sut_diag diag = {0};

	if (sut_profile_parse(&arena, (struct sut_bytes){data, size}, "/none", "none", &profile,
			      &diag)) {
		if (!diag.count)
			abort();
		return 0;
	}
	for (size_t i = 0; i < profile.target_count; i++)
		if (leaves(profile.targets[i].image) || !profile.targets[i].build_id_size)
			abort();
	for (size_t i = 0; i < profile.unit_count; i++) {
		const struct sut_profile_unit *unit = &profile.units[i];

		if (leaves(unit->object) || !unit->entry.argc)
			abort();
		for (size_t k = 0; k < unit->place_count; k++)
			if (unit->places[k].target >= profile.target_count)
				abort();
	}
	return 0;
}
