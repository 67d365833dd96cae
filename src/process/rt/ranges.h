/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ranges of code that a word on a stack may lead into, and the search for them: in the thread
 * itself (rt/decide.c), and by whoever looks from outside. */
#ifndef SUT_PROCESS_RT_RANGES_H
#define SUT_PROCESS_RT_RANGES_H

#include <stddef.h>
#include <stdint.h>

enum sut_rt_range_kind {
	SUT_RT_RANGE_OLD = 1,  /* what the transition leaves when dir is 0 */
	SUT_RT_RANGE_NEW = 2,  /* what it leaves when dir is 1 */
	SUT_RT_RANGE_CORE = 4, /* thunks, heads, run-time: a decision is pending in there */
	/*
	 * With OLD or NEW: an entry that is jumped to. Pointers to it may lie on any stack, so only
	 * an interrupted program counter counts: the thread is between the jump and the thunk.
	 */
	SUT_RT_RANGE_ENTRY = 8,
};

/* Contains w when low < w <= high: a return address may equal the end. Sorted, disjoint. */
struct sut_rt_range {
	uint64_t low;
	uint64_t high;
	uint32_t kind; /* one of them, or several */
	uint32_t func; /* index into the transition's names, for reports; UINT32_MAX: none */
};

/*
 * Where the kernel saves an interrupted program counter for a signal handler, the flags and the
 * selectors of the code and stack segments follow it. words: three from that place on.
 */
static inline int sut_rt_is_interrupted(const uint64_t words[3])
{
	enum { USER_CODE = 0x33 };

	return (words[2] & 0xffff) == USER_CODE;
}

/* The range that contains word, or NULL. Needs nothing: it is part of a thread's decision. */
static inline const struct sut_rt_range *sut_rt_range_find(const struct sut_rt_range *ranges,
							   uint64_t count, uint64_t word)
{
	uint64_t first = 0, last = count;

	while (first < last) {
		uint64_t middle = first + (last - first) / 2;

		if (word <= ranges[middle].low)
			last = middle;
		else if (word > ranges[middle].high)
			first = middle + 1;
		else
			return &ranges[middle];
	}
	return NULL;
}

#endif
