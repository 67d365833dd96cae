/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why a source patch changes no machine code, hunk by hunk. */
#ifndef SUT_UNITS_NOTHING_H
#define SUT_UNITS_NOTHING_H

#include "base/io.h"
#include "units/units.h"
#include "units/patched.h"

/*
 * Adds a warning (rule "nothing") for each hunk that changes a file which units read. compiled:
 * some unit's tokens differ, and only the machine code is the same; else not even those do.
 */
enum sut_rc sut_nothing_explain(struct sut_arena *arena, const struct sut_create_options *options,
				const struct sut_patched *patched, const bool *seen, bool compiled,
				struct sut_verdict *verdict, struct sut_diag *diag);

/* One hunk's reason in words. before and after are the whole file; after may have #line lines put
 * in; the hunk begins at the line old of the one and new of the other, counted from 1. */
const char *sut_nothing_reason(struct sut_arena *arena, struct sut_bytes before,
			       struct sut_bytes after, unsigned long old_line,
			       unsigned long old_count, unsigned long new_line,
			       unsigned long new_count, bool compiled);

#endif
