/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What apply and revert have in common: waiting, and the report of what happened. */
#ifndef SUT_CLI_EFFECT_H
#define SUT_CLI_EFFECT_H

#include "cli/each.h"

/* A patch file and the SHA-256 of its bytes. */
enum sut_rc sut_effect_load(struct sut_arena *arena, const char *path, struct sut_patch *patch,
			    unsigned char digest[SUT_SHA256_SIZE], struct sut_diag *diag);

/* An option that is a time: seconds, or with ms, s, m, h, d behind. false: it is not; the usage
 * error is printed. */
bool sut_call_seconds(const struct sut_call *call, const char *name, double fallback, uint64_t *ns);

/* --wait SECONDS, or ten. false: not a number; the usage error is printed. */
bool sut_call_wait(const struct sut_call *call, struct sut_effect_options *options);

/* --max-pause TIME, or 50 ms. false: not a time; the usage error is printed. */
bool sut_call_max_pause(const struct sut_call *call, uint64_t *ns);

#define SUT_OPTION_MAX_PAUSE                                                                       \
	{                                                                                          \
		"max-pause", "TIME", "the longest that the process may be stopped (50ms)"          \
	}

#define SUT_OPTION_KEEP_TIMEOUTS                                                                   \
	{                                                                                          \
		"keep-timeouts", NULL, "rather wait than let a call's time-out begin anew"         \
	}

/* What came of one process. */
struct sut_effect_result {
	enum sut_rc rc;
	struct sut_effect effect;
	struct sut_diag diag;
};

/*
 * Headlines, and the fields of an element of "targets". Returns the status. brief: no headlines
 * where it went as wanted.
 */
int sut_effect_report(struct sut_out *out, pid_t pid, const char *patch, enum sut_rt_state wanted,
		      const struct sut_effect_result *result, bool brief);

/* A line for all processes, where there were too many to tell of each. */
void sut_effect_summary(const struct sut_each *each, const char *patch, enum sut_rt_state wanted,
			uint64_t ns);

/* A thread and why it has not gone over, as fields. */
void sut_blocker_report(struct sut_out *out, const struct sut_blocker *blocker);

/* "blockers": who has not gone over, one object per thread. */
void sut_blockers_report(struct sut_out *out, const struct sut_blockers *blockers);

#endif
