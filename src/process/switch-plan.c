// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A transition worked out: which function goes from whose code to whose, by which words of text,
 * through which thunk, and what must not be on a stack.
 */
#include "process/switch.h"
#include "process/site.h"
#include "process/switch-edges.h"
#include "process/switch-ranges.h"
#include "process/thunk.h"
#include "process/words.h"

#include <string.h>

/* What sut_switch_plan() collects. */
struct builder {
	struct sut_plan *plan;
	const struct sut_memory *memory;
	struct sut_rt_transition record;
	uint64_t address; /* of the record */
	struct sut_zone *home;
	struct sut_edges edges;
	size_t copy_count, copy_capacity;
	struct dir_copy {
		const struct sut_zone *zone;
		uint64_t address;
	} * copies;
	size_t range_count, range_capacity;
	struct sut_rt_range *ranges;
	uint64_t piece_count; /* read so far */
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

/* The word of text and, for a pun, the slot, as they are now. */
struct site_now {
	uint64_t word;
	uint64_t slot;
};

/* At the end of a transition that goes where it was to go. */
static void add_end_word(struct builder *b, uint64_t address, uint64_t expect, uint64_t value)
{
	add_word(b, SUT_RT_LIST_FORWARD, address, expect, value);
	add_word(b, SUT_RT_LIST_FORCED, address, expect, value);
}

/*
 * A pun becomes a direct jump once nobody is inside the original. Where the end is forced somebody
 * may be between the five bytes, and calls go on through the slot.
 */
static void add_direct_word(struct builder *b, const struct sut_rt_func *f, uint64_t word,
			    uint64_t thunk, uint64_t code)
{
	add_word(b, SUT_RT_LIST_FORWARD, sut_site_word_address(f), word,
		 sut_site_jump_word(f, word, code));
	add_word(b, SUT_RT_LIST_FORCED, f->slot, thunk, code);
}

/* From the original to code: see the head of site.h for the two ways. */
static void words_from_original(struct builder *b, const struct sut_rt_func *f,
				const struct site_now *now, uint64_t thunk, uint64_t code)
{
	uint64_t at = sut_site_word_address(f);
	uint64_t guarded = f->flags & SUT_RT_FUNC_PUN ? sut_site_pun_word(f, now->word)
						      : sut_site_jump_word(f, now->word, thunk);

	/* The slot of a kept pun page still leads elsewhere; nobody comes by before the entry does.
	 */
	if ((f->flags & SUT_RT_FUNC_PUN) && now->slot != thunk)
		add_word(b, SUT_RT_LIST_COMMIT, f->slot, now->slot, thunk);
	add_word(b, SUT_RT_LIST_COMMIT, at, now->word, guarded);
	add_word(b, SUT_RT_LIST_BACK, at, guarded, now->word);
	if (!(f->flags & SUT_RT_FUNC_PUN))
		add_end_word(b, at, guarded, sut_site_jump_word(f, now->word, code));
	else if (f->flags & SUT_RT_FUNC_DIRECT)
		add_direct_word(b, f, guarded, thunk, code);
	else
		add_end_word(b, f->slot, thunk, code);
}

/* Is the entry taken by its pun, and not by a direct jump? */
static bool is_punned(const struct sut_rt_func *f, const struct site_now *now)
{
	return (f->flags & SUT_RT_FUNC_PUN) && now->word == sut_site_pun_word(f, f->original);
}

/* From code to other code, or (0) to the original. */
static void words_from_code(struct builder *b, const struct sut_rt_func *f,
			    const struct site_now *now, uint64_t thunk, uint64_t code)
{
	bool punned = is_punned(f, now);
	uint64_t at = sut_site_word_address(f);
	uint64_t guarded = punned ? now->word : sut_site_jump_word(f, now->word, thunk);

	if (punned) {
		add_word(b, SUT_RT_LIST_COMMIT, f->slot, now->slot, thunk);
		add_word(b, SUT_RT_LIST_BACK, f->slot, thunk, now->slot);
	} else {
		add_word(b, SUT_RT_LIST_COMMIT, at, now->word, guarded);
		add_word(b, SUT_RT_LIST_BACK, at, guarded, now->word);
	}
	if (!code)
		add_end_word(b, at, guarded, f->original);
	else if (!punned)
		add_end_word(b, at, guarded, sut_site_jump_word(f, now->word, code));
	else if (f->flags & SUT_RT_FUNC_DIRECT)
		add_direct_word(b, f, guarded, thunk, code);
	else
		add_end_word(b, f->slot, thunk, code);
}

/* The pieces of a record; those of a patch that is only planned lie in the plan. */
static const struct sut_rt_range *read_pieces(struct builder *b, const struct sut_rt_func *f)
{
	enum { PIECES_MAX = 1024, ALL_MAX = 1 << 22 };

	if (f->piece_count > PIECES_MAX || b->piece_count > ALL_MAX)
		return NULL;
	b->piece_count += f->piece_count;
	return sut_plan_read(b->plan, f->pieces, f->piece_count * sizeof(struct sut_rt_range));
}

/* The pieces of one version: of_kind says which of the record's, as_kind what they are here. */
static bool add_version(struct builder *b, const struct sut_rt_func *f, uint32_t of_kind,
			uint32_t as_kind, uint32_t index)
{
	const struct sut_rt_range *pieces = read_pieces(b, f);

	for (size_t i = 0; pieces && i < f->piece_count; i++)
		if (pieces[i].kind == of_kind)
			add_range(b, pieces[i].low, pieces[i].high, as_kind, index);
	return pieces != NULL;
}

/* record NULL: the original, which the site knows. */
static bool add_end(struct builder *b, const struct sut_change *change,
		    const struct sut_rt_func *record, uint32_t as_kind, uint32_t index)
{
	return record ? add_version(b, record, SUT_RT_RANGE_NEW, as_kind, index)
		      : add_version(b, change->site, SUT_RT_RANGE_OLD, as_kind, index);
}

/* After a forced transition any older code may still run: then all of it must be left. */
static bool add_older(struct builder *b, const struct sut_change *change, uint32_t index)
{
	bool read = true;

	if (!b->memory->control.forced)
		return true;
	if (change->from && change->to)
		read = add_end(b, change, NULL, SUT_RT_RANGE_OLD, index);
	for (size_t i = 0; i < b->memory->count && read; i++) {
		const struct sut_memory_patch *p = &b->memory->patches[i];

		for (uint32_t k = 0; k < p->record.func_count && read; k++)
			if (p->funcs[k].entry == change->site->entry &&
			    &p->funcs[k] != change->from && &p->funcs[k] != change->to)
				read = add_end(b, change, &p->funcs[k], SUT_RT_RANGE_OLD, index);
	}
	return read;
}

/* Does the slot lie in a pun page of this plan? Then it holds nothing yet. */
static bool slot_is_fresh(const struct sut_plan *plan, const struct sut_rt_func *f)
{
	for (size_t i = 0; i < plan->taken_count; i++)
		if (f->slot - plan->taken[i].address < plan->taken[i].size)
			return true;
	return false;
}

static bool read_site(struct builder *b, const struct sut_rt_func *f, uint64_t thunk,
		      struct site_now *now)
{
	const struct sut_target *target = b->plan->runtime->target;

