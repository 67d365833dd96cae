// SPDX-License-Identifier: GPL-2.0-or-later
#include "process/switch.h"
#include "process/site.h"
#include "process/thunk.h"
#include "base/guard.h"
#include "base/io.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* What sut_switch_plan() collects. */
struct builder {
	struct sut_plan *plan;
	enum sut_switch_direction direction;
	struct sut_rt_transition record;
	uint64_t address; /* of the record */
	uint64_t *dir_copies;
	size_t range_count, range_capacity;
	struct sut_rt_range *ranges;
	struct {
		size_t count, capacity;
		struct sut_rt_word *words;
	} list[SUT_RT_LIST_COUNT];
};

static void add_word(struct builder *b, enum sut_rt_list list, uint64_t address, uint64_t expect,
		     uint64_t value)
{
	SUT_PUSH(b->plan->arena, b->list[list].words, b->list[list].count, b->list[list].capacity) =
		(struct sut_rt_word){address, expect, value};
}

static void add_range(struct builder *b, uint64_t low, uint64_t high, uint32_t kind, uint32_t func)
{
	SUT_PUSH(b->plan->arena, b->ranges, b->range_count, b->range_capacity) =
		(struct sut_rt_range){low, high, kind, func};
}

/* Words of a function that leaves the original: see the head of site.h for the two ways. */
static void words_to_patch(struct builder *b, const struct sut_rt_func *f, uint64_t word,
			   uint64_t slot, uint64_t thunk)
{
	uint64_t at = sut_site_word_address(f);
	uint64_t guarded = f->flags & SUT_RT_FUNC_PUN ? sut_site_pun_word(f, word)
						      : sut_site_jump_word(f, word, thunk);

	/* The slot of a kept pun page still leads elsewhere; nobody comes by before the entry does.
	 */
	if ((f->flags & SUT_RT_FUNC_PUN) && slot != thunk)
		add_word(b, SUT_RT_LIST_COMMIT, f->slot, slot, thunk);
	add_word(b, SUT_RT_LIST_COMMIT, at, word, guarded);
	add_word(b, SUT_RT_LIST_BACK, at, guarded, word);
	if (f->flags & SUT_RT_FUNC_DIRECT)
		add_word(b, SUT_RT_LIST_FORWARD, at, guarded, sut_site_jump_word(f, word, f->code));
	else
		add_word(b, SUT_RT_LIST_FORWARD, f->slot, thunk, f->code);
}

static void words_to_original(struct builder *b, const struct sut_rt_func *f, uint64_t word,
			      uint64_t slot, uint64_t thunk)
{
	uint64_t at = sut_site_word_address(f);
	uint64_t guarded = sut_site_jump_word(f, word, thunk);

	if (f->flags & SUT_RT_FUNC_DIRECT) {
		add_word(b, SUT_RT_LIST_COMMIT, at, word, guarded);
		add_word(b, SUT_RT_LIST_BACK, at, guarded, word);
		add_word(b, SUT_RT_LIST_FORWARD, at, guarded, f->original);
	} else {
		add_word(b, SUT_RT_LIST_COMMIT, f->slot, slot, thunk);
		add_word(b, SUT_RT_LIST_BACK, f->slot, thunk, slot);
		add_word(b, SUT_RT_LIST_FORWARD, at, word, f->original);
	}
}

/* A zone for the thunks of each object, in reach of its entries and of the patch's code. */
enum sut_rc sut_switch_zones(struct sut_plan *plan, const struct sut_memory_patch *p,
			     struct sut_zone ***zones, size_t *count, struct sut_diag *diag)
{
	enum { PER_FUNC = 1024, FIXED = 4096, OBJECTS_MAX = 4096 };
	enum sut_rc rc = SUT_OK;

