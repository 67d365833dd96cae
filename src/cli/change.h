/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The part of suture inspect that shows what changes: --diff and --html. */
#ifndef SUT_CLI_CHANGE_H
#define SUT_CLI_CHANGE_H

#include "cli/cli.h"
#include "review/review.h"

struct sut_change_options {
	bool diff, color;
	const char *html; /* the page's file, or NULL */
	struct sut_find find;
};

/* From the options of the call. false: the usage error is printed. */
bool sut_change_read(struct sut_call *call, struct sut_arena *arena,
		     struct sut_change_options *wanted);

/* The review, and the page if it is wanted. */
enum sut_rc sut_change_make(struct sut_arena *arena, const struct sut_change_options *wanted,
			    const struct sut_patch *patch, struct sut_review *review,
			    struct sut_diag *diag);

#endif
