/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Targets whose source is in a profile, for commands that are given no --source. */
#ifndef SUT_CLI_PROFILED_H
#define SUT_CLI_PROFILED_H

#include "base/out.h"
#include "units/units.h"
#include "units/database.h"
#include "profile/profile.h"

struct sut_profiled {
	struct sut_profile profile;
	struct sut_database commands;
	int held; /* the profile stays until the process ends, which closes this; -1: none */
};

/*
 * Finds the profile of wanted->targets by their build-ids, and fills source, commands, images and
 * before. SUT_REFUSED (rule "profile") with the command that makes one.
 */
enum sut_rc sut_profiled_find(struct sut_arena *arena, struct sut_create_options *wanted,
			      struct sut_profiled *profiled, struct sut_diag *diag);

/* Says which one was taken, if any. */
void sut_profiled_report(struct sut_out *out, const struct sut_profiled *profiled);

#endif