	now->slot = thunk;
	if (!sut_target_read(target, sut_site_word_address(f), &now->word, sizeof(now->word)))
		return false;
	if (!(f->flags & SUT_RT_FUNC_PUN))
		return true;
	if (!slot_is_fresh(b->plan, f))
		return sut_target_read(target, f->slot, &now->slot, sizeof(now->slot));
	sut_plan_write(b->plan, f->slot,
		       sut_arena_memdup(b->plan->arena, &now->slot, sizeof(now->slot)),
		       sizeof(now->slot));
	return true;
}

/* A direct jump needs its five bytes in one word. The record comes from the target's memory. */
static bool is_sound(const struct sut_change *change, const struct site_now *now)
{
	const struct sut_rt_func *f = change->site;

	if (sut_site_has_room(f))
		return true;
	return (f->flags & (SUT_RT_FUNC_PUN | SUT_RT_FUNC_DIRECT)) == SUT_RT_FUNC_PUN &&
	       (!change->from || is_punned(f, now));
}

/* The byte that the thunks of a zone test, within their reach. */
static uint64_t dir_copy(struct builder *b, struct sut_zone *zone)
{
	uint8_t zero[16] = {0};

	for (size_t i = 0; i < b->copy_count; i++)
		if (b->copies[i].zone == zone)
			return b->copies[i].address;
	SUT_PUSH(b->plan->arena, b->copies, b->copy_count, b->copy_capacity) =
		(struct dir_copy){zone, sut_plan_store(b->plan, zone, zero, sizeof(zero))};
	return b->copies[b->copy_count - 1].address;
}

/* A zone for the thunk, in reach of the entry and of both versions. */
static enum sut_rc find_zone(struct builder *b, const struct sut_change *change,
			     struct sut_zone **zone, struct sut_diag *diag)
{
	enum { TEXT = 2 * SUT_THUNK_SIZE, DATA = 1024 };
	const struct sut_rt_func *ends[] = {change->from, change->to};
	uint64_t low = change->site->entry, high = low + change->site->size;

