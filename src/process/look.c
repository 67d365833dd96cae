// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A look at a sleeping thread reads the scheduler's counters and the system call line, then the
 * stack, then the first two again: equal means that the thread did not run in between, so what was
 * read held at one instant. The word scan needs no unwind tables and misses nothing on a thread's
 * own stack; it may see a stale word, which only delays.
 */
#include "process/look.h"
#include "process/enter.h"
#include "process/trace.h"
#include "process/words.h"

#include <stdlib.h>
#include <string.h>

enum { LOOK_TRIES = 3, RANGES_MAX = 1 << 20, SETS_MAX = 65536 };

const char *sut_look_name(enum sut_look look)
{
	switch (look) {
	case SUT_LOOK_SWITCHED:
		return "switched";
	case SUT_LOOK_CLEAN:
		return "clean";
	case SUT_LOOK_GONE:
		return "gone";
	case SUT_LOOK_RUNNING:
		return "running";
	case SUT_LOOK_FRAME:
		return "frame";
	case SUT_LOOK_INSIDE:
		return "inside";
	case SUT_LOOK_FAULT:
		return "fault";
	case SUT_LOOK_FOREIGN:
		return "foreign-stack";
	case SUT_LOOK_CARVED:
		return "carved-stack";
	case SUT_LOOK_LENT:
		return "lent-memory";
	}
	return "unknown";
}

static int compare_ranges(const void *a, const void *b)
{
	const struct sut_rt_range *left = a, *right = b;

	return (left->low > right->low) - (left->low < right->low);
}

/*
 * Of objects that came since the transition began. One that comes meanwhile is of no interest: who
 * enters the version that is left there is counted.
 */
static bool add_late(struct sut_looker *looker)
{
	const struct sut_target *target = looker->runtime->target;
	struct sut_rt_range *ranges = sut_arena_memdup(looker->arena, looker->ranges,
						       looker->t.range_count * sizeof(ranges[0]));
	size_t count = looker->t.range_count, capacity = count;
	uint64_t at = looker->t.late;

	for (unsigned int n = 0; at; n++) {
		struct sut_rt_range_set set, after;
		struct sut_rt_range range;
		size_t before = count;

		if (n == SETS_MAX || !sut_target_read(target, at, &set, sizeof(set)) ||
		    set.count > RANGES_MAX - count)
			return false;
		for (uint64_t i = 0; i < set.count; i++) {
			if (!sut_target_read(target, set.ranges + i * sizeof(range), &range,
					     sizeof(range)))
				return false;
			SUT_PUSH(looker->arena, ranges, count, capacity) = range;
		}
		if (!sut_target_read(target, at, &after, sizeof(after)))
			return false;
		if (after.version != set.version || set.version & 1)
			count = before;
		at = set.next;
	}
	if (!looker->t.late || !count)
		return true;
	qsort(ranges, count, sizeof(ranges[0]), compare_ranges);
	looker->ranges = ranges;
	looker->t.range_count = count;
	looker->t.low = ranges[0].low;
	looker->t.high = ranges[count - 1].high;
	return true;
}

enum sut_rc sut_looker_init(struct sut_looker *looker, struct sut_runtime *runtime,
			    uint64_t transition, struct sut_arena *arena, struct sut_diag *diag)
{
	struct sut_target *target = runtime->target;
	struct sut_rt_range *ranges;
	size_t size;

	*looker = (struct sut_looker){.runtime = runtime, .arena = arena};
	if (!sut_target_read(target, transition, &looker->t, sizeof(looker->t)) ||
	    looker->t.range_count > RANGES_MAX)
		return sut_target_damaged(target, "the transition record", diag);
	size = looker->t.range_count * sizeof(ranges[0]);
	ranges = sut_arena_alloc(arena, size);
	if (!sut_target_read(target, looker->t.ranges, ranges, size))
		return sut_target_damaged(target, "the range table", diag);
	looker->ranges = ranges;
	return add_late(looker) ? SUT_OK : sut_target_damaged(target, "the range table", diag);
}

/* The range that contains word and is of these kinds, or NULL. */
static const struct sut_rt_range *range_of(const struct sut_looker *looker, uint64_t word,
					   uint32_t kinds)
{
	const struct sut_rt_range *range =
		sut_rt_range_find(looker->ranges, looker->t.range_count, word);

	return range && range->kind & kinds ? range : NULL;
}

static uint32_t left_kinds(const struct sut_looker *looker)
{
	return SUT_RT_RANGE_CORE | (looker->t.dir ? SUT_RT_RANGE_NEW : SUT_RT_RANGE_OLD);
}

