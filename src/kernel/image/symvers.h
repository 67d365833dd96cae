/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Module.symvers: who exports what, with the checksum of its type that MODVERSIONS compares. */
#ifndef SUT_KERNEL_IMAGE_SYMVERS_H
#define SUT_KERNEL_IMAGE_SYMVERS_H

#include "base/arena.h"
#include "base/diag.h"
#include "base/io.h"

#include <stdbool.h>
#include <stdint.h>

struct sut_symver {
	const char *name;
	uint32_t crc;
	const char *object; /* "vmlinux", or the module's name as the kernel has it */
	const char *path;   /* as the file has it: "drivers/block/loop" */
	bool gpl;           /* EXPORT_SYMBOL_GPL */
	const char *space;  /* namespace, or "" */
};

struct sut_symvers {
	size_t count;
	struct sut_symver *list; /* by name */
};

enum sut_rc sut_symvers_load(struct sut_arena *arena, const char *path, struct sut_symvers *symvers,
			     struct sut_diag *diag);

/* The same for a file's content, which stays unchanged. SUT_INVALID (rule "format") names the line.
 */
enum sut_rc sut_symvers_parse(struct sut_arena *arena, const char *path, struct sut_bytes text,
			      struct sut_symvers *symvers, struct sut_diag *diag);

/* NULL: nobody exports it. */
const struct sut_symver *sut_symvers_find(const struct sut_symvers *symvers, const char *name);

#endif
