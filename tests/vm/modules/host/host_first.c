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
	{.old_name = "host_value", .new_func = first_value},                                       \
		{.old_name = "host_sleep", .new_func = first_sleep},                               \
	{                                                                                          \
		.old_name = "host_sleep_hard", .new_func = first_sleep_hard                        \
	}
#include "patch.h"
