/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bisection, written once: what is searched and how it is compared differs each time. */
#ifndef SUTURE_BASE_SEARCH_H
#define SUTURE_BASE_SEARCH_H

#include <stddef.h>

/*
 * The first index in [from, to) of which `before` is false; to when there is none. `before` is an
 * expression of the index, which it calls `at`, true up to some index and false from there on.
 */
#define SUT_LOWER_BOUND(from, to, at, before)                                                      \
	({                                                                                         \
		size_t low_ = (from), high_ = (to);                                                \
                                                                                                   \
		while (low_ < high_) {                                                             \
			size_t at = low_ + (high_ - low_) / 2;                                     \
                                                                                                   \
			if (before)                                                                \
				low_ = at + 1;                                                     \
			else                                                                       \
				high_ = at;                                                        \
		}                                                                                  \
		low_;                                                                              \
	})

#endif
