/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * P4, in a world that is as unfair as it allows. Thread 0 sees a false hit whenever that is bad for us,
 * but sleeps outside of f and g after each call, until somebody has looked; thread 1 never sleeps, and
 * sees what there is. The controller looks around for ever, may reverse once, and dies once, anywhere.
 * Every process that can go on does so some time (weak fairness).
 */
inline look(t)
{
	if
	:: atomic {
		T.mark == target(dir) && (T.asleep || !off(MARK_RUNNING)) ->
		T.ok = 1;
		T.asleep = 0
	}
	:: atomic {
		T.mark != target(dir) && T.asleep && clean_look(t) ->
		T.ok = round;
		T.seen = dir + 1
	};
#if !off(CERT)
		T.cert = T.seen;
#endif
		T.asleep = 0
	:: else
	fi
}

bit dying;

active proctype death()
{
	dying = 1
}

active proctype controller()
{
	bit succeeded;
	atomic {
#ifdef BUSY_LEFT
		/* Thread 1 has left a decision by longjmp. Its later calls are deeper on the stack. */
		thr[1].busy = 1;
#endif
		op = COMMIT
	};
	armed;
again:
	do
	:: op == NONE && closed -> break
	:: op == NONE && !closed ->
		round = 1;
		look(0);
		look(1);
		if
		:: atomic { round && all_ok -> op = CLOSE; valid = 1 }
		:: else -> die()
		fi
	:: atomic { op == NONE && !closed && dir < REVERSALS -> reverse() }
	od unless {
		atomic { dying && !succeeded -> succeeded = 1; die(); goto again }
	}
}

ltl p4 { <> (closed && op == NONE) }
