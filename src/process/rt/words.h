/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where a thread's own words (struct sut_rt_thread) lie, and where its own stack is.
 *
 * glibc has room in the control block that fs points to, for good and for nobody else. Another C
 * library has none; there the words lie in a table, found by the address of the control block. A
 * thread puts itself in, in its first decision, by one compare-and-swap: without a lock or a system
 * call, so that a handler may interrupt it at any instruction and do the same. A key never leaves
 * its table. So a slot is to a control block what glibc's unused bytes are: what a dead thread
 * left is there for the next one at the same address, and the rules for stale words hold. A table
 * that has become full is left to those who may still write to it, and the next transition brings
 * a larger one.
 *
 * A thread for which there is no room runs what a transition leaves until that has closed: it
 * cannot be marked, but its frames can be seen like any other's.
 */
#ifndef SUT_PROCESS_RT_WORDS_H
#define SUT_PROCESS_RT_WORDS_H

#include <stdint.h>

/* How a thread finds its words. */
enum sut_rt_home {
	SUT_RT_HOME_TCB,   /* at fs:SUT_RT_THREAD */
	SUT_RT_HOME_TABLE, /* in the table, by the pointer to itself that lies at fs:0 */
	SUT_RT_HOME_ONE,   /* likewise, by the main thread's key: nobody else has a stack there */
};

/* What struct sut_rt_transition.stack_offset leads to, for all but the main thread. */
enum sut_rt_bounds {
	SUT_RT_BOUNDS_LOW, /* {lowest address, size}, up to the control block */
	SUT_RT_BOUNDS_END, /* {end, size} */
};

enum {
	SUT_RT_KEY_ONE = 1, /* a control block's address is never odd */
	/* So far from its place may a key be; as long as half of the table is free, hardly any is.
	 */
	SUT_RT_PROBES = 64,
};

/* Where the search for a key begins; count is a power of two. */
static inline uint64_t sut_rt_slot(uint64_t key, uint64_t count)
{
	/* Control blocks lie at equal distances: 2^64 divided by the golden ratio spreads them. */
	return (key * UINT64_C(0x9e3779b97f4a7c15) >> 40) & (count - 1);
}

#endif