static uint32_t target_mark(const struct sut_looker *looker)
{
	return looker->t.dir ? looker->t.mark_old : looker->t.mark_new;
}

static void set_hit(struct sut_blocker *blocker, enum sut_look look, uint64_t address,
		    const struct sut_rt_range *range)
{
	blocker->look = look;
	blocker->address = address;
	blocker->func = range->kind & SUT_RT_RANGE_CORE ? UINT32_MAX : range->func;
}

/*
 * The first hit among words that lie at `at` in the target, into *blocker. Some more lie behind
 * them.
 */
static bool find_hit(const struct sut_looker *looker, const uint64_t *words, size_t count,
		     size_t more, uint64_t at, struct sut_blocker *blocker)
{
	for (size_t i = 0; i < count; i++) {
		const struct sut_rt_range *range;

		if (looker->t.bottom && words[i] == looker->t.bottom) {
			blocker->look = SUT_LOOK_CARVED;
			blocker->address = at + 8 * i;
			return true;
		}
		if (words[i] - looker->t.low > looker->t.high - looker->t.low)
			continue;
		range = range_of(looker, words[i], left_kinds(looker));
		if (range && range->kind & SUT_RT_RANGE_ENTRY &&
		    (i + 2 >= count + more || !sut_rt_is_interrupted(words + i)))
			continue;
		if (range) {
			set_hit(blocker, SUT_LOOK_FRAME, at + 8 * i, range);
			return true;
		}
	}
	return false;
}

bool sut_look_carved(const struct sut_looker *looker, uint64_t from, uint64_t to)
{
	enum { CHUNK = 32 * 1024 };
	uint64_t words[CHUNK / 8];

	for (uint64_t at = from; looker->t.bottom && at < to; at += CHUNK) {
		uint64_t size = to - at < CHUNK ? to - at : CHUNK;

		if (!sut_target_read(looker->runtime->target, at, words, size))
			return true;
		for (uint64_t i = 0; i < size / 8; i++)
			if (words[i] == looker->t.bottom)
				return true;
	}
	return false;
}

/*
 * pc and own stack of a thread that does not run; true when the stack could be read. Allocates
 * nothing: the thread may be in a stop of ours.
 */
static bool scan_stack(struct sut_looker *looker, const struct sut_thread_stack *stack, uint64_t pc,
		       uint64_t sp, struct sut_blocker *blocker)
{
	enum { CHUNK = 32 * 1024, MORE = 2 * 8 };
	const struct sut_rt_range *range = range_of(looker, pc, left_kinds(looker));
	uint64_t words[(CHUNK + MORE) / 8];

	if (range) {
		set_hit(blocker, SUT_LOOK_INSIDE, pc, range);
		return true;
	}
	for (uint64_t at = sp; at < stack->high; at += CHUNK) {
		uint64_t left = stack->high - at, size = left < CHUNK ? left : CHUNK;
		uint64_t more = left - size < MORE ? left - size : MORE;

		if (!sut_target_read(looker->runtime->target, at, words, size + more))
			return false;
		if (find_hit(looker, words, size / 8, more / 8, at, blocker))
			return true;
	}
	blocker->look = SUT_LOOK_CLEAN;
	return true;
}

/*
 * "This thread was clean when that was its last source answer." Its next decision may rely
 * on it, however dirty its deeper stack looks then. The check word makes a torn write invalid.
 */
static void write_certificate(struct sut_looker *looker, uint64_t at, uint64_t answer)
{
	const uint64_t words[] = {answer, ~answer ^ (looker->t.mark_new + looker->t.dir)};

	_Static_assert(offsetof(struct sut_rt_thread, certificate_check) ==
			       offsetof(struct sut_rt_thread, certificate) + sizeof(words[0]),
		       "one behind the other");
	sut_target_write(looker->runtime->target, at + offsetof(struct sut_rt_thread, certificate),
			 words, sizeof(words));
}

/* A thread that has no words yet has made no decision yet; then *at is 0. */
static bool read_words(const struct sut_looker *looker, uint64_t tcb, uint64_t *at,
		       struct sut_rt_thread *words)
{
	const struct sut_target *target = looker->runtime->target;

	*words = (struct sut_rt_thread){0};
	*at = sut_words_find(target, &looker->t, tcb);
	return !*at || sut_target_read(target, *at, words, sizeof(*words));
}

/*
 * Is it on its own stack? Where stacks are switched the one that sp lies in may be another
 * thread's.
 */
static bool is_on_own(const struct sut_looker *looker, pid_t tid, uint64_t sp,
		      struct sut_thread_stack *stack)
{
	const struct sut_runtime *runtime = looker->runtime;

