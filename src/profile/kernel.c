// SPDX-License-Identifier: GPL-2.0-or-later
#include "profile/kernel.h"

#include <string.h>
#include <sys/utsname.h>

static const char *path_of(struct sut_arena *arena, const struct sut_profile *profile,
			   const char *name)
{
	return sut_arena_printf(arena, "%s/%s", profile->folder, name);
}

static void fill(struct sut_arena *arena, const struct sut_profile *profile,
		 struct sut_kernel_profile *kernel)
{
	*kernel = (struct sut_kernel_profile){
		.profile = *profile,
		.tree = path_of(arena, profile, "tree"),
		.vmlinux = path_of(arena, profile, "kernel/vmlinux"),
		.symvers = path_of(arena, profile, "kernel/Module.symvers"),
		.modules = path_of(arena, profile, "kernel/modules"),
		.before = path_of(arena, profile, "before"),
	};
}

enum sut_rc sut_kernel_profile_open(struct sut_arena *arena, const char *release,
				    struct sut_kernel_profile *kernel, struct sut_diag *diag)
{
	struct sut_profile profile;
	struct utsname running;
	const char **names;
	size_t count;
	enum sut_rc rc = sut_profile_names(arena, &names, &count, diag);

	if (!release && uname(&running) == 0)
		release = running.release;
	/* By what they hold: the name may have been chosen. */
	for (size_t i = 0; i < count && rc == SUT_OK; i++) {
		struct sut_diag unused;

		if (sut_profile_open(arena, names[i], &profile, &unused) ||
		    strcmp(profile.kernel, release) != 0)
			continue;
		fill(arena, &profile, kernel);
		return SUT_OK;
	}
	if (rc)
		return rc;
	sut_fail(diag, SUT_GONE, "profile", "no profile of kernel %s", release);
	sut_remedy(diag, "make it once: suture profile --kernel %s", release);
	return SUT_GONE;
}
