/* SPDX-License-Identifier: GPL-2.0-or-later */
/* suture create --target kernel: from a source patch to a livepatch module. */
#ifndef SUT_CLI_CREATE_KERNEL_H
#define SUT_CLI_CREATE_KERNEL_H

#include "cli/phases.h"

#include <stdbool.h>

/* A target of the call is "kernel", the running one, or "kernel:RELEASE"; a file of that name is
 * ./kernel. */
bool sut_create_is_for_kernel(const struct sut_call *call);

/* ... All options that are needed are given. */
int sut_create_kernel(struct sut_call *call, struct sut_arena *arena, struct sut_phases *phases);

#endif
