/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The units of a patch compared, and proven against its targets. */
#ifndef SUT_CREATE_DELTA_H
#define SUT_CREATE_DELTA_H

#include "extract/extract.h"
#include "units/units.h"

/* A unit on its way through the stages. */
struct sut_member {
	const struct sut_unit *unit;
	size_t file; /* the first member that is a compile of the same file, or of a copy of it */
	struct sut_object before, after;
	struct sut_object plain;
	bool has_plain;
	struct sut_diff diff;
	bool changed;              /* a function of it differs */
	struct sut_proof **proofs; /* per target; NULL: not in it */
};

struct sut_delta {
	struct sut_arena *arena;
	const struct sut_create_options *options;
	struct sut_verdict *verdict;
	struct sut_diag *diag;
	size_t member_count;
	struct sut_member *members;
	size_t target_count;
	struct sut_target *targets;
};

/* Fills member->file; the members before it have theirs. */
void sut_member_find_file(struct sut_delta *delta, struct sut_member *member);

/* Whether the target was linked from this compile of the file, and not from a sibling. */
bool sut_member_is_linked(const struct sut_delta *delta, const struct sut_member *member,
			  size_t target);

/* Whether some target was linked from another compile of the file. */
bool sut_member_sibling_is_linked(const struct sut_delta *delta, const struct sut_member *member);

/* Refuses (rule "language") compiles of the file as C++ that may be in a target. */
enum sut_rc sut_member_judge_foreigns(struct sut_delta *delta, const struct sut_member *member);

/*
 * Compares the units, proves them against the targets and fills the parts; arena, patch and verdict
 * are set. Units that do not match are refused, but with options->identity left out.
 */
enum sut_rc sut_delta_parts(const struct sut_create_options *options, const struct sut_unit *units,
			    size_t unit_count, struct sut_extract *extract, struct sut_diag *diag);

#endif