	*count = 0;
	for (uint32_t i = 0; i < p->record.func_count; i++)
		if (p->funcs[i].object >= *count)
			*count = p->funcs[i].object + 1;
	if (*count == 0 || *count > OBJECTS_MAX)
		return sut_target_damaged(plan->runtime->target, "a patch record", diag);
	*zones = sut_arena_array(plan->arena, *count, sizeof(**zones));
	for (size_t object = 0; object < *count && rc == SUT_OK; object++) {
		uint64_t low = UINT64_MAX, high = 0, size = FIXED + PER_FUNC * p->record.func_count;

		for (uint32_t i = 0; i < p->record.func_count; i++) {
			const struct sut_rt_func *f = &p->funcs[i];

			if (f->object != object)
				continue;
			low = f->entry < low ? f->entry : low;
			low = f->code < low ? f->code : low;
			high = f->entry + f->size > high ? f->entry + f->size : high;
			high = f->code + f->code_size > high ? f->code + f->code_size : high;
			size += 64 * f->piece_count;
		}
		if (high) /* else no function of this object changed: its zone is not used */
			rc = sut_plan_zone(plan, low, high, size, size, &(*zones)[object], diag);
	}
	for (size_t object = 0; object < *count; object++)
		if (!(*zones)[object])
			(*zones)[object] = (*zones)[p->funcs[0].object];
	return rc;
}

/* Old and new pieces of one function, seen from this direction. */
static enum sut_rc add_pieces(struct builder *b, const struct sut_rt_func *f, uint32_t index,
			      struct sut_diag *diag)
{
	enum { PIECES_MAX = 1024 };
	struct sut_rt_range *pieces;
	size_t size = f->piece_count * sizeof(*pieces);

	if (f->piece_count > PIECES_MAX)
		return sut_target_damaged(b->plan->runtime->target, "a function record", diag);
	pieces = sut_arena_alloc(b->plan->arena, size);
	/* Pieces of a patch that is only planned lie in the plan, not in memory yet. */
	for (size_t i = 0; i < b->plan->write_count; i++)
		if (b->plan->writes[i].address == f->pieces && b->plan->writes[i].size == size) {
			memcpy(pieces, b->plan->writes[i].data, size);
			goto found;
		}
	if (!sut_target_read(b->plan->runtime->target, f->pieces, pieces, size))
		return sut_target_damaged(b->plan->runtime->target, "a function record", diag);
found:
	for (size_t i = 0; i < f->piece_count; i++) {
		uint32_t kind = pieces[i].kind;

		if (b->direction == SUT_SWITCH_TO_ORIGINAL)
			kind = kind == SUT_RT_RANGE_OLD ? SUT_RT_RANGE_NEW : SUT_RT_RANGE_OLD;
		add_range(b, pieces[i].low, pieces[i].high, kind, index);
	}
	return SUT_OK;
}

/* Does the slot lie in a pun page of this plan? Then it holds nothing yet. */
static bool slot_is_fresh(const struct sut_plan *plan, const struct sut_rt_func *f)
{
	for (size_t i = 0; i < plan->taken_count; i++)
		if (f->slot - plan->taken[i].address < plan->taken[i].size)
			return true;
	return false;
}

static enum sut_rc add_function(struct builder *b, const struct sut_rt_func *f, uint32_t index,
				struct sut_zone *zone, struct sut_diag *diag)
{
	const struct sut_runtime *runtime = b->plan->runtime;
	bool to_patch = b->direction == SUT_SWITCH_TO_PATCH;
	unsigned char *code = sut_arena_alloc(b->plan->arena, SUT_THUNK_SIZE);
	struct sut_thunk thunk = {
		.address = sut_zone_core(b->plan, zone, SUT_THUNK_SIZE),
		.mark_new = b->record.mark_new,
		.dir = b->dir_copies[f->object],
		.transition = b->address,
		.decide = runtime->text + runtime->header.decide,
		.old_code = to_patch ? f->head : f->code,
		.new_code = to_patch ? f->code : f->head,
	};
	uint64_t word, slot = thunk.address;

