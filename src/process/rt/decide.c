// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The decision: which version does this thread run for this call? It is taken by the thread
 * itself, in the thunk's slow path, on the thread's own stack, without a system call, a lock or a
 * register beyond those that the thunk saved.
 *
 * The idea. A thread may run the version that a transition leaves only because a frame of that
 * version lies below it; it gets such frames only while it is undecided. So the set of threads on
 * the version that is left only shrinks, and each marks itself once its own stack is clean.
 *
 * What makes it sound (docs/design.md, "The switch" has each rule with the way it breaks):
 *  - Nobody is marked before every entry is a thunk (armed), nor before its own core has dropped
 *    instructions that it fetched earlier (serialize).
 *  - Words that point into thunks, heads or this code count as hits: a decision is pending there,
 *    interrupted by the signal handler that we now run in.
 *  - A decision nested in a decision (busy), or on a stack that is not the thread's own, answers by
 *    the mark alone and changes nothing else.
 *  - Every answer for the version that is left is counted in `closing` first; once that is closed
 *    the answer is the target version. So closing proves that nobody entered the old code since
 *    the controller's looks.
 *  - `dir` is read once. Marks are constants of the transition, never changed by a reversal.
 *  - The answer is a return value, never a word of the thread: a handler would overwrite it.
 *  - A tail jump leaves no frame. So calls of functions that end in one are recorded (stack pointer
 *    and return address are the same at the entry that is jumped to), and before anything is
 *    recorded the first clean decision at an entry that may be jumped to is for the version that is
 *    left.
 * Stack use is bounded (tests check it): a signal handler's small alternate stack must suffice.
 */
#include "process/rt/layout.h"

enum { OLD = 0, NEW = 1 };

uint32_t sut_rt_decide(struct sut_rt_transition *t, uint64_t sp, uint32_t callee);

/* One call of a patched function, as its thunk has it. */
struct call {
	uint64_t sp;     /* where the return address lies */
	uint32_t callee; /* SUT_RT_CALLEE_* */
	uint32_t dir;
};

/* The words of this key, which are its own from the first time on; NULL: there is no room. */
static struct sut_rt_thread *words_of(const struct sut_rt_transition *t, uint64_t key)
{
	struct sut_rt_slot *slots = (struct sut_rt_slot *)t->slots;
	uint64_t first = sut_rt_slot(key, t->slot_count);

	for (uint64_t i = 0; i < SUT_RT_PROBES && i < t->slot_count; i++) {
		struct sut_rt_slot *slot = &slots[(first + i) & (t->slot_count - 1)];
		uint64_t found = __atomic_load_n(&slot->key, __ATOMIC_RELAXED);

		if (found == key)
			return &slot->words;
		/* A handler of this thread may have put the same key there just now. */
		if (!found && (__atomic_compare_exchange_n(&slot->key, &found, key, 0,
							   __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST) ||
			       found == key))
			return &slot->words;
	}
	return NULL;
}

static struct sut_rt_thread *this_thread(const struct sut_rt_transition *t, uint64_t *tcb)
{
	if (t->home == SUT_RT_HOME_TCB) {
		/* tcbhead_t.self; the words lie at a fixed distance from it. */
		__asm__ volatile("movq %%fs:0x10, %0" : "=r"(*tcb));
		return (struct sut_rt_thread *)(*tcb + SUT_RT_THREAD);
	}
	if (t->home == SUT_RT_HOME_TABLE)
		__asm__ volatile("movq %%fs:0, %0" : "=r"(*tcb));
	else
		*tcb = t->main_tcb;
	return words_of(t, *tcb);
}

static inline void barrier(void)
{
	/* Against signal handlers of this thread, which see its stores in program order. */
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
}

/*
 * iretq to the next instruction: the core fetches anew what follows. Having seen `armed`, this
 * thread then executes the entries as they were written before it. A membarrier of the whole
 * process would do as well, but its registration waits for an RCU grace period, some 10 ms, in a
 * thread that is not ours.
 */
static inline void serialize(void)
{
	uint64_t scratch;

	__asm__ volatile("movl %%ss, %k0\n\t"
			 "pushq %q0\n\t"
			 "pushq %%rsp\n\t"
			 "addq $8, (%%rsp)\n\t"
			 "pushfq\n\t"
			 "movl %%cs, %k0\n\t"
			 "pushq %q0\n\t"
			 "leaq 1f(%%rip), %q0\n\t"
			 "pushq %q0\n\t"
			 "iretq\n"
			 "1:"
			 : "=&r"(scratch)
			 :
			 : "memory", "cc");
}

/* End of this thread's own stack when sp lies in it, else 0. */
static inline uint64_t own_stack_end(const struct sut_rt_transition *t, uint64_t tcb, uint64_t sp)
{
	const uint64_t *block = (const uint64_t *)(tcb + t->stack_offset);

	if (tcb == t->main_tcb)
		return sp >= t->main_low && sp < t->main_high ? t->main_high : 0;
	if (!t->stack_offset)
		return 0;
	if (t->bounds == SUT_RT_BOUNDS_END)
		return sp < block[0] && block[0] - sp <= block[1] ? block[0] & ~UINT64_C(7) : 0;
	if (sp < block[0] || sp >= tcb || tcb - block[0] >= block[1])
		return 0;
	return tcb;
}