	return looker->t.per_stack
		       ? sut_thread_own_stack(runtime->target, &runtime->layout, tid, stack) &&
				 sp >= stack->low && sp < stack->high
		       : sut_thread_stack(runtime->target, &runtime->layout, tid, sp, stack);
}

/* true: a verdict; false: the thread ran meanwhile. */
static bool look_asleep(struct sut_looker *looker, const struct sut_thread_state *state,
			struct sut_blocker *blocker)
{
	struct sut_runtime *runtime = looker->runtime;
	struct sut_thread_stack stack;
	struct sut_rt_thread words;
	uint64_t at;

	blocker->syscall = state->syscall;
	if (!is_on_own(looker, blocker->tid, state->sp, &stack)) {
		blocker->look = SUT_LOOK_FOREIGN;
		return sut_thread_slept(runtime->target, blocker->tid, state);
	}
	if (!read_words(looker, stack.tcb, &at, &words))
		return false;
	if (words.mark == target_mark(looker)) {
		blocker->look = SUT_LOOK_SWITCHED;
		return sut_thread_slept(runtime->target, blocker->tid, state);
	}
	if (state->activity == SUT_THREAD_FAULT) {
		blocker->look = SUT_LOOK_FAULT;
		return true;
	}
	if (sut_thread_lends_memory(state)) {
		blocker->look = SUT_LOOK_LENT;
		return sut_thread_slept(runtime->target, blocker->tid, state);
	}
	if (!scan_stack(looker, &stack, state->pc, state->sp, blocker) ||
	    !sut_thread_slept(runtime->target, blocker->tid, state))
		return false;
	if (blocker->look == SUT_LOOK_CLEAN && looker->t.armed && at)
		write_certificate(looker, at, words.answer);
	return true;
}

/* A mark can be read while its thread runs: in one direction it is set once. */
static bool has_switched(const struct sut_looker *looker, pid_t tid)
{
	struct sut_runtime *runtime = looker->runtime;
	uint64_t tcb = sut_thread_tcb(runtime->target, &runtime->layout, tid);
	struct sut_rt_thread words;
	uint64_t at;

	return tcb && read_words(looker, tcb, &at, &words) && words.mark == target_mark(looker);
}

/*
 * A thread that stands still without a frame of what is left, and in no decision, has gone over. It
 * would not by itself if it calls again and again where it may have come by a tail jump.
 */
static void mark(struct sut_looker *looker, uint64_t at)
{
	uint32_t word = target_mark(looker);

	sut_target_write(looker->runtime->target, at + offsetof(struct sut_rt_thread, mark), &word,
			 sizeof(word));
}

/*
 * A thread that never sleeps is stopped for the look. In user mode the program cannot notice; if
 * it entered a system call meanwhile that one restarts.
 */
static void look_stopped(struct sut_looker *looker, struct sut_blocker *blocker)
{
	struct sut_thread_stack stack;
	struct sut_stopped stopped;
	struct sut_rt_thread words;
	struct sut_runtime *runtime = looker->runtime;
	uint64_t at;

	if (!sut_stop_running(runtime, blocker->tid, &stopped))
		return;
	runtime->cost.stopped++;
	if (!is_on_own(looker, blocker->tid, stopped.sp, &stack))
		blocker->look = SUT_LOOK_FOREIGN;
	else if (read_words(looker, stack.tcb, &at, &words) && words.mark == target_mark(looker))
		blocker->look = SUT_LOOK_SWITCHED;
	else if (scan_stack(looker, &stack, stopped.pc, stopped.sp, blocker) &&
		 blocker->look == SUT_LOOK_CLEAN && looker->t.armed && at)
		mark(looker, at);
	sut_resume(&stopped);
}

static void look_at(struct sut_looker *looker, bool stop_running, struct sut_blocker *blocker)
{
	for (int i = 0; i < LOOK_TRIES; i++) {
		struct sut_thread_state state;

		sut_thread_state(looker->runtime->target, blocker->tid, &state);
		blocker->look = SUT_LOOK_RUNNING;
		blocker->syscall = -1;
		blocker->func = UINT32_MAX;
		if (state.activity == SUT_THREAD_GONE) {
			blocker->look = SUT_LOOK_GONE;
			return;
		}
		if (state.activity == SUT_THREAD_RUNNING)
			break;
		if (look_asleep(looker, &state, blocker))
			return;
		blocker->look = SUT_LOOK_RUNNING;
	}
	if (has_switched(looker, blocker->tid))
		blocker->look = SUT_LOOK_SWITCHED;
	else if (stop_running)
		look_stopped(looker, blocker);
}