	if (!sut_thunk_emit(&thunk, code))
		return sut_fail(diag, SUT_BUG, NULL, "a thunk's targets are out of its reach");
	sut_plan_write(b->plan, thunk.address, code, SUT_THUNK_SIZE);
	if (!sut_target_read(runtime->target, sut_site_word_address(f), &word, sizeof(word)))
		return sut_target_damaged(b->plan->runtime->target, "a function record", diag);
	if (f->flags & SUT_RT_FUNC_PUN) {
		if (slot_is_fresh(b->plan, f))
			sut_plan_write(b->plan, f->slot,
				       sut_arena_memdup(b->plan->arena, &slot, sizeof(slot)),
				       sizeof(slot));
		else if (!sut_target_read(runtime->target, f->slot, &slot, sizeof(slot)))
			return sut_target_damaged(b->plan->runtime->target, "a function record",
						  diag);
	}
	if (to_patch)
		words_to_patch(b, f, word, slot, thunk.address);
	else
		words_to_original(b, f, word, slot, thunk.address);
	return add_pieces(b, f, index, diag);
}

/* The jumps in pun pages, which lie in the few bytes before their slots. */
static void add_puns(struct builder *b, const struct sut_rt_func *funcs, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (funcs[i].flags & SUT_RT_FUNC_PUN)
			add_range(b, funcs[i].slot - SUT_PUN_CODE_MAX, funcs[i].slot,
				  SUT_RT_RANGE_CORE, UINT32_MAX);
}

/* Where a decision may be pending: the run-time, thunks and heads of every zone, pun pages. */
static void add_core(struct builder *b)
{
	const struct sut_runtime *runtime = b->plan->runtime;

	add_range(b, runtime->text - 1, runtime->text + runtime->header.size, SUT_RT_RANGE_CORE,
		  UINT32_MAX);
	for (size_t i = 0; i < b->plan->zone_count; i++) {
		const struct sut_rt_zone *zone = &b->plan->zones[i]->record;

		add_range(b, zone->text - 1, zone->text + zone->core_used, SUT_RT_RANGE_CORE,
			  UINT32_MAX);
	}
}

static int compare_ranges(const void *a, const void *b)
{
	const struct sut_rt_range *left = a, *right = b;

	return left->low != right->low ? (left->low > right->low ? 1 : -1)
				       : (left->high > right->high) - (left->high < right->high);
}

/* Sorts; the same range may have come twice (a pun page of an older patch). */
static enum sut_rc finish_ranges(struct builder *b, struct sut_diag *diag)
{
	size_t kept = 0;

	qsort(b->ranges, b->range_count, sizeof(b->ranges[0]), compare_ranges);
	for (size_t i = 0; i < b->range_count; i++) {
		if (kept && compare_ranges(&b->ranges[kept - 1], &b->ranges[i]) == 0)
			continue;
		if (kept && b->ranges[i].low < b->ranges[kept - 1].high)
			return sut_fail(diag, SUT_REFUSED, "overlap",
					"process %d (%s): functions of the patch overlap at 0x%llx",
					b->plan->runtime->target->pid,
					b->plan->runtime->target->name,
					(unsigned long long)b->ranges[i].low);
		b->ranges[kept++] = b->ranges[i];
	}
	b->range_count = kept;
	b->record.low = b->ranges[0].low;
	b->record.high = b->ranges[kept - 1].high;
	return SUT_OK;
}

/* Two entries in one word would each expect the other's old bytes. */
static enum sut_rc check_words(const struct builder *b, struct sut_diag *diag)
{
	const struct sut_rt_word *words = b->list[SUT_RT_LIST_COMMIT].words;

	for (size_t i = 0; i < b->list[SUT_RT_LIST_COMMIT].count; i++)
		for (size_t k = 0; k < i; k++)
			if (words[i].address == words[k].address)
				return sut_fail(diag, SUT_UNSUPPORTED, "entry",
						"two functions of the patch begin in one word of "
						"memory (0x%llx)",
						(unsigned long long)words[i].address);
	return SUT_OK;
}

