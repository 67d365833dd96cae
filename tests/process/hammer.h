/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The page that a hammer shares with the test that started it. */
#ifndef HAMMER_H
#define HAMMER_H

#include <stdint.h>

enum { HAMMER_THREADS = 4, HAMMER_VISITORS = HAMMER_THREADS, HAMMER_COUNTS };

struct hammer_counts {
	_Alignas(64) uint64_t calls[3]; /* of outer(), by version */
	uint64_t signals;               /* handlers that called inner() inside of outer() */
	uint64_t mixed;                 /* calls in which two versions met */
};

struct hammer_page {
	uint64_t ready;                             /* 1: every thread is at work */
	struct hammer_counts counts[HAMMER_COUNTS]; /* of each thread, and of all visitors */
};

#endif
