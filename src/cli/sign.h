/* SPDX-License-Identifier: GPL-2.0-or-later */
/* --key and --certificate: commands that make kernel modules sign them when asked. */
#ifndef SUT_CLI_SIGN_H
#define SUT_CLI_SIGN_H

#include "base/io.h"
#include "cli/cli.h"

/* Options of a command's table. */
#define SUT_SIGN_OPTIONS                                                                           \
	{"key", "FILE", "sign the kernel module with this private key (PEM)"},                     \
	{                                                                                          \
		"certificate", "FILE", "the certificate of that key"                               \
	}

/* False, and the usage error is printed: one was given without the other. */
bool sut_sign_check(const struct sut_call *call);

/* Replaces the module by a signed one if the options are there. */
enum sut_rc sut_sign_if_asked(struct sut_arena *arena, const struct sut_call *call,
			      struct sut_bytes *module, struct sut_diag *diag);

#endif