enum sut_rc sut_switch_plan(struct sut_plan *plan, enum sut_switch_direction direction,
			    uint64_t patch, const struct sut_rt_func *funcs, size_t func_count,
			    struct sut_zone **zones, size_t zone_count,
			    const struct sut_rt_func *older, size_t older_count,
			    uint64_t *transition, struct sut_diag *diag)
{
	struct sut_runtime *runtime = plan->runtime;
	struct builder b = {.plan = plan, .direction = direction};
	struct sut_rt_control control = {0};
	struct sut_zone *home = zones[0];
	uint8_t zero[16] = {0};
	enum sut_rc rc = sut_runtime_control(runtime, &control, diag);

	if (rc != SUT_OK)
		return rc;
	b.address = sut_zone_data(plan, home, sizeof(b.record), 64);
	b.record = (struct sut_rt_transition){
		.patch = patch,
		.mark_new = control.mark_next,
		.mark_old = control.mark_next + 1,
		.stack_offset = runtime->layout.stack_offset,
		.main_tcb = runtime->layout.main_tcb,
		.main_low = runtime->layout.main_low,
		.main_high = runtime->layout.main_high,
		.dir_copy_count = zone_count,
	};
	b.dir_copies = sut_arena_array(plan->arena, zone_count, sizeof(uint64_t));
	for (size_t i = 0; i < zone_count; i++)
		b.dir_copies[i] = sut_plan_store(plan, zones[i], zero, sizeof(zero));
	for (size_t i = 0; i < func_count && rc == SUT_OK; i++)
		rc = add_function(&b, &funcs[i], (uint32_t)i, zones[funcs[i].object], diag);
	if (rc == SUT_OK)
		rc = check_words(&b, diag);
	if (rc != SUT_OK)
		return rc;
	add_puns(&b, funcs, func_count);
	add_puns(&b, older, older_count);
	add_core(&b);
	rc = finish_ranges(&b, diag);
	if (rc != SUT_OK)
		return rc;
	b.record.ranges = sut_plan_store(plan, home, b.ranges, b.range_count * sizeof(b.ranges[0]));
	b.record.range_count = b.range_count;
	b.record.dir_copies = sut_plan_store(plan, home, b.dir_copies, zone_count * 8);
	for (int i = 0; i < SUT_RT_LIST_COUNT; i++) {
		b.record.list[i] = sut_plan_store(plan, home, b.list[i].words,
						  b.list[i].count * sizeof(b.list[i].words[0]));
		b.record.list_count[i] = b.list[i].count;
	}
	sut_plan_write(plan, b.address, sut_arena_memdup(plan->arena, &b.record, sizeof(b.record)),
		       sizeof(b.record));
	*transition = b.address;
	return SUT_OK;
}

enum sut_rc sut_switch_read(const struct sut_runtime *runtime, uint64_t address,
			    struct sut_rt_transition *transition, struct sut_diag *diag)
{
	if (sut_target_read(runtime->target, address, transition, sizeof(*transition)) &&
	    transition->mark_old == transition->mark_new + 1 && transition->dir <= 1)
		return SUT_OK;
	return sut_target_damaged(runtime->target, "the transition record", diag);
}

enum sut_rc sut_switch_commit(struct sut_runtime *runtime, uint64_t transition,
			      enum sut_rt_state state, struct sut_diag *diag)
{
	struct sut_runtime_op op = {.op = SUT_RT_OP_COMMIT,
				    .argument = transition,
				    .state_after = state};
	struct sut_target *target = runtime->target;
	struct sut_rt_transition t;
	int64_t result;
	uint32_t mark;
	enum sut_rc rc = sut_switch_read(runtime, transition, &t, diag);

	if (rc != SUT_OK)
		return rc;
	/* Spent before it is used: whatever happens next, no later transition has these marks. */
	mark = t.mark_new + 2;
	if (!sut_target_write(target, runtime->control + offsetof(struct sut_rt_control, mark_next),
			      &mark, sizeof(mark)))
		return sut_target_lost(target, diag);
	rc = sut_runtime_run(runtime, &op, &result, diag);
	if (rc != SUT_OK || result == SUT_RT_DONE)
		return rc;
	if (result == SUT_RT_CHANGED) {
		sut_fail(diag, SUT_REFUSED, "bytes",
			 "process %d (%s): the entry of a function changed meanwhile; everything "
			 "is as before",
			 target->pid, target->name);
		sut_remedy(diag,
			   "Another patcher or debugger is at work; remove it, then try again.");
		return SUT_REFUSED;
	}
	sut_fail(diag, SUT_REFUSED, "protection",
		 "process %d (%s): its text cannot be changed: %s; everything is as before",
		 target->pid, target->name, strerror((int)-result));
	sut_remedy(diag, "A security policy (SELinux execmod, or an old kernel) forbids it.");
	return SUT_REFUSED;
}