/* The word's range kind, or 0. */
static uint32_t range_of(const struct sut_rt_range *ranges, uint64_t count, uint64_t word)
{
	const struct sut_rt_range *range = sut_rt_range_find(ranges, count, word);

	return range ? range->kind : 0;
}

/* Likewise, in objects that came meanwhile. Others may lie between one of them and its arena. */
static uint32_t late_range_of(const struct sut_rt_transition *t, uint64_t word)
{
	uint64_t at = __atomic_load_n(&t->late, __ATOMIC_ACQUIRE);

	while (at) {
		const struct sut_rt_range_set *set = (const struct sut_rt_range_set *)at;
		uint32_t kind = 0;

		if (word - set->low <= set->high - set->low)
			kind = range_of((const struct sut_rt_range *)set->ranges, set->count, word);
		if (kind)
			return kind;
		at = set->next;
	}
	return 0;
}

/*
 * Is there a word of these kinds in [sp, end)? From the top down: the outermost hit lives longest,
 * so that the next calls of a deep stack need not scan again.
 */
static int scan(const struct sut_rt_transition *t, struct sut_rt_thread *thread, uint64_t sp,
		uint64_t end, uint32_t kinds)
{
	uint64_t low = t->low, span = t->high - t->low;

	if (thread->hit_address >= sp && thread->hit_address < end &&
	    *(const uint64_t *)thread->hit_address == ~thread->hit_value)
		return 1;
	for (uint64_t p = end - 8; p >= sp; p -= 8) {
		uint64_t word = *(const uint64_t *)p;
		uint32_t kind = 0;

		if (word - low <= span)
			kind = range_of((const struct sut_rt_range *)t->ranges, t->range_count,
					word);
		if (!kind && t->late)
			kind = late_range_of(t, word);
		if (!(kind & kinds) && (word != t->bottom || !word))
			continue;
		if (kind & SUT_RT_RANGE_ENTRY &&
		    (p + 24 > end || !sut_rt_is_interrupted((const uint64_t *)p)))
			continue;
		thread->hit_address = p;
		thread->hit_value = ~word;
		return 1;
	}
	return 0;
}