	for (int i = 0; i < 2; i++) {
		if (!ends[i])
			continue;
		low = ends[i]->code < low ? ends[i]->code : low;
		high = ends[i]->code + ends[i]->code_size > high
			       ? ends[i]->code + ends[i]->code_size
			       : high;
	}
	return sut_plan_passing_zone(b->plan, b->record.mark_new, low, high, TEXT, DATA, zone,
				     diag);
}

/* The entry itself is a place to be at, when somebody has just jumped to it. */
static void add_entry(struct builder *b, const struct sut_rt_func *site, uint32_t index)
{
	uint32_t callee = b->edges.callees[index], kind = SUT_RT_RANGE_ENTRY;

	kind |= callee & SUT_RT_CALLEE_TARGET ? SUT_RT_RANGE_OLD : 0;
	kind |= callee & (uint32_t)SUT_RT_CALLEE_TARGET << 1 ? SUT_RT_RANGE_NEW : 0;
	if (kind != SUT_RT_RANGE_ENTRY)
		add_range(b, site->entry - 1, site->entry, kind, index);
}

static enum sut_rc add_change(struct builder *b, const struct sut_change *change, uint32_t index,
			      struct sut_diag *diag)
{
	const struct sut_runtime *runtime = b->plan->runtime;
	const struct sut_rt_func *site = change->site;
	unsigned char *code = sut_arena_alloc(b->plan->arena, SUT_THUNK_SIZE);
	struct sut_thunk thunk = {
		.home = runtime->layout.home,
		.asks = runtime->per_stack,
		.mark_new = b->record.mark_new,
		.transition = b->address,
		.decide = runtime->text + runtime->header.decide,
		.callee = b->edges.callees[index],
		.old_code = change->from ? change->from->code : site->head,
		.new_code = change->to ? change->to->code : site->head,
	};
	struct sut_zone *zone;
	struct site_now now;
	enum sut_rc rc = find_zone(b, change, &zone, diag);

	if (rc != SUT_OK)
		return rc;
	thunk.address = sut_zone_core(b->plan, zone, SUT_THUNK_SIZE);
	thunk.dir = dir_copy(b, zone);
	if (!sut_thunk_emit(&thunk, code))
		return sut_fail(diag, SUT_BUG, NULL, "a thunk's targets are out of its reach");
	sut_plan_write(b->plan, thunk.address, code, SUT_THUNK_SIZE);
	if (!read_site(b, site, thunk.address, &now) || !is_sound(change, &now) ||
	    !add_end(b, change, change->from, SUT_RT_RANGE_OLD, index) ||
	    !add_end(b, change, change->to, SUT_RT_RANGE_NEW, index) ||
	    !add_older(b, change, index))
		return sut_target_damaged(runtime->target, "a function record", diag);
	add_entry(b, site, index);
	if (change->from)
		words_from_code(b, site, &now, thunk.address, change->to ? change->to->code : 0);
	else
		words_from_original(b, site, &now, thunk.address, change->to->code);
	return SUT_OK;
}

/* The jumps in pun pages, which lie in the few bytes before their slots. */
static void add_pun(struct builder *b, const struct sut_rt_func *f)
{
	if (f->flags & SUT_RT_FUNC_PUN)
		add_range(b, f->land - 1, f->slot, SUT_RT_RANGE_CORE, UINT32_MAX);
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
	for (size_t i = 0; i < b->memory->count; i++)
		for (uint32_t k = 0; k < b->memory->patches[i].record.func_count; k++)
			add_pun(b, &b->memory->patches[i].funcs[k]);
}

/* Sorts; the same range may have come twice (a pun page of an older patch). */
static enum sut_rc finish_ranges(struct builder *b, struct sut_diag *diag)
{
	const struct sut_rt_range *overlap;

