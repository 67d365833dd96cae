/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The lazy switch as a model for spin: each thread goes over from the old versions of the patched
 * functions to the new ones by itself, in the thunk, at a call of one of them. It is written from
 * the rules (README.md) and not from the code, so that the one can be held against the other.
 *
 * The patch has two functions. f calls g or (TAILS) tail-jumps to it, in both versions; anybody
 * calls f and g. Each thread is a process, `level 0`; a signal handler on it is a second one, `level
 * 1`, during which the first stands still. Every semicolon outside of atomic and d_step is a place
 * where a thread may be preempted and where a handler may begin.
 *
 * Nothing is bounded: threads call, handlers come, controllers look, die and are succeeded without
 * end. The model is finite nevertheless, for its two counters are only ever compared:
 *
 *   E  (source answers of the transition): is it what the closer read? `round` and, for an operation
 *      on its way, `valid` are set when it is read and cleared when it counts;
 *   V  (source answers of a thread): `seen` and `cert` become void when it counts.
 *
 * Abstractions, and why they may be:
 *   - A scan is one step, for nobody else changes a thread's stack. It may see a false hit whenever
 *     it likes; an answer from the cache of the last hit is one of these.
 *   - A look is an instant at which the thread's pc is known: asleep or stopped is the same here.
 *     (LOOK_TWICE takes the look at a sleeping thread apart.)
 *   - A record has no return address: comparing it only makes fewer calls look like tail jumps.
 *   - A thread that ends, and the next on its stack with all of its words, are the same thread outside
 *     of f and g. Words of earlier transitions are void; MARK, CERT_N, KNOWN_N are what they would do.
 *   - A core that is not serialised after a poke may run the old entry for as long as it likes.
 *   - To one thread the others are only reasons why closing is late, so that P1 to P3 with one thread
 *     hold for any number. THREADS=2 is there because an argument is not a run.
 *
 * The properties are assertions in enter(), set_mark() and closing; P4 is in fair.pml. P5 needs none
 * of its own: the controller dies whenever it likes, in all of this.
 *
 *   P1  no frame, and no tail predecessor, has another version than its callee on the same stack
 *   P2  a thread marked new has no old frame on its own stack, and the reverse
 *   P3  after closing nobody enters the source version
 *   P4  if every thread again and again sleeps clean or passes clean, closing is reached
 *   P5  all this when controllers die between any two steps and others take over
 *
 * Worlds: THREADS (1, 2), REVERSALS (0, 1; 2 breaks), TAILS, HANDLERS, FOREIGN (handlers run on an
 * alternate stack; 1: below the thread's own, 2: above), LONGJMP (handlers may leave by it), COROUTINE
 * (level 1 is a coroutine), LIVE (fair.pml). Choices of this project: SELF_SERIALISE
 * (threads serialise themselves instead of all being serialised before arming), NESTED_FREE (a nested
 * answer for the target is not counted), INNER_DIRECT (new f calls new g without a thunk). OFF=NAME
 * switches a rule off, rules.pml has the names. ONLY_P1 leaves the mix itself as the only error.
 */
#include "rules.pml"
#include "state.pml"
#include "thread.pml"

#define LOCALS bit fn; bit deep; byte ver; byte tailed; byte d; bit tail

#if defined(HANDLERS) || defined(COROUTINE)
active proctype thread0() provided (!thr[0].upper)
#else
active proctype thread0()
#endif
{
	LOCALS;
#ifdef LONGJMP
again:
	{
		level(0, 0)
	} unless {
		atomic {
			thr[0].jumped -> thr[0].jumped = 0;
			fn = F; deep = 0; ver = NONE; tailed = NONE; tail = 0;
			goto again
		}
	}
#else
	level(0, 0)
#endif
}

#if THREADS == 2
active proctype thread1()
{
	LOCALS;
	level(1, 0)
}
#endif

#ifdef HANDLERS
active proctype handler0()
{
	LOCALS;
	do
	:: atomic { !thr[0].upper -> thr[0].upper = 1 };
		level(0, 1);
		if
		:: thr[0].upper = 0
#ifdef LONGJMP
		:: d_step {
			thr[0].frame[0] = NONE; thr[0].frame[1] = NONE; thr[0].at[0] = ELSEWHERE;
			thr[0].jumped = 1; thr[0].upper = 0
		}
#endif
		fi
	od
}
#endif

#ifdef COROUTINE
active proctype coroutine0() provided (thr[0].upper)
{
	LOCALS;
	level(0, 1)
}
#endif

#include "controller.pml"
#ifdef LIVE
#include "fair.pml"
#endif
