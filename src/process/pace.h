/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Work in short turns. A command that looks at a thousand threads computes for tens of
 * milliseconds, and threads that become ready on its processor wait meanwhile: a scheduler's slice
 * of 3 to 4 ms with the same priority. So it rests for a moment after every turn, which lets
 * whoever waits go on.
 *
 * It sleeps, because that works with every scheduler and whatever the priorities are. A lower
 * priority does not: the command and the target mostly are in different groups (a session, a
 * service), between which priorities count for nothing; and when a thread has been stopped a low
 * one would make it wait for us.
 */
#ifndef SUT_PROCESS_PACE_H
#define SUT_PROCESS_PACE_H

#include <stdbool.h>
#include <stdint.h>

/* Of one target, and the thread that works on it. Zeroed: a turn has just ended. */
struct sut_pace {
	uint64_t until_ns; /* the end of this turn */
	bool held;         /* the target waits for us */
};

/*
 * Between two pieces of work, while no thread of the target is stopped: rests when the turn is
 * over. NULL: a target that nobody opened.
 */
void sut_pace_rest(struct sut_pace *pace);

/* No rests from now on, or again. */
void sut_pace_hold(struct sut_pace *pace, bool held);

#endif
