// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Giving memory back. The controller has proven that nothing in the process leads into it; what it
 * cannot see from outside is asked here: the functions that the kernel calls for signals.
 *
 * Unwinders walk the list of patches at any time (unwind.h). So the patches leave it first; then
 * the controller sees that nobody is in the run-time or knows of them. A controller that comes
 * later finds them there, or dropped, or gone, whatever became of the one that sent this.
 */
#include "process/rt/inside.h"

#include <linux/errno.h>

static bool leads_into(const struct sut_rt_garbage *g, uint64_t address)
{
	for (uint64_t i = 0; i < g->count; i++)
		if (address - g->maps[i].address < g->maps[i].size)
			return true;
	return false;
}

static bool handles_signals(const struct sut_rt_garbage *g)
{
	enum { SIGNALS = 64 };

	for (int signal = 1; signal <= SIGNALS; signal++) {
		struct sut_rt_sigaction action = {0};

		if (sut_rt_sigaction(signal, &action) == 0 &&
		    (leads_into(g, action.handler) || leads_into(g, action.restorer)))
			return true;
	}
	return false;
}

static bool in_use(const struct sut_rt_control *control)
{
	return control->transition || control->core.patches || control->core.stacks ||
	       control->shadow.count || control->loader.hooked;
}

int64_t sut_rt_drop(struct sut_rt_control *control)
{
	if (in_use(control))
		return -EBUSY;
	control->dropped = control->patches;
	__atomic_store_n(&control->patches, 0, __ATOMIC_SEQ_CST);
	return SUT_RT_DONE;
}

void sut_rt_keep(struct sut_rt_control *control)
{
	if (!control->dropped)
		return;
	__atomic_store_n(&control->patches, control->dropped, __ATOMIC_SEQ_CST);
	control->dropped = 0;
}

/* Zones that stay: the C library's unwinding leads through them. */
static void keep_zones(struct sut_rt_control *control, const struct sut_rt_garbage *garbage)
{
	uint64_t kept = 0;

	for (uint64_t at = control->zones, next; at; at = next) {
		struct sut_rt_zone *zone = (struct sut_rt_zone *)at;

		next = zone->next;
		if (leads_into(garbage, at))
			continue;
		zone->next = kept;
		kept = at;
	}
	control->zones = kept;
}

int64_t sut_rt_collect(struct sut_rt_control *control, const struct sut_rt_garbage *garbage)
{
	uint64_t count = garbage->count;

	if (in_use(control) || control->patches)
		return -EBUSY;
	if (handles_signals(garbage))
		return SUT_RT_HELD;
	keep_zones(control, garbage);
	control->dropped = 0;
	control->page_count = 0;
	control->loader.late = 0;
	control->call_stack = 0;
	control->call_stack_size = 0;
	control->forced = 0;
	/* The table itself lies in the last one. */
	for (uint64_t i = 0; i < count; i++)
		sut_rt_munmap(garbage->maps[i].address, garbage->maps[i].size);
	return SUT_RT_DONE;
}
