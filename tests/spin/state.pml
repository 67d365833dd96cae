/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The words of the process and of its threads, and what is true whether they say so or not. */

#ifndef THREADS
#define THREADS 1
#endif
#ifndef REVERSALS
#define REVERSALS 1
#endif
#ifndef FOREIGN
#define FOREIGN 0
#endif

/* Versions. A mark is the version that its thread runs only: the words N and O. */
#define NONE 0
#define OLD 1
#define NEW 2
#define other(v) (3 - v)

/* A direction is the count of reversals. */
#define forward(dir) (((dir) & 1) == 0)
#define target(dir) (2 - ((dir) & 1))
#define source(dir) (1 + ((dir) & 1))

/* The functions; f is the source of the one edge, g its target. */
#define F 0
#define G 1

/* What is at an entry. After closing somebody may still fetch the thunk. */
#define ORIGINAL 0
#define THUNK 1
#define DIRECT 2
#define RESTORED 3

/* Where the pc of a level is. Inside f and g it is ELSEWHERE, for the frames tell. */
#define ELSEWHERE 0
#define ENTRY 1 /* + function: on the first byte of a patched one */
#define CORE 3  /* in a thunk or in the run-time */
#define START 3 /* + version: on the byte that a thunk jumped to */

/* Operations: they run to their end without the controller. */
#define COMMIT 1
#define CLOSE 2

typedef thread {
	/* Words of the thread. */
	byte mark;     /* W */
	byte busy;     /* rank of the running decision */
	byte stamp;    /* the transition that known and record belong to: dir + 1, or 0 for another */
	bit known;
	byte record;   /* rank of the recorded call of f */
	bit overflow;  /* a call of f found no room */
	byte cert;     /* Q, whose V is the present one: dir + 1, or 0 for void */
	bit slot;      /* off(SLOT) */

	/* What is true. */
	byte frame[4]; /* versions on the stack: two of level 0, two of level 1 */
	byte at[2];    /* the pcs of the levels */
	bit upper;     /* level 1 runs */
	bit jumped;    /* LONGJMP: level 1 has left */
	bit stale[2];  /* may fetch the entry as it was before the poke */
	bit asleep;    /* LIVE */
	bit tired;

	/* What the controller knows. */
	bit ok;        /* marked or clean since E was read */
	byte part;     /* off(LOOK_TWICE): half of the stack that has been read */
	byte seen;     /* a certificate not yet written, like cert */
}

thread thr[THREADS];
byte text[2];
bit armed;
byte dir;
bit closed;
bit round;
byte op;
bit valid;

#define T thr[t]
#define own(t) (thr[t].mark == NEW -> NEW : OLD)

#define lower_frame(t, v) (thr[t].frame[0] == v || thr[t].frame[1] == v)
#define upper_frame(t, v) (thr[t].frame[2] == v || thr[t].frame[3] == v)
#define outer_frame(t, v) (thr[t].frame[0] == v || thr[t].frame[2] == v)
#define inner_frame(t, v) (thr[t].frame[1] == v || thr[t].frame[3] == v)
#define any_frame(t, v) (lower_frame(t, v) || upper_frame(t, v))

/* Which frames are on which stack; a higher rank is a lower stack pointer. */
#if FOREIGN || defined(COROUTINE)
#define apart(lv) (lv == 1)
#define own_frame(t, v) lower_frame(t, v)
#define same_frame(t, lv, v) (lv == 1 -> upper_frame(t, v) : lower_frame(t, v))
#else
#define apart(lv) false
#define own_frame(t, v) any_frame(t, v)
#define same_frame(t, lv, v) any_frame(t, v)
#endif
#if FOREIGN == 2
#define rank(lv, deep) (2 * (1 - lv) + deep + 1)
#else
#define rank(lv, deep) (2 * lv + deep + 1)
#endif

#define P1(x) assert(x)
#ifdef ONLY_P1
#define P2(x) skip
#define P3(x) skip
#else
#define P2(x) assert(x)
#define P3(x) assert(x)
#endif
