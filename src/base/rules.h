/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every rule means. A refusal, a warning or a failure names its rule by a stable id; the
 * sentence that comes with it is about the case at hand, and the table here is about the rule: why
 * it exists, what it protects from, what can be done. `suture explain` prints it.
 *
 * The table is in files by where most of the rules are given, rules-*.c. tools/check-rules reads
 * the sources and fails for an id that is not in it, and for an entry that nobody uses.
 */
#ifndef SUT_BASE_RULES_H
#define SUT_BASE_RULES_H

#include "base/diag.h"

#include <stddef.h>

/* Who gives the rule: a mask. */
enum sut_stage {
	SUT_STAGE_INPUT = 1 << 0,   /* what a patch is made from: trees, commands, source patches */
	SUT_STAGE_VERDICT = 1 << 1, /* create's judgement of the change itself */
	SUT_STAGE_FILE = 1 << 2,    /* reading and writing files of ours */
	SUT_STAGE_PROCESS = 1 << 3, /* apply, revert, force: the running target */
};
enum { SUT_STAGE_COUNT = 4 };

/* Whether `suture create --allow` may overrule it, and if not, why. */
enum sut_allow {
	SUT_ALLOW_NOT_ASKED = 0, /* it is not create's judgement, or a warning */
	SUT_ALLOW_YES,           /* somebody who knows the program may know better */
	SUT_ALLOW_WRONG,         /* the patch would be wrong whatever one knows */
	SUT_ALLOW_IMPOSSIBLE,    /* there would be nothing that could be carried or applied */
};

struct sut_rule {
	const char *id;
	unsigned int stages; /* of enum sut_stage */
	enum sut_allow allow;
	const char *title;   /* one sentence without its full stop */
	const char *meaning; /* what it means and why it is a danger; a paragraph */
	const char *remedy;  /* what to do; a paragraph */
};

/* By a running number, in the order of the tables; NULL behind the last one. */
const struct sut_rule *sut_rule_at(size_t i);

/* NULL: there is none. */
const struct sut_rule *sut_rule_find(const char *id);

/* "create: the judgement of the change", for one bit of a mask. */
const char *sut_stage_name(enum sut_stage stage);

/* Whether --allow may name the rule; SUT_INVALID (rule "allow") says why not. */
enum sut_rc sut_rule_check_allow(const char *id, struct sut_diag *diag);

/* What "--allow RULE" does: the end of a sentence that begins so. */
const char *sut_allow_sentence(enum sut_allow allow);

#endif
