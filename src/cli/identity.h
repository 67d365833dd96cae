/* SPDX-License-Identifier: GPL-2.0-or-later */
/* suture create --identity, see create/identity.h. */
#ifndef SUT_CLI_IDENTITY_H
#define SUT_CLI_IDENTITY_H

#include "cli/phases.h"
#include "create/create.h"

/* wanted is filled from the call, but for the options that only --identity has. */
int sut_create_identity(struct sut_call *call, struct sut_arena *arena,
			struct sut_create_options *wanted, struct sut_phases *phases);

#endif
