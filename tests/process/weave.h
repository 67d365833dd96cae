/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the weaver counts, in memory that it shares with its test. */
#ifndef TESTS_PROCESS_WEAVE_H
#define TESTS_PROCESS_WEAVE_H

#include <stdint.h>

enum { WEAVE_THREADS = 2, WEAVE_COROUTINES = 4 };

struct weave_page {
	uint32_t ready;
	uint32_t drain;    /* asked for: coroutines come to their end, and no new ones are made */
	uint32_t drained;  /* threads that have none */
	uint32_t step;     /* HIDDEN: threads wait for it to change before they go on ... */
	uint32_t waiting;  /* ... and how often one did */
	uint32_t hold;     /* HIDDEN: coroutines do so, on their own stacks */
	uint64_t calls[3]; /* of outer(), by version */
	uint64_t mixed;    /* inner() was of another version than outer() */
};

#endif
