/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What create found against a patch, in the document of a command. */
#ifndef SUT_CLI_VERDICT_H
#define SUT_CLI_VERDICT_H

#include "base/out.h"
#include "base/verdict.h"

/* The refusals and warnings as headlines with their evidence, and as the fields of these names. */
void sut_report_verdict(struct sut_out *out, const struct sut_verdict *verdict);

#endif
