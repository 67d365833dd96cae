/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Livepatch modules of the kernel as files: what inspect and verify do with them. */
#ifndef SUT_CLI_LIVEPATCH_H
#define SUT_CLI_LIVEPATCH_H

#include "cli/cli.h"

/* Whether the file is a kernel module, and no patch file of ours. */
bool sut_livepatch_is_module(const char *path);

/* What the module patches and is bound to. Returns the exit status. */
int sut_livepatch_inspect(struct sut_call *call);

/* Whether the kernel that the options name, or for which it was built, would load it. */
int sut_livepatch_verify(struct sut_call *call);

#endif
