/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One frame further up where no table describes the code: by the code itself. */
#ifndef SUT_PROCESS_UNWIND_CODE_H
#define SUT_PROCESS_UNWIND_CODE_H

#include "process/target.h"

/* DWARF's numbers. */
enum { RBX = 3, RBP = 6, RSP = 7, R12 = 12, R13, R14, R15, RIP, REGISTERS };

/* A thread's registers as one of its frames has them. */
struct sut_unwind_machine {
	const struct sut_target *target;
	uint64_t cfa;
	uint64_t reg[REGISTERS];
	uint32_t known; /* a bit for each register */
};

/*
 * From a frame to its caller, by a way that the code has from reg[RIP] to a return. RIP is where
 * the frame goes on: behind its call. false: none was found, and nothing has changed.
 */
bool sut_unwind_code(struct sut_unwind_machine *m, uint64_t stack_end);

/*
 * Where the word lies on [sp, stack_end) that may be a return address and is the first such; 0:
 * there is none. None that is one is passed over.
 */
uint64_t sut_unwind_first_return(const struct sut_target *target, uint64_t sp, uint64_t stack_end);

/* Whoever returns there ends the thread: what clone() of a C library calls the new one's code from.
 */
bool sut_unwind_ends_thread(const struct sut_target *target, uint64_t pc);

#endif
