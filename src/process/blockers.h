/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Blockers explained: where each of them is, what it waits for, and what would free it. */
#ifndef SUT_PROCESS_BLOCKERS_H
#define SUT_PROCESS_BLOCKERS_H

#include "process/process.h"

struct sut_stack_frame {
	uint64_t pc;          /* of a caller: within its call */
	const char *object;   /* base name of the file, or "" */
	const char *function; /* or "" */
	uint64_t offset;      /* in the function */
	const char *source;   /* "server.c:12", or "" */
	const char *patch;    /* whose new code it is, or "" */
};

struct sut_explained {
	struct sut_blocker blocker;
	char comm[16];     /* the thread's name */
	char state;        /* as in /proc/TID/stat */
	const char *waits; /* "read of 3 (/a/file)", or "" */
	const char *remedy;
	bool complete;      /* the frames lead to where the thread started */
	size_t frame_count; /* innermost first; none: it runs, so nobody knows where */
	struct sut_stack_frame *frames;
};

/* A word of memory, on no thread's own stack, that holds up the end where stacks are switched. */
struct sut_explained_word {
	uint64_t address;
	struct sut_stack_frame frame; /* that it leads to */
	const char *mapping;          /* "[heap]", "/a/file", "memory without a name" */
	uint64_t map_start;
	uint64_t map_end;
	const char *remedy;
};

/*
 * Explains state->blockers, as many in *list. Threads are only read, never stopped; one that has
 * moved meanwhile has no frames. Where no thread blocks, *word is the first word of memory that
 * does, or NULL. The target may have ended: SUT_GONE.
 */
enum sut_rc sut_blockers_explain(struct sut_arena *arena, const struct sut_state *state,
				 struct sut_explained **list, struct sut_explained_word **word,
				 struct sut_diag *diag);

#endif
