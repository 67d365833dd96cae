// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/kernel-files.h"

#include <string.h>
#include <unistd.h>

/* NULL: there is no such file or folder. */
static const char *existing(const char *path)
{
	return access(path, R_OK) ? NULL : path;
}

static void use_installed(struct sut_arena *arena, const char *release, struct sut_klp_files *files)
{
	if (!files->image)
		files->image = existing(sut_arena_printf(arena, "/boot/vmlinuz-%s", release));
	if (!files->modules)
		files->modules =
			existing(sut_arena_printf(arena, "/lib/modules/%s/kernel", release));
	if (!files->symvers)
		files->symvers = existing(
			sut_arena_printf(arena, "/lib/modules/%s/build/Module.symvers", release));
}

enum sut_rc sut_kernel_files_find(struct sut_arena *arena, const struct sut_call *call,
				  const char *release, struct sut_klp_files *files,
				  struct sut_diag *diag)
{
	bool named = sut_call_option(call, "image") != NULL;

	*files = (struct sut_klp_files){
		.image = sut_call_option(call, "image"),
		.modules = sut_call_option(call, "object-dir"),
		.symvers = sut_call_option(call, "symvers"),
	};
	if (sut_call_option(call, "kernel"))
		release = sut_call_option(call, "kernel");
	if (strchr(release, '/'))
		return sut_fail(diag, SUT_INVALID, "kernel-files", "\"%s\" is no kernel's release",
				release);
	/* Files of two kernels must not be mixed. */
	if (!named)
		use_installed(arena, release, files);
	if (files->image)
		return SUT_OK;
	sut_fail(diag, SUT_GONE, "kernel-files", "there is no image of kernel %s here", release);
	sut_remedy(diag, "name it with --image, and its modules with --object-dir");
	return SUT_GONE;
}
