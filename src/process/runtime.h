/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The run-time inside a target, seen from the controller: placed once per process, found again by
 * its magic, asked to carry out operations in one of the target's threads.
 */
#ifndef SUT_PROCESS_RUNTIME_H
#define SUT_PROCESS_RUNTIME_H

#include "process/disturb.h"
#include "process/rt/layout.h"
#include "process/seccomp.h"
#include "process/target.h"
#include "process/thread.h"

/* The run-time's image (rt/), embedded in the program. */
extern const unsigned char sut_rt_blob[];
extern const unsigned long sut_rt_blob_size;

/* What the work in threads cost the target. */
struct sut_enter_cost {
	unsigned int count;    /* times that a thread was sent into our code */
	uint64_t away_ns_max;  /* longest time from interrupting one until it was on its way back */
	unsigned int stopped;  /* times that a thread was stopped only to be looked at */
	unsigned int halts;    /* times that the whole process was stopped */
	unsigned int anew;     /* time-outs of system calls that began anew */
	uint64_t pause_ns_max; /* longest of these stops, of one thread or of all */
};

struct sut_runtime {
	struct sut_target *target;
	bool placed;      /* in the target; else the addresses are where it will be */
	uint64_t text;    /* address of struct sut_rt_header */
	uint64_t control; /* address of struct sut_rt_control */
	struct sut_rt_header header;
	struct sut_rt_control initial; /* not placed yet: what the control block will hold */
	struct sut_thread_layout layout;
	bool per_stack;            /* the program switches stacks: a decision is of its stack */
	bool swaps;                /* text is changed by pages, see swap.h */
	struct sut_seccomp denied; /* the filter that said no last */
	pid_t last; /* the thread that was used last, at first the main one; asked first next time
		     */
	pid_t alone_at; /* the newest process or thread anywhere when nobody shared the memory */
	struct sut_watch watch;
	bool keep_timeouts; /* no time-out may begin anew, however long that has to be waited for */
	bool anew;          /* they may, from now on: there was no other way */
	uint64_t patience_ns; /* how long to look for a thread to borrow; half a second at least */
	struct sut_enter_cost cost;
};

/*
 * Looks for the run-time in the target and, when it is not there, chooses its place. Touches
 * nothing. SUT_UNSUPPORTED: another version's is there (rule "version"), the C library is not known
 * (rule "libc"), or there is no room (rule "room").
 */
enum sut_rc sut_runtime_find(struct sut_target *target, struct sut_runtime *runtime,
			     struct sut_diag *diag);

/* Is a run-time in the target? For those who only want to know. */
bool sut_runtime_present(const struct sut_target *target);

/*
 * Waits for operations that a controller who has died sent into threads: each ends, or proves to
 * have never begun. SUT_RETRY when one does neither within two seconds.
 */
enum sut_rc sut_runtime_settle(struct sut_runtime *runtime, struct sut_diag *diag);

/* Clears the first stub's bytes out of the text's slack, if its thread is provably past them. */
void sut_runtime_tidy(struct sut_runtime *runtime, bool may_stop);

/* Places it when it is not there. The target's text and data are as before, on failure, too. */
enum sut_rc sut_runtime_place(struct sut_runtime *runtime, struct sut_diag *diag);

/* The failure "room". */
enum sut_rc sut_runtime_no_room(const struct sut_target *target, const char *what,
				struct sut_diag *diag);

/* The control block; of a run-time that is not placed yet, what it will hold. */
enum sut_rc sut_runtime_control(const struct sut_runtime *runtime, struct sut_rt_control *control,
				struct sut_diag *diag);

/* The operation for a thread to carry out; see enum sut_rt_op. */
struct sut_runtime_op {
	enum sut_rt_op op;
	uint64_t argument;
	uint64_t expect;
	bool calls;       /* it runs code of patches: only in a thread that may call anything */
	uint64_t wait_ns; /* for such a thread, and for that code to return */
	size_t map_count;
	const struct sut_rt_map *maps;
};

/*
 * Sends a thread of the target to do it and waits for the result (enum of sut_rt_frame.result).
 * SUT_RETRY: no thread could take it now. When the wait ran out the operation may still happen.
 */
enum sut_rc sut_runtime_run(struct sut_runtime *runtime, const struct sut_runtime_op *op,
			    int64_t *result, struct sut_diag *diag);

#endif
