/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why the kernel did not take a livepatch module, in words. */
#ifndef SUT_KERNEL_HOST_EXPLAIN_H
#define SUT_KERNEL_HOST_EXPLAIN_H

#include "kernel/host/log.h"

/*
 * From what finit_module(2) answered (a positive errno) and what the kernel's log said meanwhile.
 * Returns the code of the failure, which *diag has with the kernel's own lines as context.
 */
enum sut_rc sut_explain_load(struct sut_arena *arena, const char *module, int error,
			     const struct sut_log *log, struct sut_diag *diag);

#endif
