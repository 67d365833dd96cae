/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the front half share: from the source patch to units and judgements. */
#ifndef SUT_KERNEL_CREATE_UNITS_H
#define SUT_KERNEL_CREATE_UNITS_H

#include "kernel/create/commands.h"
#include "kernel/create/create.h"
#include "units/patched.h"

/* A source patch on its way to units. */
struct sut_kernel_making {
	struct sut_arena *arena;
	const struct sut_kernel_options *options;
	const char *scratch;
	struct sut_patched patched; /* what the patch touches */
	struct sut_kernel_commands commands;
	size_t count, capacity;
	const struct sut_kernel_unit **units; /* to be compiled, each once */
	struct sut_verdict *verdict;
	struct sut_diag *diag;
};

/* Adds a unit to those that are compiled. */
void sut_kernel_making_add(struct sut_kernel_making *making, const struct sut_kernel_unit *unit);

/* kbuild runs objtool on whatever becomes part of the kernel's text; other objects are the vDSO's,
 * or of what boots the kernel. */
bool sut_kernel_unit_is_kernel(const struct sut_kernel_unit *unit);

/*
 * Adds the units that patched files affect which are no units themselves. SUT_REFUSED (rule
 * "units"): too many may be.
 */
enum sut_rc sut_kernel_affected_add(struct sut_kernel_making *making);

/* Refuses files of the patch by what they are: build rules, tables of system calls, ... */
enum sut_rc sut_kernel_judge_files(struct sut_kernel_making *making);

/* Refuses entries of tables that the kernel reads at the start that come or go. */
void sut_kernel_judge_tables(const struct sut_unit *unit, const struct sut_diff *diff,
			     struct sut_verdict *verdict);

/* Types and prototypes, for all parts. */
enum sut_rc sut_kernel_judge_types(struct sut_arena *arena, const struct sut_kernel_parts *parts,
				   struct sut_verdict *verdict, struct sut_diag *diag);

#endif