/* Rule 11: an answer for the version that is left is counted first, and not given once closed. */
static uint32_t source(struct sut_rt_transition *t, struct sut_rt_thread *thread, uint32_t version,
		       uint32_t target)
{
	uint64_t closing = __atomic_load_n(&t->closing, __ATOMIC_SEQ_CST);

	do {
		if (closing & 1)
			return target;
	} while (!__atomic_compare_exchange_n(&t->closing, &closing, closing + 2, 0,
					      __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
	if (thread)
		thread->answer = closing + 2;
	return version;
}

/*
 * A decision that must not touch what others go by: one inside a decision, or one on a stack that
 * is not the thread's own, where nothing can be said about frames; or one without words to write to
 * (then no mark was ever set). Only answers for the version that is left hold up closing: signals
 * often come in here.
 */
static uint32_t by_mark(struct sut_rt_transition *t, struct sut_rt_thread *thread, uint64_t *cases)
{
	uint32_t version = thread && thread->mark == t->mark_new ? NEW : OLD;
	uint32_t target = __atomic_load_n(&t->dir, __ATOMIC_ACQUIRE) ? OLD : NEW;

	if (version == target)
		return target;
	if (cases) /* before the answer is counted: whoever sees that one sees this */
		__atomic_fetch_add(cases, 1, __ATOMIC_SEQ_CST);
	return source(t, thread, version, target);
}

/*
 * On a stack that is nobody's own, in a program that switches stacks. Such a stack may be suspended
 * at any time and resumed by any thread, so nobody goes over on it before the end. When the
 * transition was turned round the version that everybody is at there is the target.
 */
static uint32_t by_stack(struct sut_rt_transition *t, struct sut_rt_thread *thread)
{
	__atomic_fetch_add(&t->foreign, 1, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&t->dir, __ATOMIC_ACQUIRE))
		return OLD;
	return source(t, thread, OLD, NEW);
}

static int is_source(struct call call)
{
	return (call.callee & SUT_RT_CALLEE_SOURCE << call.dir) != 0;
}

static int is_target(struct call call)
{
	return (call.callee & SUT_RT_CALLEE_TARGET << call.dir) != 0;
}

static uint64_t return_address(struct call call)
{
	return *(const uint64_t *)call.sp;
}

static int has_edge(const struct sut_rt_transition *t, uint32_t dir, uint64_t from, uint64_t to)
{
	const uint64_t *edges = (const uint64_t *)t->edges[dir];
	uint64_t first = 0, last = t->edge_count[dir], edge = from << 32 | to;

	while (first < last) {
		uint64_t middle = first + (last - first) / 2;

		if (edges[middle] < edge)
			first = middle + 1;
		else
			last = middle;
	}
	return first < t->edge_count[dir] && edges[first] == edge;
}

/*
 * Rule 8: may the version that is left have jumped here? A tail jump keeps stack pointer and return
 * address of the call that it ends; calls that have returned had their records deeper, or here.
 */
static int jumped_to(const struct sut_rt_transition *t, struct sut_rt_thread *thread,
		     struct call call)
{
	const struct sut_rt_record *top = NULL;

	while (thread->record_count) {
		top = &thread->records[thread->record_count - 1];
		if (top->sp >= call.sp)
			break;
		thread->record_count--;
	}
	if (thread->overflow && thread->overflow < call.sp)
		thread->overflow = 0;
	if (!thread->record_count || top->sp != call.sp)
		return thread->overflow && is_target(call);
	thread->record_count--;
	return top->return_check == ~return_address(call) &&
	       (has_edge(t, call.dir, top->func, call.callee & SUT_RT_CALLEE_INDEX) ||
		has_edge(t, call.dir, top->func, SUT_RT_ANYWHERE));
}

/* Rule 11, second half. Without room, all that lies deeper counts as jumped to. */
static void record(struct sut_rt_thread *thread, struct call call)
{
	if (thread->record_count == SUT_RT_RECORDS) {
		if (!thread->overflow)
			thread->overflow = call.sp;
		return;
	}
	thread->records[thread->record_count++] =
		(struct sut_rt_record){call.sp, ~return_address(call),
				       call.callee & SUT_RT_CALLEE_INDEX};
}

/* The thread goes on with the version that it is at. */
static uint32_t stay(struct sut_rt_transition *t, struct sut_rt_thread *thread, struct call call,
		     uint32_t version)
{
	uint32_t answer = source(t, thread, version, call.dir ? OLD : NEW);

	if (answer == version && thread->known && is_source(call))
		record(thread, call);
	return answer;
}

/* Not inlined: its registers would be saved above the frame that serialize() needs. */
__attribute__((noinline)) static uint32_t
decide(struct sut_rt_transition *t, struct sut_rt_thread *thread, struct call call, uint64_t end)
{
	uint32_t dir = call.dir;
	uint32_t target = dir ? OLD : NEW;
	uint32_t target_mark = dir ? t->mark_old : t->mark_new;
	int jumped;
	uint32_t version = thread->mark == t->mark_new ? NEW : OLD;
	uint32_t kinds = SUT_RT_RANGE_CORE;

	if (__atomic_load_n(&t->closing, __ATOMIC_SEQ_CST) & 1)
		goto marked;
	if (thread->mark == target_mark)
		return target;
	if (thread->certificate == thread->answer &&
	    thread->certificate_check == (~thread->certificate ^ (t->mark_new + dir)))
		goto marked;
	/* On the way back only those who have run new code can have frames of it. */
	if (!dir)
		kinds |= SUT_RT_RANGE_OLD;
	else if (version == NEW)
		kinds |= SUT_RT_RANGE_NEW;
	jumped = t->edge_count[dir] && jumped_to(t, thread, call);
	if (scan(t, thread, call.sp, end, kinds))
		return stay(t, thread, call, version);
	/* Rule 10: those who have run the version that is left may have come by a tail jump. */
	if (version != target) {
		jumped |= !thread->known && is_target(call);
		thread->known = 1;
		if (jumped)
			return stay(t, thread, call, version);
	}
marked:
	thread->mark = target_mark;
	return target;
}

uint32_t sut_rt_decide(struct sut_rt_transition *t, uint64_t sp, uint32_t callee)
{
	struct call call = {.sp = sp, .callee = callee};
	uint64_t tcb;
	struct sut_rt_thread *thread = this_thread(t, &tcb);
	uint64_t end = own_stack_end(t, tcb, sp);
	uint32_t answer;

	if (!__atomic_load_n(&t->armed, __ATOMIC_ACQUIRE))
		return OLD;
	/* As thunks do by themselves where the words are in the TCB. */
	if (end && thread && thread->mark == t->mark_new &&
	    !__atomic_load_n(&t->dir, __ATOMIC_ACQUIRE))
		return NEW;
	serialize();
	/* First of all: above the thread's stack `busy` would look like one that is left over. */
	if (!end && t->per_stack)
		return by_stack(t, t->home == SUT_RT_HOME_ONE ? NULL : thread);
	if (!end) /* whose it is nobody knows where all threads have one key */
		return by_mark(t, t->home == SUT_RT_HOME_ONE ? NULL : thread, &t->foreign);
	if (!thread)
		return by_mark(t, thread, &t->unplaced);
	if (thread->busy && sp < thread->busy)
		return by_mark(t, thread, NULL);
	thread->busy = sp;
	barrier();
	call.dir = __atomic_load_n(&t->dir, __ATOMIC_ACQUIRE);
	if (thread->transition != t->mark_new || thread->dir != call.dir) {
		thread->hit_address = 0;
		thread->known = 0;
		thread->overflow = 0;
		thread->record_count = 0;
		thread->dir = call.dir;
		thread->transition = t->mark_new;
	}
	answer = decide(t, thread, call, end);
	barrier();
	thread->busy = 0;
	return answer;
}
