/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kernels and modules as distributions pack them. */
#ifndef SUT_KERNEL_IMAGE_UNPACK_H
#define SUT_KERNEL_IMAGE_UNPACK_H

#include "base/arena.h"
#include "base/diag.h"
#include "base/io.h"

enum { SUT_KERNEL_FILE_MAX = 1 << 30 /* bytes, unpacked: a vmlinux with debugging information */ };

/*
 * xz, gzip or zstd, by the first bytes; anything may follow the stream. SUT_UNSUPPORTED (rule
 * "kernel-image"): lz4, lzo, bzip2, lzma or what is none of them. SUT_INVALID (rule "format"):
 * damaged, or too large.
 */
enum sut_rc sut_kernel_unpack(struct sut_arena *arena, const char *path, struct sut_bytes packed,
			      struct sut_bytes *bytes, struct sut_diag *diag);

#endif
