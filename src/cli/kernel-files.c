// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/kernel-files.h"
#include "profile/kernel.h"

#include <string.h>
#include <unistd.h>

/* NULL: there is no such file or folder. */
static const char *existing(const char *path)
{
	return access(path, R_OK) ? NULL : path;
}

/* False: there is no profile of that kernel, or none that may be used. */
static bool use_profile(struct sut_arena *arena, const char *release, struct sut_klp_files *files)
{
	struct sut_kernel_profile kernel;
	struct sut_diag unused = {0};

	if (sut_kernel_profile_open(arena, release, &kernel, &unused) != SUT_OK)
		return false;
	files->image = kernel.vmlinux;
	if (!files->modules)
		files->modules = kernel.modules;
	if (!files->symvers)
		files->symvers = kernel.symvers;
	return true;
}

static void use_installed(struct sut_arena *arena, const char *release, struct sut_klp_files *files)
{
	files->image = existing(sut_arena_printf(arena, "/boot/vmlinuz-%s", release));
	if (!files->modules)
		files->modules =
			existing(sut_arena_printf(arena, "/lib/modules/%s/kernel", release));
	if (!files->symvers)
		files->symvers = existing(
			sut_arena_printf(arena, "/lib/modules/%s/build/Module.symvers", release));
}

static enum sut_rc find(struct sut_arena *arena, const struct sut_call *call, const char *release,
			struct sut_klp_files *files, struct sut_diag *diag)
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
	if (!named && !use_profile(arena, release, files))
		use_installed(arena, release, files);
	if (files->image)
		return SUT_OK;
	sut_fail(diag, SUT_GONE, "kernel-files", "there is no image of kernel %s here", release);
	sut_remedy(diag,
		   "make its profile, suture profile --kernel %s, or name the image with --image",
		   release);
	return SUT_GONE;
}

enum sut_rc sut_kernel_files_open(struct sut_arena *arena, const struct sut_call *call,
				  const char *release, struct sut_klp_kernel *kernel,
				  struct sut_diag *diag)
{
	struct sut_klp_files files;
	const char *module;
	size_t position = 0;
	enum sut_rc rc = find(arena, call, release, &files, diag);

	if (rc == SUT_OK)
		rc = sut_klp_kernel_open(arena, &files, kernel, diag);
	while (rc == SUT_OK && (module = sut_call_next(call, "module", &position)))
		rc = sut_klp_kernel_add(kernel, module, diag);
	return rc;
}
