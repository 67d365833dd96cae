/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which files a kernel is known by, for commands that look a livepatch module up in one. */
#ifndef SUT_CLI_KERNEL_FILES_H
#define SUT_CLI_KERNEL_FILES_H

#include "cli/cli.h"
#include "kernel/klp/kernel.h"

/* Options of a command's table. */
#define SUT_KERNEL_OPTIONS                                                                         \
	{"kernel", "RELEASE", "the kernel it is for (that for which it was built)"},               \
		{"image", "FILE", "that kernel's vmlinux or vmlinuz"},                             \
		{"object-dir", "DIR", "the folder of that kernel's modules"},                      \
		{"module", "FILE", "one more module, from elsewhere; may be repeated"},            \
	{                                                                                          \
		"symvers", "FILE", "that kernel's Module.symvers"                                  \
	}

/*
 * Opens the kernel from the files that the options name, and where they do not, from those of its
 * profile, or of the installed kernel. release: that which the module was built for, without
 * --kernel. SUT_GONE (rule "kernel-files"): there is no image.
 */
enum sut_rc sut_kernel_files_open(struct sut_arena *arena, const struct sut_call *call,
				  const char *release, struct sut_klp_kernel *kernel,
				  struct sut_diag *diag);

#endif
