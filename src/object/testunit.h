/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For tests: a unit that gcc compiles now, on both sides of a change, and targets linked from it.
 */
#ifndef SUT_OBJECT_TESTUNIT_H
#define SUT_OBJECT_TESTUNIT_H

#include "base/diag.h"
#include "base/verdict.h"
#include "object/unit.h"

struct sut_testunit {
	struct sut_arena arena;
	char folder[64];
	unsigned int count; /* of files made so far */
	struct sut_unit unit;
	struct sut_verdict verdict;
	struct sut_diag diag;
};

#define SUT_TESTUNIT __attribute__((cleanup(sut_testunit_deinit)))

/* Compiles both texts with the flags ("-O2 -fPIE"). A failing compiler ends the test program. */
void sut_testunit_init(struct sut_testunit *test, const char *flags, const char *before,
		       const char *after);
void sut_testunit_deinit(struct sut_testunit *test);

/*
 * Links the unit before the change, compiled with its flags alone, with the text of another unit
 * (or NULL). Gives the path of the result.
 */
const char *sut_testunit_link(struct sut_testunit *test, const char *flags, const char *other);

/* A copy without symbols. */
const char *sut_testunit_strip(struct sut_testunit *test, const char *target);

/* There is a refusal of that rule whose message contains the text. */
bool sut_testunit_refused(const struct sut_testunit *test, const char *rule, const char *text);
bool sut_testunit_warned(const struct sut_testunit *test, const char *rule, const char *text);
/* There is no refusal; prints those that are there. */
bool sut_testunit_accepted(const struct sut_testunit *test);

#endif