	b->range_count = sut_ranges_sort(b->ranges, b->range_count, &overlap);
	if (overlap)
		return sut_fail(diag, SUT_REFUSED, "overlap",
				"process %d (%s): functions of the patch overlap at 0x%llx",
				b->plan->runtime->target->pid, b->plan->runtime->target->name,
				(unsigned long long)overlap->low);
	b->record.low = b->ranges[0].low;
	b->record.high = b->ranges[b->range_count - 1].high;
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

/*
 * What sut_core_enable() takes: the list's node, and nops for all that a replace may drop. The core
 * has it while the patch is in use, and the patch has it for the next time.
 */
static enum sut_rc add_memory(struct builder *b, struct sut_diag *diag)
{
	const struct sut_target *target = b->plan->runtime->target;
	uint64_t *words = sut_arena_array(b->plan->arena, 2, sizeof(*words));
	uint64_t size = sizeof(struct sut_core_patch) + 64;
	struct sut_zone *zone;
	enum sut_rc rc;

	for (size_t i = 0; i < b->memory->use_count; i++) {
		const struct sut_rt_patch *record = &b->memory->use[i]->record;

		size += record->object_count * sizeof(struct klp_object) +
			record->func_count * sizeof(struct klp_func);
	}
	for (size_t i = 0; i < b->memory->count; i++) {
		const struct sut_memory_patch *patch = &b->memory->patches[i];

		if (patch->address != b->record.patch || patch->record.memory_size < size)
			continue;
		b->record.memory = patch->record.memory;
		b->record.memory_size = patch->record.memory_size;
		return SUT_OK;
	}
	rc = sut_plan_zone(b->plan, target->objects[0].low, target->objects[0].high, 0, size + 16,
			   &zone, diag);
	if (rc != SUT_OK)
		return rc;
	b->record.memory = words[0] = sut_zone_data(b->plan, zone, size, 16);
	b->record.memory_size = words[1] = size;
	sut_plan_write(b->plan, b->record.patch + offsetof(struct sut_rt_patch, memory), words,
		       2 * sizeof(*words));
	return SUT_OK;
}

static void store_lists(struct builder *b, const struct sut_change *changes, size_t count)
{
	uint64_t *names = sut_arena_array(b->plan->arena, count, sizeof(*names));
	uint64_t *copies = sut_arena_array(b->plan->arena, b->copy_count, sizeof(*copies));

	for (size_t i = 0; i < count; i++)
		names[i] = changes[i].site->name;
	for (size_t i = 0; i < b->copy_count; i++)
		copies[i] = b->copies[i].address;
	b->record.names = sut_plan_store(b->plan, b->home, names, count * sizeof(*names));
	b->record.name_count = count;
	b->record.dir_copies =
		sut_plan_store(b->plan, b->home, copies, b->copy_count * sizeof(*copies));
	b->record.dir_copy_count = b->copy_count;
	for (int dir = 0; dir < 2; dir++) {
		b->record.edges[dir] =
			sut_plan_store(b->plan, b->home, b->edges.list[dir],
				       b->edges.count[dir] * sizeof(b->edges.list[dir][0]));
		b->record.edge_count[dir] = b->edges.count[dir];
	}
	b->record.ranges =
		sut_plan_store(b->plan, b->home, b->ranges, b->range_count * sizeof(b->ranges[0]));
	b->record.range_count = b->range_count;
	for (int i = 0; i < SUT_RT_LIST_COUNT; i++) {
		b->record.list[i] = sut_plan_store(b->plan, b->home, b->list[i].words,
						   b->list[i].count * sizeof(b->list[i].words[0]));
		b->record.list_count[i] = b->list[i].count;
	}
}

/* Room for the record and its lists: what each change adds, and the ranges that all have. */
static enum sut_rc open_home(struct builder *b, const struct sut_change *changes, size_t count,
			     struct sut_diag *diag)
{
	const struct sut_target *target = b->plan->runtime->target;
	uint64_t size = sizeof(b->record) + 4096;

