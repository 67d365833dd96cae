// SPDX-License-Identifier: GPL-2.0-or-later
#include "process/switch-ranges.h"

#include <stdlib.h>

static int compare(const void *a, const void *b)
{
	const struct sut_rt_range *left = a, *right = b;

	return left->low != right->low ? (left->low > right->low ? 1 : -1)
				       : (left->high > right->high) - (left->high < right->high);
}

/*
 * An entry that somebody may have jumped to, and the end of the function before it: a call there
 * may be its last instruction, so the word may be a return address as well.
 */
static void part_entry(struct sut_rt_range *before, struct sut_rt_range *entry)
{
	if (!(entry->kind & SUT_RT_RANGE_ENTRY) || before->high != entry->high)
		return;
	before->high = entry->low;
	entry->kind = (entry->kind & ~(uint32_t)SUT_RT_RANGE_ENTRY) | before->kind;
}

size_t sut_ranges_sort(struct sut_rt_range *ranges, size_t count,
		       const struct sut_rt_range **overlap)
{
	size_t kept = 0;

	*overlap = NULL;
	qsort(ranges, count, sizeof(ranges[0]), compare);
	for (size_t i = 0; i < count; i++) {
		if (kept && compare(&ranges[kept - 1], &ranges[i]) == 0)
			continue;
		if (kept)
			part_entry(&ranges[kept - 1], &ranges[i]);
		if (kept && ranges[i].low < ranges[kept - 1].high && !*overlap)
			*overlap = &ranges[i];
		ranges[kept++] = ranges[i];
	}
	return kept;
}
