// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A transition worked out: which function goes from whose code to whose, by which words of text,
 * through which thunk, and what must not be on a stack.
 */
#include "process/switch-build.h"
#include "process/site.h"
#include "process/switchers.h"
#include "process/thunk.h"
#include "process/words.h"

#include <stdlib.h>
#include <string.h>

/* The pieces of a record; those of a patch that is only planned lie in the plan. */
static const struct sut_rt_range *read_pieces(struct sut_switch_build *b,
					      const struct sut_rt_func *f)
{
	enum { PIECES_MAX = 1024, ALL_MAX = 1 << 22 };

	if (f->piece_count > PIECES_MAX || b->piece_count > ALL_MAX)
		return NULL;
	b->piece_count += f->piece_count;
	return sut_plan_read(b->plan, f->pieces, f->piece_count * sizeof(struct sut_rt_range));
}

/* The pieces of one version: of_kind says which of the record's, as_kind what they are here. */
static bool add_version(struct sut_switch_build *b, const struct sut_rt_func *f, uint32_t of_kind,
			uint32_t as_kind, uint32_t index)
{
	const struct sut_rt_range *pieces = read_pieces(b, f);

	for (size_t i = 0; pieces && i < f->piece_count; i++)
		if (pieces[i].kind == of_kind)
			sut_range_add(b, pieces[i].low, pieces[i].high, as_kind, index);
	return pieces != NULL;
}

/* record NULL: the original, which the site knows. */
static bool add_end(struct sut_switch_build *b, const struct sut_change *change,
		    const struct sut_rt_func *record, uint32_t as_kind, uint32_t index)
{
	return record ? add_version(b, record, SUT_RT_RANGE_NEW, as_kind, index)
		      : add_version(b, change->site, SUT_RT_RANGE_OLD, as_kind, index);
}

/* After a forced transition any older code may still run: then all of it must be left. */
static bool add_older(struct sut_switch_build *b, const struct sut_change *change, uint32_t index)
{
	const struct sut_memory_entry *list;
	bool read = true;
	size_t count;

	if (!b->memory->control.forced)
		return true;
	if (change->from && change->to)
		read = add_end(b, change, NULL, SUT_RT_RANGE_OLD, index);
	list = sut_memory_entries(b->memory, change->site->entry, change->site->entry, &count);
	for (size_t i = 0; i < count && read; i++)
		if (list[i].func != change->from && list[i].func != change->to)
			read = add_end(b, change, list[i].func, SUT_RT_RANGE_OLD, index);
	return read;
}

/* The byte that the thunks of a zone test, within their reach. */
static uint64_t dir_copy(struct sut_switch_build *b, struct sut_zone *zone)
{
	uint8_t zero[16] = {0};

	if (zone->late) {
		if (!zone->late->dir)
			zone->late->dir = sut_plan_store(b->plan, zone, zero, sizeof(zero));
		return zone->late->dir;
	}
	for (size_t i = 0; i < b->copy_count; i++)
		if (b->copies[i].zone == zone)
			return b->copies[i].address;
	SUT_PUSH(b->plan->arena, b->copies, b->copy_count, b->copy_capacity) =
		(struct dir_copy){zone, sut_plan_store(b->plan, zone, zero, sizeof(zero))};
	return b->copies[b->copy_count - 1].address;
}

/* A zone for the thunk, in reach of the entry and of both versions. */
static enum sut_rc find_zone(struct sut_switch_build *b, const struct sut_change *change,
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
static void add_entry(struct sut_switch_build *b, const struct sut_rt_func *site, uint32_t index)
{
	uint32_t callee = b->edges.callees[index], kind = SUT_RT_RANGE_ENTRY;

	kind |= callee & SUT_RT_CALLEE_TARGET ? SUT_RT_RANGE_OLD : 0;
	kind |= callee & (uint32_t)SUT_RT_CALLEE_TARGET << 1 ? SUT_RT_RANGE_NEW : 0;
	if (kind != SUT_RT_RANGE_ENTRY)
		sut_range_add(b, site->entry - 1, site->entry, kind, index);
}

/* In an object that is not there: the run-time finds the words when it comes. */
static void add_passage(struct sut_switch_build *b, const struct sut_change *change, uint64_t thunk)
{
	struct sut_late *late = sut_late_at(b->plan->lates, thunk);

	SUT_PUSH(b->plan->arena, late->passages, late->passage_count, late->passage_capacity) =
		(struct sut_rt_passage){
			.entry = change->site->entry,
			.original = change->site->original,
			.thunk = thunk,
			.from = change->from ? change->from->code : 0,
			.to = change->to ? change->to->code : 0,
		};
}

static enum sut_rc add_change(struct sut_switch_build *b, const struct sut_change *change,
			      uint32_t index, struct sut_diag *diag)
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
	struct sut_site_now now;
	enum sut_rc rc = find_zone(b, change, &zone, diag);

	if (rc != SUT_OK)
		return rc;
	thunk.address = sut_zone_core(b->plan, zone, SUT_THUNK_SIZE);
	thunk.dir = dir_copy(b, zone);
	if (!sut_thunk_emit(&thunk, code))
		return sut_fail(diag, SUT_BUG, NULL, "a thunk's targets are out of its reach");
	sut_plan_write(b->plan, thunk.address, code, SUT_THUNK_SIZE);
	if (!add_end(b, change, change->from, SUT_RT_RANGE_OLD, index) ||
	    !add_end(b, change, change->to, SUT_RT_RANGE_NEW, index) ||
	    !add_older(b, change, index))
		return sut_target_damaged(runtime->target, "a function record", diag);
	add_entry(b, site, index);
	if (zone->late) {
		add_passage(b, change, thunk.address);
		return SUT_OK;
	}
	if (!sut_words_read(b, site, thunk.address, &now))
		return site->late ? sut_late_busy(runtime->target, diag)
				  : sut_target_damaged(runtime->target, "a function record", diag);
	if (!sut_words_sound(change, &now))
		return sut_target_damaged(runtime->target, "a function record", diag);
	if (change->from)
		sut_words_from_code(b, site, &now, thunk.address,
				    change->to ? change->to->code : 0);
	else
		sut_words_from_original(b, site, &now, thunk.address, change->to->code);
	return SUT_OK;
}

