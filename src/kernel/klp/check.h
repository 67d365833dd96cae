/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether a livepatch module would be loaded by a kernel, looked up in that kernel's files: all
 * that the kernel itself refuses with an errno and a line in its log, before anybody is root.
 */
#ifndef SUT_KERNEL_KLP_CHECK_H
#define SUT_KERNEL_KLP_CHECK_H

#include "base/verdict.h"
#include "kernel/klp/kernel.h"
#include "kernel/klp/patch.h"

/*
 * Refusals are for what the kernel would refuse or use wrongly, warnings for what somebody has to
 * know or what the files do not tell. Fails when a file cannot be read.
 */
enum sut_rc sut_klp_check(const struct sut_ko *ko, const struct sut_klp_patch *patch,
			  struct sut_klp_kernel *kernel, struct sut_verdict *verdict,
			  struct sut_diag *diag);

#endif
