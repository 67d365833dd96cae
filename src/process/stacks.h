/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stacks that belong to no thread: of coroutines, wherever a program keeps them. A transition of a
 * program that has such closes only when, in one short stop, no word of its memory leads into the
 * version that is left: then no suspended stack has a frame of it.
 */
#ifndef SUT_PROCESS_STACKS_H
#define SUT_PROCESS_STACKS_H

#include "process/look.h"
#include "process/memory.h"

enum sut_stacks {
	SUT_STACKS_CLEAN,  /* in a stop; looker->t.closing is what it was then */
	SUT_STACKS_HELD,   /* a word, or a program counter, leads there */
	SUT_STACKS_UNSURE, /* threads woke, came, or could not be stopped */
	SUT_STACKS_LONG,   /* the stop would be longer than it may be */
};

struct sut_stacks_view {
	enum sut_stacks found;
	uint64_t address;      /* HELD: of the word; 0: it is a program counter */
	uint64_t word;         /* ... and what it leads to, or the program counter */
	uint32_t func;         /* HELD: index into the transition's names, or UINT32_MAX */
	uint64_t bytes;        /* searched */
	uint64_t predicted_ns; /* how long a stop would be */
};

/*
 * Searches beside the running program first, then (attempt: how often that was in vain) in a stop
 * of at most max_ns.
 */
enum sut_rc sut_stacks_look(struct sut_looker *looker, uint64_t transition, unsigned int attempt,
			    uint64_t max_ns, struct sut_stacks_view *view, struct sut_diag *diag);

/*
 * Searches beside the running program only. HELD: threads' own stacks apart, this is the first
 * word that holds up the end; CLEAN says nothing.
 */
enum sut_rc sut_stacks_search(struct sut_looker *looker, struct sut_stacks_view *view,
			      struct sut_diag *diag);

/* How long a stop would be now, by a search beside the running program: bytes, predicted_ns. */
enum sut_rc sut_stacks_predict(struct sut_looker *looker, struct sut_stacks_view *view,
			       struct sut_diag *diag);

#endif
