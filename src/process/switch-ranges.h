/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ranges of a transition in the order in which a scan looks them up. */
#ifndef SUT_PROCESS_SWITCH_RANGES_H
#define SUT_PROCESS_SWITCH_RANGES_H

#include "process/rt/layout.h"

#include <stddef.h>

/*
 * Sorts them in place, each once, and parts entries that are jumped to from the functions before
 * them. Returns how many are left. *overlap: the first one that begins in another, or NULL.
 */
size_t sut_ranges_sort(struct sut_rt_range *ranges, size_t count,
		       const struct sut_rt_range **overlap);

#endif