static int compare_addresses(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

/* Two entries in one word would each expect the other's old bytes. */
static enum sut_rc check_words(const struct sut_switch_build *b, struct sut_diag *diag)
{
	size_t count = b->list[SUT_RT_LIST_COMMIT].count;
	uint64_t *addresses = sut_arena_array(b->plan->arena, count, sizeof(*addresses));

	for (size_t i = 0; i < count; i++)
		addresses[i] = b->list[SUT_RT_LIST_COMMIT].words[i].address;
	qsort(addresses, count, sizeof(*addresses), compare_addresses);
	for (size_t i = 1; i < count; i++)
		if (addresses[i] == addresses[i - 1])
			return sut_fail(diag, SUT_UNSUPPORTED, "entry",
					"two functions of the patch begin in one word of memory "
					"(0x%llx)",
					(unsigned long long)addresses[i]);
	return SUT_OK;
}

/*
 * What sut_core_enable() takes: the list's node, and nops for all that a replace may drop. The core
 * has it while the patch is in use, and the patch has it for the next time.
 */
static enum sut_rc add_memory(struct sut_switch_build *b, struct sut_diag *diag)
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

static void store_lists(struct sut_switch_build *b, const struct sut_change *changes, size_t count)
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
static enum sut_rc open_home(struct sut_switch_build *b, const struct sut_change *changes,
			     size_t count, struct sut_diag *diag)
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

/* Thunks for objects that are not there need memory of their own, unless their code has some. */
static enum sut_rc open_arenas(struct sut_switch_build *b, const struct sut_change *changes,
			       size_t count, struct sut_diag *diag)
{
	for (size_t i = 0; b->plan->lates && i < b->plan->lates->count; i++) {
		struct sut_late *late = b->plan->lates->list[i];
		struct sut_zone *zone;
		size_t n = 0;
		enum sut_rc rc;

		for (size_t k = 0; k < count; k++)
			n += sut_late_at(b->plan->lates, changes[k].site->entry) == late;
		if (!n || late->zone)
			continue;
		rc = sut_plan_zone(b->plan, late->object.low, late->object.high,
				   (n + 2) * SUT_THUNK_SIZE, 2048, &zone, diag);
		if (rc != SUT_OK)
			return rc;
	}
	return SUT_OK;
}

enum sut_rc sut_switch_plan(struct sut_plan *plan, const struct sut_memory *memory,
			    enum sut_switch_direction direction, uint64_t patch, bool calls,
			    const struct sut_change *changes, size_t count, uint64_t *transition,
			    struct sut_diag *diag)
{
	struct sut_runtime *runtime = plan->runtime;
	struct sut_switch_build b = {.plan = plan, .memory = memory};
	struct sut_words words;
	enum sut_rc rc;

	if (!sut_edges_plan(plan, memory, changes, count, &b.edges))
		return sut_target_damaged(runtime->target, "a function record", diag);
	rc = sut_words_choose(runtime, memory, &words, diag);
	if (rc == SUT_OK)
		rc = open_arenas(&b, changes, count, diag);
	if (rc == SUT_OK)
		rc = open_home(&b, changes, count, diag);
	sut_words_add_planned(&b);

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
		.bottom = runtime->per_stack ? sut_switches_bottom(runtime->target) : 0,
	};
	rc = sut_words_plan(plan, &words, &b.record, diag);
	for (size_t i = 0; i < count && rc == SUT_OK; i++)
		rc = add_change(&b, &changes[i], (uint32_t)i, diag);
	if (rc == SUT_OK)
		rc = check_words(&b, diag);
	if (rc != SUT_OK)
		return rc;
	sut_ranges_add_core(&b, changes, count);
	rc = sut_ranges_finish(&b, diag);
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
