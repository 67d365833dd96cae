/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a thread does: call f and g, pass thunks, decide. */

/* LEFT and CORE, for a pc. */
#ifdef TAILS
#define pc_entry(a, dir) \
	(!off(SCAN_ENTRY) && a == ENTRY + G && (forward(dir) || !off(SCAN_ENTRY_BACK)))
#else
#define pc_entry(a, dir) false
#endif
#define pc_left(a, dir) (pc_entry(a, dir) || (!off(SCAN_START) && a == START + source(dir)))
#define pc_core(a) (!off(SCAN_CORE) && a == CORE)

/* Rule 9: what a scan cannot miss. The pc that a handler interrupted is a word on its stack. */
#define interrupted(lv) (lv == 1 && !apart(lv))
#define core_hit(t, lv) (interrupted(lv) && pc_core(thr[t].at[0]))
#define left_hit(t, lv, dir) \
	(own_frame(t, source(dir)) || (interrupted(lv) && pc_left(thr[t].at[0], dir)))
#define undecided_counts(t) (thr[t].mark == NEW || off(UNDECIDED_BACK))
#define hit(t, lv, dir) (!off(SCAN) && (core_hit(t, lv) || \
	((forward(dir) || (undecided_counts(t) && !off(SCAN_BACK))) && left_hit(t, lv, dir))))
#ifdef LIVE
#define false_hit(t) (t == 0)
#else
#define false_hit(t) true
#endif

/* Rules 4 and 7: decisions inside another one, or on a stack that is not the thread's own. */
#ifdef BUSY_CORE
/* Instead of the stack pointer: is there a pc in the run-time on the stack? */
#define nested(t, lv, deep) (thr[t].busy && core_hit(t, lv))
#else
#define nested(t, lv, deep) (!off(BUSY) && thr[t].busy && rank(lv, deep) > thr[t].busy)
#endif
#define foreign(lv) (apart(lv) && !off(FOREIGN_STACK))
#define aside(t, lv, deep) (nested(t, lv, deep) || (foreign(lv) && !off(FOREIGN_FIRST)))
#ifdef COROUTINE
#define aside_answer(t, lv) (foreign(lv) -> OLD : own(t))
#define mark_holds(lv) (!apart(lv) || off(STACK_COMPARE))
#else
#define aside_answer(t, lv) own(t)
#define mark_holds(lv) true
#endif

/* The direction of a decision. */
#if off(DIR_ONCE)
#define D dir
#else
#define D d
#endif

#if THREADS == 2
#define all_ok (thr[0].ok && thr[1].ok)
#define drop_looks() thr[0].ok = 0; thr[0].part = 0; thr[1].ok = 0; thr[1].part = 0
#else
#define all_ok thr[0].ok
#define drop_looks() thr[0].ok = 0; thr[0].part = 0
#endif

inline count_e()
{
	d_step {
		round = 0;
		valid = 0;
		if
		:: !off(E_FIRST) -> drop_looks()
		:: else
		fi
	}
}

inline count_v(t)
{
	d_step {
		T.seen = 0;
		T.part = 0;
		T.cert = (off(CERT_V) -> T.cert : 0)
	}
}

inline serialise(t)
{
	d_step { T.stale[F] = 0; T.stale[G] = 0 }
}

inline set_mark(t, v)
{
	d_step {
		T.mark = v;
		P2(closed || !own_frame(t, other(v)))
	}
}

/* The pc comes into a version of fn. */
inline enter(t, lv)
{
	d_step {
		P1(!same_frame(t, lv, other(ver)));
		P1(tailed == NONE || tailed == ver);
		P2(closed || apart(lv) || T.mark == NONE || T.mark == ver);
		P3(!closed || ver == target(dir));
		T.at[lv] = ELSEWHERE;
		T.frame[2 * lv + deep] = ver;
		ver = NONE;
		tailed = NONE
	}
}

/* The pc comes to the entry of a function. */
#define call(function) fn = function; T.at[lv] = ENTRY + function

