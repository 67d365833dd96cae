/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The target `kernel` of apply, status, blockers, revert, replace and force. Each of these prints
 * an element of "targets" and returns an exit status.
 */
#ifndef SUT_CLI_KERNEL_H
#define SUT_CLI_KERNEL_H

#include "cli/each.h"
#include "kernel/host/host.h"

#define SUT_TARGET_KERNEL "kernel"

enum { SUT_KERNEL_WAIT_S = 60 };

/* Whether apply is about the kernel: its target says so, or it has none and FILE is a module. */
bool sut_kernel_is_meant(const struct sut_call *call);

/* The whole of apply and replace. replaces: the patch that must be replaced, or NULL. */
int sut_kernel_apply(struct sut_call *call, const char *schema, const char *replaces);

/* The whole of plan. */
int sut_kernel_plan(struct sut_call *call);

/* For struct sut_each. */
int sut_kernel_status(const struct sut_each *each, bool named);
int sut_kernel_blockers(const struct sut_each *each, bool named);
int sut_kernel_revert(const struct sut_each *each, bool named);
int sut_kernel_force(const struct sut_each *each, bool named);

/* "blockers": one object each. In text `headlines` of them get two lines. */
void sut_kernel_blockers_report(struct sut_out *out, const struct sut_host_blockers *blockers,
				size_t total, size_t headlines);

#endif
