/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Does a patch fit those in use? The core decides; this says beforehand, and with names, why not.
 */
#ifndef SUT_PROCESS_FIT_H
#define SUT_PROCESS_FIT_H

#include "elf/patchfile.h"
#include "process/memory.h"

/* SUT_REFUSED (rule "state"): a state of a patch in use conflicts. */
enum sut_rc sut_fit_states(const struct sut_target *target, const struct sut_memory *memory,
			   const struct sut_patch *patch, struct sut_diag *diag);

#endif
