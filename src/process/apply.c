// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Applying a patch. Everything is found out and worked out before the target is touched; then
 * memory is added that nothing refers to; then one operation changes the entries and arms. A
 * controller that dies leaves either nothing or a transition that runs by itself.
 */
#include "process/apply.h"
#include "process/drive.h"
#include "process/model.h"
#include "process/site.h"
#include "process/tables.h"
#include "base/io.h"

#include <elf.h>
#include <stdio.h>
#include <string.h>

/* What the lists of a function take in the target, and more. */
static uint64_t variable_size(const struct sut_patch_func *func)
{
	return 64 * (func->piece_count + func->new_piece_count + func->old_jumps.count +
		     func->new_jumps.count + 4);
}

static enum sut_rc plan_zones(struct sut_application *a, struct sut_diag *diag)
{
	enum { PER_FUNC = 1024, FIXED = 4096 };

	const struct sut_object *near = &a->target.objects[0];
	uint64_t all = FIXED + sut_model_size(a->patch);
	enum sut_rc rc = SUT_OK;

	a->zones = sut_arena_array(a->arena, a->patch->object_count, sizeof(a->zones[0]));
	for (uint32_t i = 0; i < a->patch->object_count && rc == SUT_OK; i++) {
		uint64_t records = FIXED, text, data;

		sut_link_size(a->patch, i, &text, &data);
		for (size_t k = 0; k < a->patch->func_count; k++)
			if (a->patch->funcs[k].object == i)
				records += PER_FUNC + variable_size(&a->patch->funcs[k]);
		all += records;
		rc = sut_plan_zone(&a->plan, a->objects[i]->low, a->objects[i]->high,
				   text + records, data + records, &a->zones[i], diag);
	}
	/* What describes the patch stays, whatever object comes or goes. */
	return rc == SUT_OK ? sut_plan_zone(&a->plan, near->low, near->high, 0, all, &a->home, diag)
			    : rc;
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
		func->flags = kept->flags & ~(uint32_t)SUT_RT_FUNC_HERE;
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
			(struct sut_rt_range){start - 1, start + a->patch->symbols[symbol].size,
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
			return sut_fail(diag, SUT_GONE, "gone", "process %d (%s): it has exited",
					a->target.pid, a->target.name);
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
	out->code_size = a->patch->symbols[func->symbol].size;
	out->name = sut_plan_string(&a->plan, a->home, func->name);
	out->pieces = store_pieces(a, func, &out->piece_count);
	out->jumps = store_jumps(a, func, &out->jump_count);
	return SUT_OK;
}

/* Goes on behind a function whose entry cannot be taken, so that all of them are known at once. */
static enum sut_rc plan_funcs(struct sut_application *a, struct sut_diag *diag)
{
	size_t capacity = 0;

