/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What stopping a sleeping thread does to the system call that it sleeps in. */
#ifndef SUT_PROCESS_DISTURB_H
#define SUT_PROCESS_DISTURB_H

#include "process/thread.h"

/* In the order in which threads are asked. */
enum sut_disturb {
	SUT_DISTURB_NOTHING, /* the call goes on by itself, its time-out as well */
	SUT_DISTURB_RESTART, /* we have to make it go on; it has no time-out */
	SUT_DISTURB_TIMEOUT, /* likewise, and its time-out begins anew */
	SUT_DISTURB_RUNNING, /* it does not sleep */
	SUT_DISTURB_UNKNOWN,
	SUT_DISTURB_RESULT, /* it would return with a part of its work done */
};

enum sut_disturb sut_disturb_class(const struct sut_target *target,
				   const struct sut_thread_state *state);

enum { SUT_WATCHED_MAX = 4 };

/*
 * Threads in calls whose time-out begins anew. Nobody knows how long such a call has been sleeping
 * unless he was there when it began; soon after that the thread may be stopped: the time-out is
 * then later by what has gone by, which is less than the program can tell from a busy machine.
 */
struct sut_watch {
	size_t count;
	struct sut_watched {
		pid_t tid;
		uint64_t seen_ns;
		uint64_t begun_ns; /* 0: before we looked */
		bool stopped;      /* by us: the call that it will be in again is the same one */
		char raw[256];     /* as in struct sut_thread_state; "": it was running */
		char schedstat[128];
	} threads[SUT_WATCHED_MAX];
};

/*
 * A look at a thread. true: it sleeps in a call that has just begun. `may_add`: it is watched from
 * now on if there is room.
 */
bool sut_watch_look(struct sut_watch *watch, pid_t tid, const struct sut_thread_state *state,
		    bool may_add);

/* The thread was stopped, and will make its call again. */
void sut_watch_stopped(struct sut_watch *watch, pid_t tid);

#endif
