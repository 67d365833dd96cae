/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What apply and revert have in common: waiting, and the report of what happened. */
#ifndef SUT_CLI_EFFECT_H
#define SUT_CLI_EFFECT_H

#include "cli/cli.h"
#include "process/process.h"

/* A patch file and the SHA-256 of its bytes. */
enum sut_rc sut_effect_load(struct sut_arena *arena, const char *path, struct sut_patch *patch,
			    unsigned char digest[SUT_SHA256_SIZE], struct sut_diag *diag);

/* An option that is a number of seconds. false: it is not; the usage error is printed. */
bool sut_call_seconds(const struct sut_call *call, const char *name, double fallback, uint64_t *ns);

/* --wait SECONDS, or ten. false: not a number; the usage error is printed. */
bool sut_call_wait(const struct sut_call *call, struct sut_effect_options *options);

/* One target's result: headlines, and the fields of an element of "targets". Returns the status. */
int sut_effect_report(struct sut_out *out, pid_t pid, const char *patch, enum sut_rt_state wanted,
		      enum sut_rc rc, const struct sut_effect *effect, const struct sut_diag *diag);

/* A thread and why it has not gone over, as fields. */
void sut_blocker_report(struct sut_out *out, const struct sut_blocker *blocker);

/* "blockers": who has not gone over, one object per thread. */
void sut_blockers_report(struct sut_out *out, const struct sut_blockers *blockers);

#endif