	a->funcs = sut_arena_array(a->arena, a->patch->func_count, sizeof(a->funcs[0]));
	for (size_t i = 0; i < a->patch->func_count; i++) {
		const struct sut_patch_func *func = &a->patch->funcs[i];
		struct sut_diag further;
		enum sut_rc rc;

		sut_pace_rest(a->target.pace);
		if (func->kind != SUT_PATCH_FUNC_CHANGED)
			continue;
		rc = plan_func(a, func, &a->funcs[a->func_count++],
			       a->refused_count ? &further : diag);
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

static enum sut_rc plan_switch(struct sut_application *a, const struct sut_rt_patch *record,
			       struct sut_diag *diag)
{
	struct sut_change *changes;
	size_t count;
	enum sut_rc rc =
		sut_changes_enable(a->arena, &a->memory, record, a->funcs, &changes, &count, diag);

	if (rc != SUT_OK)
		return rc;
	return sut_switch_plan(&a->plan, &a->memory, SUT_SWITCH_ENABLE, a->record,
			       record->calls != 0, changes, count, &a->transition, diag);
}

static void start_plan(struct sut_application *a)
{
	a->plan = (struct sut_plan){.runtime = &a->runtime,
				    .arena = a->arena,
				    .lates = &a->memory.lates};
	a->func_count = 0;
	a->refused_count = 0;
	a->refused = NULL;
}

/* Code and data of the patch, entries and heads of its functions. */
static enum sut_rc lay_out(struct sut_application *a, struct sut_diag *diag)
{
	size_t older_count;
	struct sut_rt_func *older = sut_memory_funcs(&a->memory, a->arena, &older_count);
	enum sut_rc rc = plan_zones(a, diag);

	if (rc != SUT_OK)
		return rc;
	a->link = (struct sut_link){.plan = &a->plan,
				    .patch = a->patch,
				    .objects = a->objects,
				    .zones = a->zones,
				    .home = a->home};
	sut_plan_know(&a->plan, &a->memory.control, older, older_count);
	rc = sut_link(&a->link, diag);
	if (rc == SUT_OK)
		rc = sut_tables_hook(&a->link, &a->memory, diag);
	return rc == SUT_OK ? plan_funcs(a, diag) : rc;
}

/* As it will be, and before that as it is when late objects and their memory lie elsewhere. */
static enum sut_rc lay_out_all(struct sut_application *a, struct sut_late_shot *shots,
			       struct sut_diag *diag)
{
	struct sut_map *maps = a->target.maps;
	size_t map_count = a->target.map_count;

	for (unsigned int shot = a->late_count ? SUT_LATE_SHOTS : 1; shot--;) {
		enum sut_rc rc;

		start_plan(a);
		sut_late_shift(&a->memory.lates, shot);
		a->target.maps = maps;
		a->target.map_count = map_count;
		rc = lay_out(a, diag);
		if (rc != SUT_OK) {
			sut_late_shift(&a->memory.lates, 0);
			return rc;
		}
		sut_late_shoot(&a->plan, &shots[shot]);
	}
	return SUT_OK;
}

/* Everything about the patch in the target's memory, but nothing that leads to it. */
static enum sut_rc plan_all(struct sut_application *a, struct sut_diag *diag)
{
	struct sut_rt_patch *record = sut_arena_alloc(a->arena, sizeof(*record));
	struct sut_late_shot shots[SUT_LATE_SHOTS];
	enum sut_rc rc = lay_out_all(a, shots, diag);

	if (rc != SUT_OK)
		return rc;
	a->record = sut_zone_data(&a->plan, a->home, sizeof(*record), 16);
	record->state = SUT_RT_LOADED;
	record->trial_ns = a->trial_ns;
	record->per_stack = a->runtime.per_stack;
	record->func_count = (uint32_t)a->func_count;
	snprintf(record->name, sizeof(record->name), "%s", a->patch->name);
	snprintf(record->version, sizeof(record->version), "%s", a->patch->version);
	memcpy(record->digest, a->digest, sizeof(record->digest));
	record->funcs =
		sut_plan_store(&a->plan, a->home, a->funcs, a->func_count * sizeof(a->funcs[0]));
	record->tables = a->link.tables;
	record->table_count = a->link.table_count;
	sut_model_plan(&a->plan, a->home, &a->link, a->funcs, a->record, record);
	sut_plan_write(&a->plan, a->record, record, sizeof(*record));
	rc = plan_switch(a, record, diag);
	if (rc == SUT_OK)
		rc = sut_late_finish(&a->plan, shots, diag);
	record->kept_bytes = a->plan.used;
	return rc;
}

/*
 * The same patch file, reverted before: its code and constants are in the target still. Not if it
 * has data, which must start afresh, or calls what was looked up in a link map that has changed
 * since.
 */
static const struct sut_memory_patch *reusable(const struct sut_application *a)
{
	const struct sut_memory_patch *same = sut_memory_find(&a->memory, a->patch->name);

	if (!same ||
	    (same->record.state != SUT_RT_REVERTED && same->record.state != SUT_RT_REPLACED) ||
	    memcmp(same->record.digest, a->digest, SUT_SHA256_SIZE) != 0)
		return NULL;
	/* Code that came with an object went with it, and its entries were taken in a way of their
	   own. */
	for (uint32_t i = 0; i < same->record.func_count; i++)
		if (same->funcs[i].late || !same->funcs[i].entry ||
		    same->funcs[i].flags & SUT_RT_FUNC_PLAIN)
			return NULL;
	for (size_t i = 0; i < a->patch->section_count; i++)
		if (a->patch->sections[i].flags & SHF_WRITE)
			return NULL;
	for (size_t i = 0; i < a->patch->symbol_count; i++)
		if (a->patch->symbols[i].kind == SUT_PATCH_SYMBOL_IMPORT &&
		    !a->patch->symbols[i].slot)
			return NULL;
	return same;
}

/* Only a new transition to code that is in the target. */
static enum sut_rc plan_again(struct sut_application *a, const struct sut_memory_patch *present,
			      struct sut_diag *diag)
{
	uint64_t *kept = sut_arena_alloc(a->arena, sizeof(*kept));
	uint64_t *per_stack = sut_arena_alloc(a->arena, sizeof(*per_stack));
	uint64_t record = present->address;
	enum sut_rc rc;

	a->record = record;
	a->funcs = present->funcs;
	a->func_count = present->record.func_count;
	rc = plan_switch(a, &present->record, diag);
	if (rc == SUT_OK)
		rc = sut_late_finish(&a->plan, NULL, diag);
	*kept = present->record.kept_bytes + a->plan.used;
	sut_plan_write(&a->plan, record + offsetof(struct sut_rt_patch, kept_bytes), kept,
		       sizeof(*kept));
	sut_plan_write(&a->plan, record + offsetof(struct sut_rt_patch, trial_ns), &a->trial_ns,
		       sizeof(a->trial_ns));
	*per_stack = a->runtime.per_stack;
	sut_plan_write(&a->plan, record + offsetof(struct sut_rt_patch, per_stack), per_stack,
		       sizeof(*per_stack));
	return rc;
}

/* A patch of this name, in use or on its way, must be this very file. */
enum sut_rc sut_application_check_name(const struct sut_application *a, struct sut_diag *diag)
{
	const struct sut_memory_patch *same = sut_memory_find(&a->memory, a->patch->name);

	if (!same || same->record.state == SUT_RT_REVERTED ||
	    same->record.state == SUT_RT_REPLACED ||
	    memcmp(same->record.digest, a->digest, SUT_SHA256_SIZE) == 0)
		return SUT_OK;
	sut_fail(diag, SUT_REFUSED, "name",
		 "process %d (%s): another patch of the name %s is applied (version %s)",
		 a->target.pid, a->target.name, a->patch->name, same->record.version);
	sut_remedy(diag, "Revert it first, or give the new one a name of its own; one made with "
			 "--replace then takes its place.");
	return SUT_REFUSED;
}

enum sut_rc sut_application_open(struct sut_application *a, pid_t pid, bool change,
				 struct sut_diag *diag)
{
	return sut_drive_open(&a->target, pid, change, a->arena, &a->runtime, &a->memory, diag);
}

enum sut_rc sut_application_plan(struct sut_application *a, struct sut_diag *diag)
{
	const struct sut_memory_patch *present = reusable(a);
	enum sut_rc rc = sut_application_check(a, diag);

	start_plan(a);
	if (rc == SUT_OK)
		rc = present ? plan_again(a, present, diag) : plan_all(a, diag);
	return rc;
}

/*
 * From now on the target notices objects that come, so what is not there then, and is not when the
 * patch is enabled (the generation says so), comes after it.
 */
static enum sut_rc expect_late(struct sut_application *a, struct sut_diag *diag)
{
	enum sut_rc rc = sut_late_watch(&a->runtime, a->arena, &a->memory, diag);

	a->watched = true;
	if (rc == SUT_OK)
		rc = sut_target_refresh(&a->target, diag);
	if (rc == SUT_OK)
		rc = sut_memory_read(&a->runtime, a->arena, &a->memory, diag);
	return rc == SUT_OK ? sut_application_plan(a, diag) : rc;
}

enum sut_rc sut_application_prepare(struct sut_application *a, struct sut_diag *diag)
{
	enum sut_rc rc = sut_application_plan(a, diag);

	if (rc == SUT_OK)
		rc = sut_runtime_place(&a->runtime, diag);
	if (rc == SUT_OK && a->late_count)
		rc = expect_late(a, diag);
	if (rc == SUT_OK)
		rc = sut_plan_execute(&a->plan, diag);
	return rc;
}

static enum sut_rc start(struct sut_drive *drive, const struct sut_effect_options *options,
			 uint64_t *transition, struct sut_diag *diag)
{
	struct sut_application *a = drive->context;
	enum sut_rc rc = sut_application_prepare(a, diag);

	if (rc == SUT_OK)
		rc = sut_switch_start(&a->runtime, &a->memory, a->transition, options, diag);
	if (rc != SUT_OK && a->watched)
		sut_late_rest(&a->runtime);
	*transition = a->transition;
	return rc;
}

enum sut_rc sut_apply(struct sut_arena *arena, pid_t pid, const struct sut_patch *patch,
		      const unsigned char digest[SUT_SHA256_SIZE],
		      const struct sut_effect_options *options, struct sut_effect *effect,
		      struct sut_diag *diag)
{
	struct sut_application a = {
		.arena = arena,
		.patch = patch,
		.digest = digest,
		.trial_ns = options->trial_ns,
		.late = options->late,
	};
	struct sut_drive drive = {
		.arena = arena,
		.runtime = &a.runtime,
		.memory = &a.memory,
		.name = patch->name,
		.wanted = true,
		.start = start,
		.context = &a,
	};
	uint64_t begin = sut_now_ns();
	enum sut_rc rc;

	*effect = (struct sut_effect){0};
	rc = sut_application_open(&a, pid, true, diag);
	if (rc == SUT_OK)
		rc = sut_application_check_name(&a, diag);
	if (rc == SUT_OK)
		rc = sut_drive(&drive, options, effect, diag);
	if (a.func_count)
		sut_drive_count(a.funcs, a.func_count, effect);
	effect->late = a.late_count;
	effect->refused = a.refused;
	effect->refused_count = a.refused_count;
	effect->total_ns = sut_now_ns() - begin;
	return sut_target_leave(&a.target, rc, diag);
}
