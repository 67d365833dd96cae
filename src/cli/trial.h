/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Patches on trial. The end of a trial stands in the memory of each target, beside the patch; a
 * small process that belongs to no terminal waits for it and takes the patch back where nobody has
 * confirmed it. It looks in the targets, so neither the controller that started it nor children
 * that were forked meanwhile matter to it.
 */
#ifndef SUT_CLI_TRIAL_H
#define SUT_CLI_TRIAL_H

#include "base/diag.h"

#include <stdint.h>
#include <sys/types.h>

/*
 * Starts the process that waits, before anything is applied. It begins to look for the patch when
 * *lease is closed, by this process or by its end.
 */
enum sut_rc sut_trial_begin(const char *name, int *lease, struct sut_diag *diag);

/* When the trial of the patch ends in the process, by sut_boot_ns(); 0: it is not on trial there.
 */
uint64_t sut_trial_end(pid_t pid, const char *name);

#endif
