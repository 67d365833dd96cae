/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A kernel module as a file: .ko, .ko.xz, .ko.gz, .ko.zst. */
#ifndef SUT_KERNEL_IMAGE_MODULE_H
#define SUT_KERNEL_IMAGE_MODULE_H

#include "kernel/image/elf.h"
#include "kernel/image/symbols.h"

struct sut_kernel_module {
	struct sut_kernel_elf elf;
	const char *name; /* as the kernel has it: "snd_hda_intel", no '-' */
	bool livepatch;   /* modinfo has livepatch=Y: of such a module all symbols stay */
	struct sut_kernel_symbols symbols; /* those that stay when its init has ended */
};

/* SUT_INVALID (rule "format"): no module, or damaged. SUT_UNSUPPORTED: another machine. */
enum sut_rc sut_kernel_module_open(struct sut_arena *arena, const char *path,
				   struct sut_kernel_module *module, struct sut_diag *diag);

/* The same for the content of an ELF file, not compressed, which the caller keeps. */
enum sut_rc sut_kernel_module_parse(struct sut_arena *arena, const char *path,
				    struct sut_bytes bytes, struct sut_kernel_module *module,
				    struct sut_diag *diag);

#endif
