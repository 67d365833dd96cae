/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The page that a hammer and its children share with the test that started it. */
#ifndef HAMMER_H
#define HAMMER_H

#include <stdint.h>

enum {
	HAMMER_VERSIONS = 4, /* 1: the original; fixes make inner() and outer() another one */
	HAMMER_THREADS = 4,
	HAMMER_CHILDREN = 6,
	HAMMER_VISITORS = HAMMER_THREADS,
	HAMMER_FORKERS,
	HAMMER_COUNTS = HAMMER_FORKERS + HAMMER_CHILDREN,
	HAMMER_NOTES = 4096,
};

/* Version a had called b: a bit. */
#define HAMMER_MET(a, b) (UINT64_C(1) << ((a)*HAMMER_VERSIONS + (b)-HAMMER_VERSIONS - 1))

struct hammer_counts {
	_Alignas(64) uint64_t calls[HAMMER_VERSIONS + 1]; /* of outer(), by version */
	uint64_t signals; /* handlers that called inner() inside of outer() */
	uint64_t mixed;   /* calls in which two versions met ... */
	uint64_t met;     /* ... and which ones */
	uint64_t beside;  /* what beside() said last */
};

struct hammer_child {
	uint64_t wanted; /* it shall be forked after that many naps; 0 when it was */
	uint64_t pid;    /* from the fork until it was waited for */
	uint64_t end;    /* 1: it shall exit */
	struct hammer_counts counts;
};

/* A callback that ran: of whom (a fix, or the set that several have), and which. */
struct hammer_note {
	uint8_t owner;
	uint8_t which; /* of "pre_patch, post_patch, pre_unpatch, post_unpatch" */
};

struct hammer_page {
	uint64_t ready;  /* 1: every thread is at work */
	uint64_t starts; /* times that the program began */
	/* Of each thread, of all visitors, of each forker; children have theirs in their record. */
	struct hammer_counts counts[HAMMER_COUNTS];
	struct hammer_child children[HAMMER_CHILDREN];
	uint64_t allocating; /* 1: its threads shall allocate memory all the time */
	uint64_t allocator;  /* a thread of which is known: */
	uint64_t allocates;  /* 1: it may be in the C library's allocator */
	uint64_t failed;     /* children that did not end by themselves */
	/* Shadow variables: what constructors and destructors did, and contents that were wrong. */
	uint64_t made, unmade, spoiled;
	uint64_t note_count; /* ever; the last HAMMER_NOTES are there */
	struct hammer_note notes[HAMMER_NOTES];
};

#endif
