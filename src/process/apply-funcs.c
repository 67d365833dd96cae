// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The records of a patch's functions. Where an object may come or come again there are two of each:
 * see struct sut_rt_func.late.
 */
#include "process/apply.h"
#include "process/site.h"

#include <string.h>

uint64_t sut_application_func_size(const struct sut_patch_func *func)
{
	enum { EACH = 64, MORE = 4 };

	return EACH * (func->piece_count + func->new_piece_count + func->old_jumps.count +
		       func->new_jumps.count + MORE);
}

/* Another patch, in use or not, has head and pun page of this entry. */
static bool reuse_site(const struct sut_application *a, uint64_t entry, struct sut_rt_func *func)
{
	const struct sut_memory_patch *owner;
	bool taken = sut_memory_top(&a->memory, entry, NULL, &owner) != NULL;
	const struct sut_memory_entry *list;
	size_t count;

	list = sut_memory_entries(&a->memory, entry, entry, &count);
	for (size_t i = 0; i < count; i++) {
		const struct sut_rt_func *kept = list[i].func;

		if (!taken && kept->flags & SUT_RT_FUNC_PLAIN)
			continue;
		func->entry = entry;
		func->size = kept->size;
		func->original = kept->original;
		func->head = kept->head;
		func->slot = kept->slot;
		func->land = kept->land;
		func->pun = kept->pun;
		func->pun_mask = kept->pun_mask;
		func->flags = kept->flags;
		return true;
	}
	return false;
}

static uint64_t store_pieces(struct sut_application *a, const struct sut_patch_func *func,
			     uint64_t *count)
{
	uint64_t bias = a->objects[func->object]->bias;
	size_t n = 0, total = func->piece_count + 1 + func->new_piece_count;
	struct sut_rt_range *pieces = sut_arena_array(a->arena, total, sizeof(*pieces));

	for (size_t i = 0; i < func->piece_count; i++) {
		uint64_t start = bias + func->pieces[i].address;

		pieces[n++] = (struct sut_rt_range){start, start + func->pieces[i].size,
						    SUT_RT_RANGE_OLD, 0};
	}
	for (size_t i = 0; i <= func->new_piece_count; i++) {
		uint32_t symbol = i ? func->new_pieces[i - 1] : func->symbol;
		uint64_t start = a->link.symbols[symbol];

		/* A thunk may just have jumped to its first byte: that is inside. */
		pieces[n++] =
			(struct sut_rt_range){start - 1, start + a->laid->symbols[symbol].size,
					      SUT_RT_RANGE_NEW, 0};
	}
	*count = n;
	return sut_plan_store(&a->plan, a->home, pieces, n * sizeof(*pieces));
}

static size_t add_jumps(const struct sut_application *a, const struct sut_patch_func *func,
			const struct sut_patch_jumps *from, uint64_t kind, struct sut_rt_jump *to)
{
	size_t n = 0;

	for (size_t i = 0; i < from->count; i++)
		to[n++] = (struct sut_rt_jump){a->objects[func->object]->bias + from->targets[i],
					       kind};
	if (from->anywhere)
		to[n++] = (struct sut_rt_jump){SUT_RT_JUMP_ANYWHERE, kind};
	if (from->elsewhere)
		to[n++] = (struct sut_rt_jump){SUT_RT_JUMP_ELSEWHERE, kind};
	return n;
}

static uint64_t store_jumps(struct sut_application *a, const struct sut_patch_func *func,
			    uint64_t *count)
{
	size_t n = func->old_jumps.count + func->new_jumps.count + 4;
	struct sut_rt_jump *jumps = sut_arena_array(a->arena, n, sizeof(*jumps));

	n = add_jumps(a, func, &func->old_jumps, SUT_RT_RANGE_OLD, jumps);
	n += add_jumps(a, func, &func->new_jumps, SUT_RT_RANGE_NEW, jumps + n);
	*count = n;
	return n ? sut_plan_store(&a->plan, a->home, jumps, n * sizeof(*jumps)) : 0;
}

static enum sut_rc read_pieces(const struct sut_application *a, const struct sut_patch_func *func,
			       struct sut_site_piece **pieces, struct sut_diag *diag)
{
	*pieces = sut_arena_array(a->arena, func->piece_count, sizeof(**pieces));
	for (size_t i = 0; i < func->piece_count; i++) {
		size_t size = func->pieces[i].size;
		uint64_t address = a->objects[func->object]->bias + func->pieces[i].address;
		void *code = sut_arena_alloc(a->arena, size);

		if (!sut_target_read(&a->target, address, code, size))
			return sut_target_lost(&a->target, diag);
		(*pieces)[i] = (struct sut_site_piece){address, code, size};
	}
	return SUT_OK;
}

static enum sut_rc plan_site(struct sut_application *a, const struct sut_patch_func *func,
			     struct sut_rt_func *out, struct sut_diag *diag)
{
	struct sut_site_piece *pieces;
	enum sut_rc rc = read_pieces(a, func, &pieces, diag);