	for (size_t i = 0; i < count; i++) {
		const struct sut_change *c = &changes[i];

		size += 512;
		size += sizeof(struct sut_rt_range) *
			(1 + c->site->piece_count + (c->from ? c->from->piece_count : 0) +
			 (c->to ? c->to->piece_count : 0));
	}
	for (size_t i = 0; i < b->memory->count; i++) {
		const struct sut_memory_patch *p = &b->memory->patches[i];

		for (uint32_t k = 0; k < p->record.func_count; k++)
			size += sizeof(struct sut_rt_range) *
				(1 + (b->memory->control.forced ? p->funcs[k].piece_count : 0));
	}
	size += sizeof(struct sut_rt_range) * (b->plan->zone_count + count + 1);
	size += (b->edges.count[0] + b->edges.count[1]) * sizeof(b->edges.list[0][0]);
	return sut_plan_passing_zone(b->plan, b->memory->control.mark_next, target->objects[0].low,
				     target->objects[0].high, 0, size, &b->home, diag);
}

enum sut_rc sut_switch_plan(struct sut_plan *plan, const struct sut_memory *memory,
			    enum sut_switch_direction direction, uint64_t patch, bool calls,
			    const struct sut_change *changes, size_t count, uint64_t *transition,
			    struct sut_diag *diag)
{
	struct sut_runtime *runtime = plan->runtime;
	struct builder b = {.plan = plan, .memory = memory};
	struct sut_words words;
	enum sut_rc rc;

	if (!sut_edges_plan(plan, memory, changes, count, &b.edges))
		return sut_target_damaged(runtime->target, "a function record", diag);
	rc = sut_words_choose(runtime, memory, &words, diag);
	if (rc == SUT_OK)
		rc = open_home(&b, changes, count, diag);
	for (size_t i = 0; i < plan->word_count; i++)
		add_word(&b, SUT_RT_LIST_COMMIT, plan->words[i].address, plan->words[i].expect,
			 plan->words[i].value);

	for (size_t i = 0; i < memory->use_count; i++)
		calls |= memory->use[i]->record.calls != 0;
	if (rc == SUT_OK && calls)
		rc = sut_plan_call_stack(plan, &memory->control, diag);
	if (rc != SUT_OK)
		return rc;
	b.address = sut_zone_data(plan, b.home, sizeof(b.record), 64);
	b.record = (struct sut_rt_transition){
		.patch = patch,
		.enables = direction == SUT_SWITCH_ENABLE,
		.calls = calls,
		.closing = memory->control.closing_next,
		.mark_new = memory->control.mark_next,
		.mark_old = memory->control.mark_next + 1,
		.stack_offset = runtime->layout.stack_offset,
		.main_tcb = runtime->layout.main_tcb,
		.main_low = runtime->layout.main_low,
		.main_high = runtime->layout.main_high,
		.per_stack = runtime->per_stack,
	};
	rc = sut_words_plan(plan, &words, &b.record, diag);
	for (size_t i = 0; i < count && rc == SUT_OK; i++)
		rc = add_change(&b, &changes[i], (uint32_t)i, diag);
	if (rc == SUT_OK)
		rc = check_words(&b, diag);
	if (rc != SUT_OK)
		return rc;
	for (size_t i = 0; i < count; i++)
		add_pun(&b, changes[i].site);
	add_core(&b);
	rc = finish_ranges(&b, diag);
	if (rc != SUT_OK)
		return rc;
	if (direction == SUT_SWITCH_ENABLE)
		rc = add_memory(&b, diag);
	if (rc != SUT_OK)
		return rc;
	store_lists(&b, changes, count);
	sut_plan_write(plan, b.address, sut_arena_memdup(plan->arena, &b.record, sizeof(b.record)),
		       sizeof(b.record));
	*transition = b.address;
	return SUT_OK;
}
