/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Does a target just begin to run a program? Amid an exec there is no program in its memory, and
 * until its C library is ready it looks like one that has none. Such an answer is believed when the
 * process has had time to begin.
 */
#ifndef SUT_PROCESS_STARTING_H
#define SUT_PROCESS_STARTING_H

#include "process/target.h"

struct sut_starting {
	unsigned int turns;  /* how often it was asked */
	unsigned long ticks; /* of processor time that the target had at first */
};

/* Waits a moment. true: look at all of it again. */
bool sut_starting(struct sut_starting *s, struct sut_target *target);

#endif