enum sut_rc sut_switch_reverse(struct sut_runtime *runtime, uint64_t transition,
			       struct sut_diag *diag)
{
	enum { COPIES_MAX = 4096 };
	struct sut_rt_transition t;
	uint8_t one = 1;
	enum sut_rc rc = sut_switch_read(runtime, transition, &t, diag);
	bool written;

	if (rc != SUT_OK)
		return rc;
	/* The word that decisions read is first; the copies only send threads to a decision. */
	written = sut_target_write(runtime->target,
				   transition + offsetof(struct sut_rt_transition, dir), &one, 1);
	for (uint64_t i = 0; i < t.dir_copy_count && i < COPIES_MAX && written; i++) {
		uint64_t copy;

		written = sut_target_read(runtime->target, t.dir_copies + 8 * i, &copy,
					  sizeof(copy)) &&
			  sut_target_write(runtime->target, copy, &one, 1);
	}
	return written ? SUT_OK : sut_target_lost(runtime->target, diag);
}

static enum sut_rc read_state(const struct sut_runtime *runtime, const struct sut_rt_transition *t,
			      enum sut_rt_state *state, struct sut_diag *diag)
{
	struct sut_rt_patch patch;

	if (!sut_target_read(runtime->target, t->patch, &patch, sizeof(patch)) ||
	    patch.state < SUT_RT_LOADED || patch.state > SUT_RT_REVERTED)
		return sut_target_damaged(runtime->target, "the patch record", diag);
	*state = (enum sut_rt_state)patch.state;
	return SUT_OK;
}

/* The state of the patch once this transition has closed. */
static enum sut_rc state_after(const struct sut_runtime *runtime, const struct sut_rt_transition *t,
			       enum sut_rt_state *state, struct sut_diag *diag)
{
	enum sut_rt_state now = SUT_RT_LOADED;
	enum sut_rc rc = read_state(runtime, t, &now, diag);

	if (rc == SUT_OK)
		*state = (now == SUT_RT_APPLYING) == (t->dir == 0) ? SUT_RT_APPLIED
								   : SUT_RT_REVERTED;
	return rc;
}

/* *closed: whether it did. Not closed is no failure: a source answer came in between. */
static enum sut_rc try_close(struct sut_runtime *runtime, uint64_t transition,
			     const struct sut_rt_transition *t, bool *closed, struct sut_diag *diag)
{
	struct sut_runtime_op op = {.op = SUT_RT_OP_CLOSE,
				    .argument = transition,
				    .expect = t->closing};
	int64_t result;
	enum sut_rc rc = state_after(runtime, t, &op.state_after, diag);

	if (rc == SUT_OK)
		rc = sut_runtime_run(runtime, &op, &result, diag);
	if (rc != SUT_OK)
		return rc;
	*closed = result == SUT_RT_DONE;
	if (*closed || result == SUT_RT_LOST)
		return SUT_OK;
	sut_fail(
		diag, SUT_REFUSED, "bytes",
		"process %d (%s): every thread has gone over, but an entry's bytes were changed by "
		"somebody else; calls still go through the thunks",
		runtime->target->pid, runtime->target->name);
	sut_remedy(diag, "Remove the other patcher or debugger, then run the command again.");
	return SUT_REFUSED;
}

static enum sut_rc blocked(const struct sut_runtime *runtime, const struct sut_blockers *blockers,
			   uint64_t wait_ns, struct sut_diag *diag)
{
	if (blockers->count)
		sut_fail(diag, SUT_RETRY, "blocked",
			 "process %d (%s): %zu of %zu threads have not gone over after %.1f s; the "
			 "transition goes on by itself",
			 runtime->target->pid, runtime->target->name, blockers->count,
			 blockers->threads, (double)wait_ns / 1e9);
	else
		sut_fail(
			diag, SUT_RETRY, "stack-switch",
			"process %d (%s): patched functions were called %llu times on a stack that "
			"is no thread's own; nothing proves that none of them is still in use "
			"there",
			runtime->target->pid, runtime->target->name,
			(unsigned long long)blockers->foreign);
	sut_remedy(
		diag,
		"Run the same command again to finish it; `suture status pid:%d` says who blocks, "
		"`suture revert` takes an apply back.",
		runtime->target->pid);
	return SUT_RETRY;
}

