/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the author wrote by hand: suture_objects and suture_states (core/livepatch.h) with all that
 * they refer to. A file of the author's is one more unit of the patch, of which nothing was there
 * before; then the arrays are carried like any other data.
 */
#ifndef SUT_EXTRACT_ADDITIONS_H
#define SUT_EXTRACT_ADDITIONS_H

#include "extract/extract.h"
#include "units/units.h"

/*
 * Compiles options->with like the unit of one of the parts, and adds it as a part of the same
 * object. There is room for it, and there is a part.
 */
enum sut_rc sut_additions_add(struct sut_extract *extract, const struct sut_create_options *options,
			      struct sut_diag *diag);

/* Carries the arrays, whichever new part of the patch defines them. */
void sut_additions_carry(struct sut_extract *extract);

/* Refuses (rule "additions") what they must not say. Needs a patch that is otherwise complete. */
void sut_additions_judge(struct sut_extract *extract);

#endif
