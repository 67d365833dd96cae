/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the program of coming.c counts, in memory that it shares with its test. */
#ifndef TESTS_PROCESS_COMING_H
#define TESTS_PROCESS_COMING_H

#include <stdint.h>

enum { COMING_INSIDE = 2, COMING_FRESH = 2 };

/* How the object is loaded, and what else goes on. */
enum coming_how {
	COMING_LAZY = 1,  /* what it calls is bound when it is called */
	COMING_OTHER = 2, /* along with another object, which needs it and calls it */
	COMING_FORKS = 4,
	COMING_SLOWLY = 8,
};

struct coming_page {
	uint32_t ready;
	uint32_t rest;     /* asked for: nobody has the object */
	uint32_t resting;  /* threads that do as asked */
	uint32_t hold;     /* the first COMING_INSIDE threads do not return from outer() */
	uint32_t held;     /* of those, who are in there and know it */
	uint64_t calls[3]; /* of outer(), by version */
	uint64_t loads;
	uint64_t mixed; /* inner() was of another version than outer() */
	uint32_t how;
	uint32_t forks;
	int64_t patched; /* pre_patch of the object was called, post_unpatch was not */
	uint64_t wrong;  /* one of them was called when it was not due */
};

#endif
