/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the fixes' callbacks have noted, held against the one table that they may run by. */
#ifndef TESTS_PROCESS_NOTES_H
#define TESTS_PROCESS_NOTES_H

#include "load.h"

struct notes {
	uint64_t read;
	enum { NOTES_OFF, NOTES_PRE, NOTES_ON } states[FIX_COUNT]; /* of each fix; [0]: the set */
	bool replaces;                                             /* FIX_5 is about to */
};

/*
 * Reads on, when no transition runs. NULL: each call was due, and those have been set up whose fix
 * is in use, and no others. A replaced fix's plain callbacks are dropped without a call; where
 * FIX_5 did it, its own calls tell when.
 */
const char *notes_wrong(struct notes *notes, const struct load *load, unsigned int in_use,
			unsigned int replaced);

#endif