inline level(t, lv)
{
	d = 0;
outside: /* in code that is not patched */
	if
#ifndef LIVE
	:: atomic { call(F); goto entry }
	:: atomic { call(G); goto entry }
#else
#ifndef BUSY_LEFT
	:: atomic { !T.tired -> T.tired = (t == 0); call(F); goto entry }
	:: atomic { !T.tired -> T.tired = (t == 0); call(G); goto entry }
#else
	:: atomic { !T.tired -> T.tired = (t == 0); deep = 1; call(G); goto entry }
#endif
	:: atomic { T.tired -> T.tired = 0; T.asleep = 1 };
		!T.asleep;
		goto outside
#endif
#ifdef HANDLERS
	:: lv == 1 -> goto leave
#endif
#ifdef COROUTINE
	:: atomic { T.upper = 1 - lv; goto outside }
#endif
	fi;

entry:
	if
	:: atomic {
		text[fn] == ORIGINAL || text[fn] == RESTORED || T.stale[fn] ->
		ver = OLD;
		enter(t, lv);
		goto body
	}
	:: atomic { text[fn] == DIRECT -> ver = NEW; T.at[lv] = START + NEW; goto start }
	:: atomic { text[fn] != ORIGINAL -> T.at[lv] = CORE }
	fi;

	/* Rule 2: the fast path. */
	if
	:: T.mark == NEW && mark_holds(lv) ->
		if
		:: atomic { forward(dir) || off(FAST_DIR) -> ver = NEW; goto jump }
		:: else
		fi
	:: else
	fi;

	/* Rule 3 */
	if
	:: !armed && !off(UNARMED) ->
#if !off(UNARMED_V)
		count_v(t);
#endif
		atomic { ver = OLD; goto jump }
	:: else
	fi;
#ifdef SELF_SERIALISE
	serialise(t);
#endif

	/* Rules 4 and 7 */
	if
	:: atomic { aside(t, lv, deep) -> d = dir };
		atomic {
			ver = aside_answer(t, lv);
			if
			:: closed -> ver = target(d); d = 0; goto jump
#ifdef NESTED_FREE
			:: !closed && ver == target(d) -> d = 0; goto jump
			:: !closed && ver != target(d)
#else
			:: !closed
#endif
			fi;
			d = 0;
			if
			:: !off(NESTED_E) -> count_e()
			:: else
			fi
		};
#if !off(NESTED_V)
		count_v(t);
#endif
		goto jump
	:: atomic { else -> T.busy = rank(lv, deep) }
	fi;
	d = dir;
	/* What the thread remembers belongs to one direction of one transition. */
	d_step {
		if
		:: T.stamp == 0 || (T.stamp != D + 1 && !off(KNOWN_DIR)) ->
			T.stamp = D + 1;
			T.known = 0;
			T.record = 0;
			T.overflow = 0
		:: else
		fi
	};
#if !off(CLOSED_FIRST)
	if
	:: closed -> atomic { set_mark(t, target(D)); ver = target(D); goto done }
	:: else
	fi;
#endif

	/* Rule 5 */
#if !off(MARK_FIRST)
	if
	:: atomic { T.mark == target(D) -> ver = target(D); goto done }
	:: else
	fi;
#endif

	/* Rule 6 */
	if
	:: T.cert == D + 1 || (T.cert && off(CERT_DIR)) ->
		atomic { set_mark(t, target(D)); ver = target(D); goto done }
	:: else
	fi;

#if off(FOREIGN_FIRST)
	if
	:: atomic { foreign(lv) -> T.known = 0; ver = own(t); goto answer }
	:: else
	fi;
#endif

#if defined(TAILS) && !off(TAIL)
	/* Rule 8 */
	d_step {
		if
		:: T.record > rank(lv, deep) -> T.record = 0; T.overflow = 0
		:: else
		fi;
		tail = (fn == G && (forward(D) || !off(EDGES_BACK)) &&
			(T.record == rank(lv, deep) || (T.overflow && !off(OVERFLOW))));
		if
		:: T.record == rank(lv, deep) -> T.record = 0; T.overflow = 0
		:: else
		fi
	};
#endif

	/* Rule 9 */
	if
	:: atomic { false_hit(t) || hit(t, lv, D) -> ver = own(t); tail = 0; goto answer }
	:: !hit(t, lv, D)
	fi;

	/* Rule 10 */
#ifdef TAILS
	d_step {
		if
		:: forward(D) || T.mark == NEW ->
			tail = (tail || (fn == G && !T.known && !off(KNOWN) &&
				(forward(D) || !off(EDGES_BACK))));
			T.known = !off(KNOWN_SET)
		:: else -> tail = 0
		fi
	};
	if
	:: atomic { tail -> ver = source(D); tail = 0; goto answer }
	:: else
	fi;
#endif
	atomic { set_mark(t, target(D)); ver = target(D); goto done };

answer: /* Rule 11 */
	atomic {
		if
		:: closed && !off(ANSWER_CLOSED) ->
			set_mark(t, target(D));
			ver = target(D);
			goto done
		:: else
		fi;
		if
		:: !off(COUNT_E) -> count_e()
		:: else
		fi
	};
#if !off(COUNT_V)
	count_v(t);
#endif
#ifdef TAILS
	d_step {
		if
		:: fn == F && T.known && !T.record -> T.record = rank(lv, deep)
		:: fn == F && T.known && T.record -> T.overflow = 1
		:: else
		fi
	};
#endif

done:
	atomic { T.busy = 0; d = 0 };
jump:
#if off(SLOT)
	T.slot = fn;
	P1(T.slot == fn);
#endif
	T.at[lv] = START + ver;
start:
	enter(t, lv);

body: /* in fn, whose frame is frame[2 * lv + deep] */
	if
#ifdef INNER_DIRECT
	:: atomic {
		fn == F && T.frame[2 * lv] == NEW ->
		fn = G;
		deep = 1;
		ver = NEW;
		T.at[lv] = START + NEW;
		goto start
	}
	:: atomic { fn == F && T.frame[2 * lv] == OLD -> deep = 1; call(G); goto entry }
#else
	:: atomic { fn == F -> deep = 1; call(G); goto entry }
#endif
#ifdef TAILS
	:: atomic {
		fn == F -> tailed = T.frame[2 * lv];
		T.frame[2 * lv] = NONE;
		call(G);
		goto entry
	}
#endif
#ifdef LIVE
	:: atomic {
		T.frame[2 * lv] = NONE;
		T.frame[2 * lv + 1] = NONE;
		fn = F;
		deep = 0;
		goto outside
	}
#else
	:: atomic { deep -> T.frame[2 * lv + 1] = NONE; fn = F; deep = 0; goto body }
	:: atomic { !deep -> T.frame[2 * lv] = NONE; fn = F; goto outside }
#endif
#ifdef COROUTINE
	:: atomic { T.upper = 1 - lv; goto body }
#endif
	fi;
leave:
	skip
}
