/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A kernel image as a file: what a boot loader loads (bzImage, compressed) or vmlinux itself. */
#ifndef SUT_KERNEL_IMAGE_IMAGE_H
#define SUT_KERNEL_IMAGE_IMAGE_H

#include "kernel/image/elf.h"
#include "kernel/image/symbols.h"

struct sut_kernel_image {
	struct sut_kernel_elf elf; /* vmlinux; its build-id is that of /sys/kernel/notes */
	const char *release;       /* uname -r: "6.1.0-50-amd64" */
	const char *banner;        /* /proc/version without its newline */
	const char *compiler;      /* of the banner: "gcc-12 (Debian 12.2.0-14+deb12u1) 12.2.0" */
};

/*
 * Reads vmlinux, or unpacks it from a bzImage (xz, gzip, zstd). SUT_INVALID (rule "format"): it is
 * neither, or damaged; SUT_UNSUPPORTED (rule "kernel-image"): another machine or packing.
 */
enum sut_rc sut_kernel_image_open(struct sut_arena *arena, const char *path,
				  struct sut_kernel_image *image, struct sut_diag *diag);

/* The same for a file's content, which the caller keeps. */
enum sut_rc sut_kernel_image_parse(struct sut_arena *arena, const char *path,
				   struct sut_bytes bytes, struct sut_kernel_image *image,
				   struct sut_diag *diag);

/*
 * All of vmlinux's symbols in the order of its kallsyms: from the tables in the image itself, which
 * every stock kernel has. SUT_UNSUPPORTED (rule "kallsyms"): none are found, or several.
 */
enum sut_rc sut_kernel_image_symbols(struct sut_arena *arena, const struct sut_kernel_image *image,
				     struct sut_kernel_symbols *symbols, struct sut_diag *diag);

#endif
