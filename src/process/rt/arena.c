// SPDX-License-Identifier: LGPL-2.1-or-later
/* Where the memory for an object that comes late may lie: its code is reached by 32 bits. */
#include "process/rt/inside.h"

#include <linux/errno.h>

enum { PAGE = 4096, REACH = 0x7fff0000 };

static int64_t try_at(struct sut_rt_late *late, uint64_t at)
{
	uint64_t end = at + SUT_RT_ARENA_SIZE;
	uint64_t low = at < late->low ? at : late->low, high = end > late->high ? end : late->high;
	int64_t got;

	if (high - low > REACH)
		return -ENOMEM;
	got = sut_rt_mmap(at, SUT_RT_ARENA_SIZE, 0, true);
	if (got == (int64_t)at) {
		late->arena = at;
		return 0;
	}
	if (got > 0) /* a kernel without NOREPLACE took it for a hint */
		sut_rt_munmap((uint64_t)got, SUT_RT_ARENA_SIZE);
	return got < 0 ? got : -EEXIST;
}

/* At a distance that what grows beside the object does not need. */
int64_t sut_rt_arena_map(struct sut_rt_late *late)
{
	enum { NEAREST = 1 << 20 };
	uint64_t low = late->low & ~UINT64_C(0xfff), high = (late->high + PAGE) & ~UINT64_C(0xfff);
	int64_t rc = -ENOMEM;

	for (uint64_t distance = NEAREST; distance < REACH; distance *= 2) {
		if (low > distance + SUT_RT_ARENA_SIZE)
			rc = try_at(late, low - distance - SUT_RT_ARENA_SIZE);
		if (rc)
			rc = try_at(late, high + distance);
		if (!rc)
			return 0;
	}
	return rc;
}

void *sut_rt_late_code(const struct sut_rt_control *control, const void *code)
{
	if (!sut_rt_late_has(code))
		return (void *)code;
	for (uint64_t at = control->loader.late; at; at = ((struct sut_rt_late *)at)->next) {
		const struct sut_rt_late *late = (const struct sut_rt_late *)at;
		uint64_t offset = (uint64_t)code - late->arena_planned;

		if (offset < SUT_RT_ARENA_SIZE && late->arena)
			return (void *)(late->arena + offset);
	}
	return NULL;
}
