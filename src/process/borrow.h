/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What placing the run-time and sending operations into it both do with a thread of the target. */
#ifndef SUT_PROCESS_BORROW_H
#define SUT_PROCESS_BORROW_H

#include "process/enter.h"

enum {
	SUT_BORROW_WAIT_NS = 2000 * 1000 * 1000, /* for a thread to do what it was sent to do */
	SUT_BORROW_PATIENCE = 20, /* looks at a thread before it is stopped for one */
	SUT_IRET_SIZE = 5 * 8,
};

/* Has this thread left [low, high)? Not with its pc there, nor with an interrupted one on its
 * stack. */
bool sut_borrow_outside(const struct sut_target *target, uint64_t pc, uint64_t sp, uint64_t low,
			uint64_t high);

/*
 * The same for a thread that is not stopped: gone, or asleep elsewhere. One that runs all the time
 * is stopped to be looked at if may_stop; in user mode that is invisible.
 */
bool sut_borrow_left(struct sut_runtime *runtime, pid_t tid, uint64_t low, uint64_t high,
		     bool may_stop);

/*
 * Has this thread, stopped, left the stub that mapped the run-time? What it goes back to lies at
 * the same place of its stack as what the next one that is sent there would.
 */
bool sut_borrow_past_stub(const struct sut_runtime *runtime, const struct sut_stopped *stopped);

/*
 * Pauses before the next look at a thread that is at work for us. false: it has had its time, and
 * so many looks; a machine that stood still as a whole gave it none.
 */
bool sut_borrow_wait(uint64_t since_ns, uint64_t wait_ns, unsigned int turn);

void sut_borrow_pause(unsigned int turn);

/* end_ns: when the thread was on its way back, by its own clock where it has told us. */
void sut_borrow_note(struct sut_runtime *runtime, const struct sut_stopped *stopped,
		     uint64_t end_ns);

/* Where the iretq frame lies: below the red zone, and aligned as a stack is. */
uint64_t sut_borrow_iret(const struct sut_stopped *stopped);

#endif