	return rc == SUT_OK ? sut_site_plan(&a->plan, a->zones[func->object], func->name, pieces,
					    func->piece_count, out, diag)
			    : rc;
}

/* A name and lists of its own: see struct sut_rt_func. */
static void store_lists(struct sut_application *a, const struct sut_patch_func *func,
			struct sut_rt_func *out)
{
	out->name = sut_plan_string(&a->plan, a->home, func->name);
	out->pieces = store_pieces(a, func, &out->piece_count);
	out->jumps = store_jumps(a, func, &out->jump_count);
}

static enum sut_rc plan_func(struct sut_application *a, const struct sut_patch_func *func,
			     struct sut_rt_func *out, struct sut_diag *diag)
{
	uint64_t entry = a->objects[func->object]->bias + func->pieces[0].address;

	enum sut_rc rc = SUT_OK;

	out->object = func->object;
	if (a->zones[func->object]->late)
		rc = sut_late_site(&a->plan, a->zones[func->object], func, out, diag);
	else if (!reuse_site(a, entry, out))
		rc = plan_site(a, func, out, diag);
	if (rc != SUT_OK)
		return rc;
	out->code = a->link.symbols[func->symbol];
	out->code_size = a->laid->symbols[func->symbol].size;
	store_lists(a, func, out);
	return SUT_OK;
}

/* Goes on behind a function whose entry cannot be taken, so that all of them are known at once. */
static enum sut_rc plan_each(struct sut_application *a, size_t *records, struct sut_diag *diag)
{
	size_t capacity = 0;

	for (size_t i = 0; i < a->laid->func_count; i++) {
		const struct sut_patch_func *func = &a->laid->funcs[i];
		struct sut_diag further;
		enum sut_rc rc;

		sut_pace_rest(a->target.pace);
		if (func->kind != SUT_PATCH_FUNC_CHANGED)
			continue;
		records[i] = a->func_count++;
		rc = plan_func(a, func, &a->funcs[records[i]], a->refused_count ? &further : diag);
		if (rc == SUT_UNSUPPORTED)
			SUT_PUSH(a->arena, a->refused, a->refused_count, capacity) = func->name;
		else if (rc != SUT_OK && a->refused_count)
			*diag = further;
		if (rc != SUT_OK && rc != SUT_UNSUPPORTED)
			return rc;
	}
	if (a->refused_count > 1)
		sut_context(diag, SUT_UNSUPPORTED, "so it is with %zu of its %zu functions",
			    a->refused_count, a->func_count);
	return a->refused_count ? SUT_UNSUPPORTED : SUT_OK;
}

static void pair(struct sut_application *a, size_t planned, size_t instance)
{
	a->funcs[planned].flags |= SUT_RT_FUNC_PLANNED;
	a->funcs[planned].instance = instance;
	a->funcs[instance].late = a->funcs[planned].late;
}

/* What was planned of an object that is not there is for the next one; there is none now. */
static void pair_absent(struct sut_application *a, const size_t *records)
{
	for (size_t i = 0; i < a->patch->func_count; i++) {
		const struct sut_patch_func *func = &a->patch->funcs[i];
		struct sut_rt_func *f = &a->funcs[records[i]];

		if (func->kind != SUT_PATCH_FUNC_CHANGED || !a->zones[func->object]->late)
			continue;
		a->funcs[a->func_count] = *f;
		store_lists(a, func, &a->funcs[a->func_count]);
		f->flags |= SUT_RT_FUNC_GONE;
		pair(a, a->func_count++, records[i]);
	}
}

/* Functions of objects that come again are behind all others, in their order: see again.h. */
static void pair_again(struct sut_application *a, const size_t *records)
{
	size_t first = 0;

	for (size_t i = a->patch->func_count; i < a->laid->func_count; i++) {
		while (a->patch->funcs[first].pieces != a->laid->funcs[i].pieces)
			first++;
		pair(a, records[i], records[first]);
	}
}

/* Those of objects that have no plan for the next instance. */
static void note(struct sut_application *a, const size_t *records)
{
	for (size_t i = 0; i < a->patch->func_count; i++) {
		const struct sut_patch_func *func = &a->patch->funcs[i];
		const struct sut_late *late = a->noticed[func->object];

		if (late && func->kind == SUT_PATCH_FUNC_CHANGED)
			a->funcs[records[i]].late = late->record ? late->record : 1;
	}
}

enum sut_rc sut_application_plan_funcs(struct sut_application *a, struct sut_diag *diag)
{
	size_t *records = sut_arena_array(a->arena, a->laid->func_count, sizeof(*records));
	enum sut_rc rc;

	a->funcs = sut_arena_array(a->arena, 2 * a->laid->func_count, sizeof(a->funcs[0]));
	rc = plan_each(a, records, diag);
	if (rc != SUT_OK)
		return rc;
	note(a, records);
	pair_again(a, records);
	pair_absent(a, records);
	return SUT_OK;
}