enum sut_rc sut_look_all(struct sut_looker *looker, bool stop_running,
			 struct sut_blockers *blockers, struct sut_diag *diag)
{
	struct sut_thread_list threads;
	enum sut_rc rc;

	/* One that was asked to stop and did so late stands still until somebody lets it go. */
	sut_trace_release_late(looker->runtime->target->tasks);
	/* Stacks of threads that were born meanwhile are in no older map. */
	rc = sut_thread_list(looker->runtime->target, looker->arena, &threads, diag);
	if (rc != SUT_OK)
		return rc;
	blockers->threads = threads.count;
	blockers->count = 0;
	if (!looker->t.list_count[SUT_RT_LIST_COMMIT] && !looker->t.late)
		return SUT_OK;
	for (size_t i = 0; i < threads.count; i++) {
		struct sut_blocker blocker = {.tid = threads.tids[i], .function = ""};

		sut_pace_rest(looker->runtime->target->pace);
		look_at(looker, stop_running, &blocker);
		if (blocker.look == SUT_LOOK_SWITCHED || blocker.look == SUT_LOOK_CLEAN ||
		    blocker.look == SUT_LOOK_GONE ||
		    /* What lies on stacks that are nobody's own is the business of stacks.h. */
		    (blocker.look == SUT_LOOK_FOREIGN && looker->t.per_stack) ||
		    sut_thread_is_helper(looker->runtime->target, blocker.tid))
			continue;
		SUT_PUSH(looker->arena, blockers->list, blockers->count, blockers->capacity) =
			blocker;
	}
	return SUT_OK;
}

void sut_look_names(const struct sut_looker *looker, struct sut_blockers *blockers)
{
	enum { NAME_LENGTH = 1024 };
	const struct sut_target *target = looker->runtime->target;
	const struct sut_rt_transition *t = &looker->t;

	for (size_t i = 0; i < blockers->count; i++) {
		struct sut_blocker *b = &blockers->list[i];
		char name[NAME_LENGTH];
		uint64_t at;

		b->function = "";
		if (b->func < t->name_count &&
		    sut_target_read(target, t->names + b->func * sizeof(at), &at, sizeof(at)) &&
		    sut_target_read_string(target, at, name, sizeof(name)))
			b->function = sut_arena_strdup(looker->arena, name);
	}
}

/* On a stack that is not its own. */
static bool sleeps_elsewhere(const struct sut_runtime *runtime, pid_t tid)
{
	const struct sut_target *target = runtime->target;
	struct sut_thread_state state;
	struct sut_thread_stack stack;

	sut_thread_state(target, tid, &state);
	return state.activity == SUT_THREAD_ASLEEP &&
	       !sut_thread_stack(target, &runtime->layout, tid, state.sp, &stack) &&
	       /* A thread of musl's that begins or ends is on no list. */
	       (runtime->layout.home != SUT_RT_HOME_TABLE ||
		sut_thread_tcb(target, &runtime->layout, tid)) &&
	       sut_thread_slept(target, tid, &state) && !sut_thread_is_helper(target, tid);
}

enum sut_rc sut_look_before(struct sut_runtime *runtime, struct sut_arena *arena,
			    struct sut_diag *diag)
{
	struct sut_target *target = runtime->target;
	struct sut_thread_list threads;
	enum sut_rc rc = sut_thread_list(target, arena, &threads, diag);

	for (size_t i = 0; i < threads.count && rc == SUT_OK; i++) {
		struct sut_thread_state state;
		struct sut_thread_stack stack;
		unsigned char words[sizeof(struct sut_rt_thread)];

		sut_pace_rest(target->pace);
		sut_thread_glance(target, threads.tids[i], &state);
		if (state.activity != SUT_THREAD_ASLEEP)
			continue;
		if (!sut_thread_stack(target, &runtime->layout, threads.tids[i], state.sp,
				      &stack)) {
			runtime->per_stack |= sleeps_elsewhere(runtime, threads.tids[i]);
			continue;
		}
		/* In a table, and when we have been here before, the words are ours. */
		if (runtime->placed || runtime->layout.home != SUT_RT_HOME_TCB)
			continue;
		if (!sut_target_read(target, stack.tcb + SUT_RT_THREAD, words, sizeof(words)))
			continue;
		for (size_t k = 0; k < sizeof(words); k++)
			if (words[k]) {
				sut_fail(diag, SUT_UNSUPPORTED, "thread-words",
					 "process %d (%s): thread %d uses the words of its control "
					 "block that we need",
					 target->pid, target->name, threads.tids[i]);
				sut_remedy(diag, "Another tool may be in the process; restart it.");
				return SUT_UNSUPPORTED;
			}
	}
	return rc;
}
