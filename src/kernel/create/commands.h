/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How kbuild compiles each unit of a configured kernel, and what it is linked into. Asked of kbuild
 * once for a kernel, and kept: see commands-list.c.
 */
#ifndef SUT_KERNEL_CREATE_COMMANDS_H
#define SUT_KERNEL_CREATE_COMMANDS_H

#include "base/arena.h"
#include "base/diag.h"
#include "base/io.h"

#include <stdbool.h>
#include <stddef.h>

/* One unit as the index has it. Paths are relative to the tree. */
struct sut_kernel_unit {
	const char *source;
	const char *object;
	const char *modules; /* "fs/ext4/ext4", several with blanks between; "": vmlinux, or what
				boots it */
	const char *head, *rest; /* the command is both, one behind the other */
};

struct sut_kernel_commands {
	const char *tree;
	size_t count;
	struct sut_kernel_unit *units; /* by source */
	size_t made_count;
	const char **made; /* sources and headers that kbuild generates before it compiles */
};

/*
 * Reads the index in the folder cache, or asks kbuild and leaves one there. A tree is asked by
 * `make -n`, which builds nothing and takes half a minute for the whole kernel; progress (may be
 * NULL) is called before. SUT_SYSTEM or SUT_UNSUPPORTED (rule "kbuild").
 */
enum sut_rc sut_kernel_commands_load(struct sut_arena *arena, const char *tree, const char *cache,
				     const char *scratch,
				     void (*progress)(void *context, const char *text),
				     void *context, struct sut_kernel_commands *commands,
				     struct sut_diag *diag);

/* The index as it lies in the cache; text must stay and is written to. false: it is none. */
bool sut_kernel_commands_parse(struct sut_arena *arena, char *text,
			       struct sut_kernel_commands *commands);

/* The units of that source: *count of them from the result on. */
const struct sut_kernel_unit *sut_kernel_commands_find(const struct sut_kernel_commands *commands,
						       const char *source, size_t *count);

struct sut_kernel_command {
	size_t argc;
	const char **argv;          /* the compiler; NULL-terminated */
	const char *const *objtool; /* without the object; NULL: kbuild runs none on it */
	bool module;                /* compiled as part of a module */
};

/* SUT_UNSUPPORTED (rule "kbuild"): kbuild does something with the object that is not known. */
enum sut_rc sut_kernel_command_read(struct sut_arena *arena, const struct sut_kernel_unit *unit,
				    struct sut_kernel_command *command, struct sut_diag *diag);

/* The index's first line. */
#define SUT_KERNEL_COMMANDS_TITLE "suture kernel units 1"

/* For the two files of this header: asks kbuild and writes the index to path. */
enum sut_rc sut_kernel_commands_list(struct sut_arena *arena, const char *tree, const char *scratch,
				     const char *path, struct sut_diag *diag);

#endif
