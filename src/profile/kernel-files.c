// SPDX-License-Identifier: GPL-2.0-or-later
/* What was shipped and will be compared with: the image, its configuration, its modules. */
#include "profile/kernel-private.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum sut_rc take(struct sut_kernel_making *kernel, const char *from, const char *to)
{
	struct sut_arena *arena = kernel->making->arena;
	const char *old = sut_arena_printf(arena, "%s/%s", kernel->root, from);

	if (rename(old, sut_arena_printf(arena, "%s/%s", kernel->files, to)) == 0)
		return SUT_OK;
	return sut_fail_errno(kernel->making->diag, "%s: not in the package", from);
}

/* Where modules lie: below /usr since Debian 13. */
static enum sut_rc take_modules(struct sut_kernel_making *kernel)
{
	struct sut_arena *arena = kernel->making->arena;
	const char *place = sut_arena_printf(arena, "usr/lib/modules/%s/kernel", kernel->release);

	if (access(sut_arena_printf(arena, "%s/%s", kernel->root, place), F_OK) < 0)
		place += strlen("usr/");
	return take(kernel, place, "modules");
}

static enum sut_rc refuse(struct sut_kernel_making *kernel, const char *what)
{
	sut_fail(kernel->making->diag, SUT_REFUSED, "kernel-profile",
		 "%s: its image is of \"%s\", %s", kernel->packages.image, kernel->image.banner,
		 what);
	sut_remedy(kernel->making->diag, "take the package as the distribution has it");
	return SUT_REFUSED;
}

static enum sut_rc take_image(struct sut_kernel_making *kernel)
{
	struct sut_making *making = kernel->making;
	struct sut_bytes vmlinux;
	enum sut_rc rc;

	sut_making_progress(making, "reading the image");
	rc = sut_kernel_image_open(making->arena,
				   sut_arena_printf(making->arena, "%s/vmlinuz", kernel->files),
				   &kernel->image, making->diag);
	if (rc)
		return rc;
	if (strcmp(kernel->image.release, kernel->release) != 0)
		return refuse(kernel, "another release");
	if (!strstr(kernel->image.banner,
		    sut_arena_printf(making->arena, " %s (", kernel->version)))
		return refuse(kernel, "another version than the package's");
	vmlinux = kernel->image.elf.bytes;
	return sut_file_write(sut_arena_printf(making->arena, "%s/vmlinux", kernel->files),
			      vmlinux.data, vmlinux.size, 0644, making->diag);
}

enum sut_rc sut_kernel_files_take(struct sut_kernel_making *kernel)
{
	struct sut_making *making = kernel->making;
	struct sut_arena *arena = making->arena;
	const char *image = sut_arena_printf(arena, "boot/vmlinuz-%s", kernel->release);
	const char *config = sut_arena_printf(arena, "boot/config-%s", kernel->release);
	const char *symvers =
		sut_arena_printf(arena, "usr/src/linux-headers-%s/Module.symvers", kernel->release);
	enum sut_rc rc = SUT_OK;

	if (mkdir(kernel->files, 0755) < 0)
		return sut_fail_errno(making->diag, "%s", kernel->files);
	rc = take(kernel, image, "vmlinuz");
	if (rc == SUT_OK)
		rc = take(kernel, config, "config");
	if (rc == SUT_OK)
		rc = take(kernel, symvers, "Module.symvers");
	if (rc == SUT_OK)
		rc = take_modules(kernel);
	return rc ? rc : take_image(kernel);
}
