/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the time of create goes: its words of progress, with a clock. */
#ifndef SUT_CLI_PHASES_H
#define SUT_CLI_PHASES_H

#include "cli/cli.h"

#include <stdint.h>

enum { SUT_PHASES_MAX = 16, SUT_PHASE_NAME = 24 };

struct sut_phases {
	const struct sut_call *call;
	uint64_t since; /* the current phase began */
	size_t current, count;
	struct {
		char name[SUT_PHASE_NAME]; /* the first word of its progress: "proving" */
		uint64_t ns;
	} list[SUT_PHASES_MAX];
};

/* The first phase begins. */
void sut_phases_start(struct sut_phases *phases, const struct sut_call *call, const char *name);

/* For the progress member of struct sut_create_options: shows the text, and begins its phase. */
void sut_phases_progress(void *phases, const char *text);

/*
 * Ends the last one; fields "phases", "cpu_seconds" and "memory_mb" (the most that it had), both of
 * this process without its compilers.
 */
void sut_phases_report(struct sut_phases *phases, struct sut_out *out);

#endif
