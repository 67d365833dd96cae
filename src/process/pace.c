// SPDX-License-Identifier: GPL-2.0-or-later
#include "process/pace.h"
#include "base/io.h"

#include <sys/prctl.h>
#include <time.h>

enum { TURN_NS = 200 * 1000, REST_NS = 20 * 1000 };

void sut_pace_rest(struct sut_pace *pace)
{
	uint64_t start, end;

	if (!pace || pace->held)
		return;
	start = sut_now_ns();
	if (start < pace->until_ns)
		return;
	/* Or the kernel may add 50 us, to wake several sleepers at once. */
	if (!pace->until_ns)
		prctl(PR_SET_TIMERSLACK, 1);
	nanosleep(&(struct timespec){.tv_nsec = REST_NS}, NULL);
	end = sut_now_ns();
	/*
	 * Where others have much to do they took the processor for longer; what they got is owed
	 * to us, or we would never get on.
	 */
	pace->until_ns = end + (end - start > TURN_NS ? end - start : TURN_NS);
}

void sut_pace_hold(struct sut_pace *pace, bool held)
{
	if (pace)
		pace->held = held;
}
