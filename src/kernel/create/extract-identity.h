/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Functions of a kernel replaced by themselves: a rehearsal. The livepatch changes nothing, so what
 * a kernel does otherwise with it in place is a fault of ours.
 */
#ifndef SUT_KERNEL_CREATE_EXTRACT_IDENTITY_H
#define SUT_KERNEL_CREATE_EXTRACT_IDENTITY_H

#include "kernel/create/extract.h"

/*
 * A source patch of options->units that changes none of their code, in the scratch folder: units
 * are compiled by way of their patches. SUT_INVALID (rule "units") without a unit.
 */
enum sut_rc sut_identity_patch(struct sut_arena *arena, const struct sut_kernel_options *options,
			       const char *scratch, const char **path, struct sut_diag *diag);

/*
 * Makes the parts' wanted functions changed ones. Those that cannot be patched even alone stay as
 * they are; each of them is a warning of the rule that stands against it.
 */
void sut_identity_choose(const struct sut_kernel_options *options, struct sut_carry *carry);

#endif
