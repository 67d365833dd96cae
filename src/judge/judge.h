/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The judgements that need debugging information: what a change means for values and calls that the
 * comparison of code does not show.
 */
#ifndef SUT_JUDGE_JUDGE_H
#define SUT_JUDGE_JUDGE_H

#include "extract/extract.h"
#include "units/units.h"
#include "object/types.h"

/* One unit, and both sides of its DWARF. */
struct sut_judging {
	const struct sut_extract *extract; /* NULL: what is replaced is not known yet */
	size_t unit_count;
	const struct sut_unit *units; /* all that were recompiled */
	const struct sut_unit *unit;  /* the one that is judged */
	const struct sut_types *before, *after;
	struct sut_verdict *verdict;
};

/*
 * Judges all units. With extract NULL, of some units only, nothing is known of the functions, and
 * what is refused then would be refused in any case.
 */
enum sut_rc sut_units_judge(const struct sut_unit *units, size_t unit_count,
			    const struct sut_extract *extract, struct sut_verdict *verdict,
			    struct sut_diag *diag);

/* The same of the first few units, for sut_units_build(). */
sut_units_early_fn sut_units_judge_early;

/* Rule "layout": types, variables and enumerators whose old values new code would misread. */
void sut_layout_judge(const struct sut_judging *judging);

/* Rule "abi": functions that are called in another way than callers know that stay as they are. */
void sut_abi_judge(const struct sut_judging *judging);

/* Adds the line in the source to what was said of the unit's variables. */
void sut_data_places(const struct sut_judging *judging);

/* Rule "asm": changed functions that the compiler did not make. */
void sut_asm_judge(const struct sut_judging *judging);

/* Rule "lto": the target's code was made at link time. */
void sut_lto_judge(const struct sut_target *target, struct sut_verdict *verdict);

/* Rules "startup" and "start": changed functions that have run, or run on in their old version. */
void sut_start_judge(const struct sut_extract *extract);

/* Rule "main": a changed function never returns; loop is the offset of one in its old code. */
void sut_stay_warn(const struct sut_extract *extract, const struct sut_patch_func *func,
		   uint64_t loop);

/* Asks what only a person can answer, where there is a reason to. */
void sut_questions_ask(const struct sut_extract *extract);

/*
 * Finds where the functions of the patch may jump to; refuses those that return twice ("setjmp").
 * Needs a patch that is otherwise complete.
 */
void sut_edges_judge(struct sut_extract *extract);

/* Fills sut_patch_func.entry where it can be. */
void sut_entries_note(struct sut_extract *extract);

/* Refuses (rule "label") changed functions that have addresses of their labels in variables or
 * registers, before or after. */
void sut_labels_judge(const struct sut_extract *extract);

/* The parts of the unit. Start with NULL; NULL: no more. */
const struct sut_part *sut_judging_part(const struct sut_judging *judging,
					const struct sut_part *part);

/* Whether frames of the unit's function of that name are replaced, in all targets. */
bool sut_judging_replaces(const struct sut_judging *judging, const char *function);

/* The same text was given already, as a refusal or a warning: headers are in many units. */
bool sut_judging_said(const struct sut_judging *judging, const char *evidence);

#endif
