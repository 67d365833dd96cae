/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two functions of which one calls the other, and of which a patch always changes both. The first
 * sleeps or spins in between, so that a transition may come at any time.
 */
#include <linux/compiler.h>

void storm_second(int first);
void storm_wait(void);
void storm_seen(int first, int second);

/* What they are in VERSION; a call that is the last thing would leave no trace on the stack. */
#define FIRST(name)                                                                                \
	noinline void name(void)                                                                   \
	{                                                                                          \
		storm_wait();                                                                      \
		storm_second(VERSION);                                                             \
		barrier();                                                                         \
	}
#define SECOND(name)                                                                               \
	noinline void name(int first)                                                              \
	{                                                                                          \
		storm_seen(first, VERSION);                                                        \
		barrier();                                                                         \
	}
