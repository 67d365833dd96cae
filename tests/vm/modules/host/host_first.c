// SPDX-License-Identifier: GPL-2.0-only
/* The value is 2, and who sleeps does so here. */
#include <linux/sched.h>

static int first_value(void)
{
	return 2;
}

static int first_sleep(void)
{
	schedule_timeout_interruptible(1000 * HZ);
	return 0;
}

static int first_sleep_hard(void)
{
	return 0;
}

#define FUNCS                                                                                      \
	FUNC(host_value, first_value), FUNC(host_sleep, first_sleep),                              \
		FUNC(host_sleep_hard, first_sleep_hard)
#include "patch.h"