static bool any_foreign(const struct sut_blockers *blockers)
{
	for (size_t i = 0; i < blockers->count; i++)
		if (blockers->list[i].look == SUT_LOOK_FOREIGN)
			return true;
	return false;
}

static enum sut_rc follow(struct sut_runtime *runtime, uint64_t transition,
			  const struct sut_effect_options *options, struct sut_arena *arena,
			  struct sut_blockers *blockers, struct sut_diag *diag)
{
	enum { STOP_AFTER_NS = 20 * 1000 * 1000, PAUSE_MIN_US = 50, PAUSE_MAX_US = 5000 };
	enum { REST = 4 }; /* times the time that stopping took, to leave threads alone after it */
	uint64_t start = sut_now_ns(), stop_at = STOP_AFTER_NS;
	unsigned int pause_us = PAUSE_MIN_US;
	bool closed = false;

	for (;;) {
		struct sut_looker looker;
		uint64_t waited = sut_now_ns() - start;
		/* `closing` is read before the looks: closing compares it afterwards. */
		enum sut_rc rc = sut_looker_init(&looker, runtime, transition, arena, diag);

		if (rc == SUT_OK)
			rc = sut_look_all(&looker, waited > stop_at, blockers, diag);
		if (rc != SUT_OK)
			return rc;
		/*
		 * On a machine with too few cores a thread that is stopped each time before it
		 * gets to run would never get on.
		 */
		if (waited > stop_at)
			stop_at = waited + (1 + REST) * (sut_now_ns() - start - waited);
		blockers->foreign = looker.t.foreign;
		if ((looker.t.closing & 1) || (!blockers->count && !looker.t.foreign)) {
			rc = try_close(runtime, transition, &looker.t, &closed, diag);
			if (rc != SUT_OK || closed)
				return rc;
		}
		if (waited > options->wait_ns)
			return blocked(runtime, blockers, options->wait_ns, diag);
		if (options->progress && waited > STOP_AFTER_NS)
			options->progress(options->context, blockers);
		usleep(pause_us);
		pause_us = pause_us * 2 > PAUSE_MAX_US ? PAUSE_MAX_US : pause_us * 2;
		/* Threads born meanwhile sleep on stacks that older maps do not show. */
		if (any_foreign(blockers))
			rc = sut_target_refresh(runtime->target, diag);
		if (rc != SUT_OK)
			return rc;
	}
}

/* What a controller that died may have left half-way: not armed, or not all copies of dir set. */
static enum sut_rc take_over(struct sut_runtime *runtime, uint64_t transition,
			     struct sut_diag *diag)
{
	struct sut_rt_transition t;
	enum sut_rt_state state = SUT_RT_LOADED;
	enum sut_rc rc = sut_switch_read(runtime, transition, &t, diag);

	if (rc == SUT_OK && !t.armed)
		rc = read_state(runtime, &t, &state, diag);
	if (rc == SUT_OK && !t.armed)
		rc = sut_switch_commit(runtime, transition, state, diag);
	if (rc == SUT_OK && t.dir)
		rc = sut_switch_reverse(runtime, transition, diag);
	return rc;
}

enum sut_rc sut_switch_finish(struct sut_runtime *runtime, uint64_t transition,
			      const struct sut_effect_options *options, struct sut_arena *arena,
			      struct sut_effect *effect, struct sut_diag *diag)
{
	struct sut_rt_transition t;
	struct sut_diag ignored;
	enum sut_rc rc = take_over(runtime, transition, diag);

	if (rc == SUT_OK)
		rc = follow(runtime, transition, options, arena, &effect->blockers, diag);
	sut_runtime_tidy(runtime, true);
	effect->threads = effect->blockers.threads;
	effect->cost = runtime->cost;
	if (sut_switch_read(runtime, transition, &t, &ignored) == SUT_OK)
		read_state(runtime, &t, &effect->state, &ignored);
	return rc;
}
