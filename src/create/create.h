/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a source patch to a live patch: the stages and what they hand to each other.
 *
 *   units     source patch, compile commands -> units compiled before and after
 *   object    what differs between the two objects of a unit
 *   proof     that a unit is what the target was linked from
 *   extract   the changed functions with all they need -> sut_patch
 *   judge     what that means for values and calls that stay
 *
 * Each stage that finds a reason not to make the patch adds a refusal and goes on where it can, so
 * that the operator sees all reasons at once. An error (enum sut_rc) is for what stops the work:
 * a compiler that fails, a file that cannot be read.
 */
#ifndef SUT_CREATE_CREATE_H
#define SUT_CREATE_CREATE_H

#include "elf/patchfile.h"
#include "units/units.h"

/*
 * Compares, proves and extracts: fills patch->objects, funcs, sections, symbols, additions. No
 * changed function and no refusal: no machine code changed. Units that are in no target are refused
 * (rule "object").
 */
enum sut_rc sut_delta_build(struct sut_arena *arena, const struct sut_create_options *options,
			    const struct sut_unit *units, size_t unit_count,
			    struct sut_patch *patch, struct sut_verdict *verdict,
			    struct sut_diag *diag);

/* All of it: scratch folder made and removed, patch filled and complete when *kind is CREATED. */
enum sut_rc sut_create(struct sut_arena *arena, const struct sut_create_options *options,
		       struct sut_patch *patch, enum sut_verdict_kind *kind,
		       struct sut_verdict *verdict, struct sut_diag *diag);

#endif
