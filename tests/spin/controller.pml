/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Operations inside the target, and the controllers that send them. */

/* Rules 12 and 14: clean at this instant, seen from outside. */
#define on_own_stack(t) (!thr[t].upper || !apart(1))
#define pcs_outside(t) (thr[t].at[0] != CORE && thr[t].at[1] != CORE)
#define pcs_clean(t) \
	(pcs_outside(t) && !pc_left(thr[t].at[0], dir) && !pc_left(thr[t].at[1], dir))
#define stack_clean(t) (on_own_stack(t) && !own_frame(t, source(dir)))
/* off(LOOK_FOREIGN): only the alternate stack is read, and the pc on it. */
#define clean_alternate(t) (off(LOOK_FOREIGN) && thr[t].upper && \
	!upper_frame(t, source(dir)) && thr[t].at[1] != CORE)
#define clean_look(t) \
	((stack_clean(t) && (pcs_clean(t) || off(LOOK_PC))) || clean_alternate(t))
#define clean_stop(t) (stack_clean(t) && (pcs_clean(t) || off(STOP_PC)))

/*
 * Mode S closes with a look at every stack, in one stop. The own stack of a thread that has gone over
 * is left out: words there are stale.
 */
#ifdef COROUTINE
#define gone_over(t) (thr[t].mark == target(dir))
#define memory_clean(t) \
	(!upper_frame(t, source(dir)) && (gone_over(t) || !lower_frame(t, source(dir))))
#define all_stacks_clean \
	(off(ONE_STOP) || (memory_clean(0) && (pcs_clean(0) || off(HALT_PC))))
#else
#define all_stacks_clean true
#endif

inline poke(function, what)
{
	d_step {
		text[function] = what;
#ifndef LIVE
		thr[0].stale[function] = 1;
#if THREADS == 2
		thr[1].stale[function] = 1
#endif
#endif
	}
}

inline arm()
{
	d_step {
#if !defined(SELF_SERIALISE) && !off(SERIALISE)
		serialise(0);
#if THREADS == 2
		serialise(1);
#endif
#endif
		armed = 1
	}
}

/* A thread of the target, borrowed for an operation. */
active proctype borrowed()
{
	do
	:: op == COMMIT ->
		if
		:: poke(F, THUNK);
#if off(ARM_LAST)
			arm();
#endif
			poke(G, THUNK)
		:: poke(G, THUNK);
#if off(ARM_LAST)
			arm();
#endif
			poke(F, THUNK)
		fi;
#if !off(ARM_LAST)
		arm();
#endif
		op = NONE
	:: op == CLOSE ->
#if off(DIRECT_LAST)
		text[F] = (forward(dir) -> DIRECT : RESTORED);
#endif
		if
		:: atomic {
			(valid || off(CLOSE_CAS)) && all_stacks_clean ->
			closed = 1;
			P3(!any_frame(0, source(dir)));
#if THREADS == 2
			P3(!any_frame(1, source(dir)))
#endif
		};
			text[F] = (forward(dir) -> DIRECT : RESTORED);
			text[G] = (forward(dir) -> DIRECT : RESTORED)
		:: else
		fi;
		op = NONE
	od
}

inline reverse()
{
	d_step {
		dir++;
		valid = (off(LOCK_OR_COUNT) -> 0 : valid);
		round = 0;
		drop_looks()
	}
}

/* What a controller knows ends with it. */
inline die()
{
	d_step {
		round = 0;
		drop_looks();
#if THREADS == 2
		thr[1].seen = 0;
#endif
		thr[0].seen = 0
	}
}

#ifndef LIVE
/* The lock is in the target: whoever has sent an operation, none other begins before its end. */
#define unlocked (op == NONE || off(LOCK) || off(LOCK_OR_COUNT))
#define may_be_ok (round || off(E_FIRST))

/* One step of looking; whoever was outside of user mode is serialised. */
inline look(t)
{
	if
	/* Rule 15: a mark, also of a thread that runs */
	:: may_be_ok && T.mark == target(dir) -> T.ok = 1
	:: else ->
		if
		/* Rules 12 and 13 */
		:: may_be_ok && clean_look(t) -> T.ok = 1
		:: clean_look(t) -> T.seen = dir + 1
		/* Rule 14 */
		:: clean_stop(t) -> set_mark(t, target(dir))
#if off(LOOK_TWICE)
		/* Some words are read now, the others some other time. */
		:: round && !T.part && pcs_clean(t) && !outer_frame(t, source(dir)) -> T.part = 1
		:: round && !T.part && pcs_clean(t) && !inner_frame(t, source(dir)) -> T.part = 2
#endif
		fi;
		if
		:: !off(LOOK_SERIALISE) -> serialise(t)
		:: else
		fi
#if off(LOOK_TWICE)
	:: (T.part == 1 && !inner_frame(t, source(dir))) ||
	   (T.part == 2 && !outer_frame(t, source(dir))) ->
		T.part = 0;
		T.ok = 1;
		T.seen = dir + 1
#endif
	:: T.seen -> T.cert = T.seen
	fi
}

active proctype controller()
{
	atomic {
#if off(MARK)
		thr[0].mark = NEW;
#elif off(CERT_N)
		thr[0].cert = 1;
#elif off(KNOWN_N)
		thr[0].stamp = 1;
		thr[0].known = 1;
#endif
		op = COMMIT
	};
	armed;
	do
	:: d_step { unlocked && !closed && !round -> round = 1 }
	:: atomic { unlocked && !closed -> look(0) }
#if THREADS == 2
	:: atomic { unlocked && !closed -> look(1) }
#endif
	:: atomic { op == NONE && !closed && round && all_ok -> op = CLOSE; valid = 1 }
	:: atomic { unlocked && (!closed || off(REVERSE_OPEN)) && dir < REVERSALS -> reverse() }
	:: atomic { !closed -> die() }
	od
}
#endif
