/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The words of a target's threads, seen from the controller: rt/words.h says where they are. */
#ifndef SUT_PROCESS_WORDS_H
#define SUT_PROCESS_WORDS_H

#include "process/memory.h"
#include "process/plan.h"

/* The table that a transition's threads put their words in. */
struct sut_words {
	uint64_t slots; /* address; 0: is to be made */
	uint64_t count; /* 0: none, there is room in the TCBs */
};

/*
 * Chooses one: the last that there was, as long as half of it stays free when there are twice as
 * many new threads as threads are there now; else a larger one.
 */
enum sut_rc sut_words_choose(const struct sut_runtime *runtime, const struct sut_memory *memory,
			     struct sut_words *words, struct sut_diag *diag);
/* Makes it if need be, and enters it into the transition's record. SUT_UNSUPPORTED (rule "room").
 */
enum sut_rc sut_words_plan(struct sut_plan *plan, const struct sut_words *words,
			   struct sut_rt_transition *record, struct sut_diag *diag);

/* Address of the words of the thread with this control block; 0: it has never decided. */
uint64_t sut_words_find(const struct sut_target *target, const struct sut_rt_transition *t,
			uint64_t tcb);

#endif
