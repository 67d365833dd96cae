// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Applying a patch. Everything is found out and worked out before the target is touched; then
 * memory is added that nothing refers to; then one operation changes the entries and arms. A
 * controller that dies leaves either nothing or a transition that runs by itself.
 */
#include "process/apply.h"
#include "process/again.h"
#include "process/drive.h"
#include "process/model.h"
#include "process/tables.h"
#include "base/io.h"

#include <elf.h>
#include <stdio.h>
#include <string.h>

static enum sut_rc plan_zones(struct sut_application *a, struct sut_diag *diag)
{
	enum { PER_FUNC = 1024, FIXED = 4096 };

	const struct sut_object *near = &a->target.objects[0];
	uint64_t all = FIXED + sut_model_size(a->patch);
	enum sut_rc rc = SUT_OK;

	a->zones = sut_arena_array(a->arena, a->laid->object_count, sizeof(a->zones[0]));
	for (uint32_t i = 0; i < a->laid->object_count && rc == SUT_OK; i++) {
		uint64_t records = FIXED, text, data;

		sut_link_size(a->laid, i, &text, &data);
		for (size_t k = 0; k < a->laid->func_count; k++)
			if (a->laid->funcs[k].object == i)
				records += PER_FUNC + sut_application_func_size(&a->laid->funcs[k]);
		all += records;
		rc = sut_plan_zone(&a->plan, a->objects[i]->low, a->objects[i]->high,
				   text + records, data + records, &a->zones[i], diag);
	}
	/* What describes the patch stays, whatever object comes or goes. */
	return rc == SUT_OK ? sut_plan_zone(&a->plan, near->low, near->high, 0, all, &a->home, diag)
			    : rc;
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
				    .patch = a->laid,
				    .objects = a->objects,
				    .zones = a->zones,
				    .home = a->home};
	sut_plan_know(&a->plan, &a->memory.control, older, older_count);
	rc = sut_link(&a->link, diag);
	if (rc == SUT_OK)
		rc = sut_tables_hook(&a->link, &a->memory, diag);
	return rc == SUT_OK ? sut_application_plan_funcs(a, diag) : rc;
}

/* As it will be, and before that as it is when late objects and their memory lie elsewhere. */
static enum sut_rc lay_out_all(struct sut_application *a, struct sut_late_shot *shots,
			       struct sut_diag *diag)
{
	struct sut_map *maps = a->target.maps;
	size_t map_count = a->target.map_count;

	for (unsigned int shot = a->late_count + a->again_count ? SUT_LATE_SHOTS : 1; shot--;) {
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
	a->link.patch = a->patch; /* to the model an object is the same whenever it comes */
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

static bool has_addition(const struct sut_patch *patch, uint32_t object)
{
	for (size_t i = 0; i < patch->additions.count; i++)
		if (patch->additions.list[i].object == object)
			return true;
	return false;
}

/* Objects that are there, and may go and come again. */
static void expect_again(struct sut_application *a)
{
	const struct sut_patch *patch = a->patch;
	bool *twice = sut_arena_array(a->arena, patch->object_count, sizeof(*twice));
	const struct sut_object **objects;
	uint32_t *origin;

	a->noticed = sut_arena_array(a->arena, patch->object_count, sizeof(a->noticed[0]));
	for (uint32_t i = 0; i < patch->object_count; i++) {
		struct sut_diag ignored = {0};

		if (sut_late_is_planned(a->objects[i]->bias) ||
		    !sut_again_possible(&a->target, a->objects[i]) ||
		    sut_late_expect(&a->runtime, a->arena, &a->memory.lates, patch, i,
				    &a->noticed[i], &ignored) != SUT_OK)
			continue;
		a->noticed_count++;
		twice[i] = !has_addition(patch, i) && !a->runtime.per_stack;
		a->again_count += twice[i];
	}
	a->laid = a->again_count ? sut_again_patch(a->arena, patch, twice, &origin) : patch;
	objects = sut_arena_array(a->arena, a->laid->object_count, sizeof(*objects));
	for (size_t i = 0; i < a->laid->object_count; i++)
		objects[i] =
			i < patch->object_count ? a->objects[i] : &a->noticed[origin[i]]->object;
	a->objects = objects;
}

static enum sut_rc plan_once(struct sut_application *a, struct sut_diag *diag)
{
	const struct sut_memory_patch *present = reusable(a);
	enum sut_rc rc = sut_application_check(a, diag);

	start_plan(a);
	a->again_count = a->noticed_count = 0;
	if (rc != SUT_OK || present)
		return rc == SUT_OK ? plan_again(a, present, diag) : rc;
	expect_again(a);
	rc = plan_all(a, diag);
	if (rc != SUT_UNSUPPORTED || !a->again_count)
		return rc;
	/* What cannot be done for the next instances is no reason against those that are there. */
	sut_diag_reset(diag);
	a->laid = a->patch;
	a->again_count = 0;
	return plan_all(a, diag);
}

/*
 * Is it so, or has something changed meanwhile? An object that goes and comes again at the same
 * place does not show, so nothing is said of it at the first look, nor of memory that could not be
 * read.
 */
static bool is_sure(struct sut_application *a, enum sut_rc failure, int *failed)
{
	enum { SURE = 5 };

	if (sut_application_lost(a) || !sut_memory_is_current(&a->runtime, &a->memory))
		return false;
	return failure != SUT_SYSTEM && (++*failed == SURE || !sut_application_may_lose(a));
}

/* Maps and memory are read one after the other, and objects may come and go all the time. */
enum sut_rc sut_application_plan(struct sut_application *a, struct sut_diag *diag)
{
	enum { TURNS = 20 };
	enum sut_rc rc;

	for (int turn = 0, failed = 0; turn < TURNS; turn++) {
		rc = plan_once(a, diag);
		if (rc == SUT_OK ? sut_application_agrees(a) : is_sure(a, rc, &failed))
			return rc;
		if (rc == SUT_SYSTEM && turn + 1 == TURNS && !sut_application_may_lose(a))
			return rc;
		sut_diag_reset(diag);
		rc = sut_target_refresh(&a->target, diag);
		if (rc == SUT_OK)
			rc = sut_memory_read(&a->runtime, a->arena, &a->memory, diag);
		if (rc != SUT_OK)
			return rc;
	}
	return sut_late_busy(&a->target, diag);
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
	if (rc == SUT_OK)
		rc = sut_application_plan(a, diag);
	/* What a dead controller has sent may have ended it; from now on the generation would say
	 * so. */
	return rc == SUT_OK && !a->memory.control.loader.hooked ? sut_late_busy(&a->target, diag)
								: rc;
}

enum sut_rc sut_application_prepare(struct sut_application *a, struct sut_diag *diag)
{
	enum sut_rc rc = sut_application_plan(a, diag);

	if (rc == SUT_OK)
		rc = sut_runtime_place(&a->runtime, diag);
	if (rc == SUT_OK && a->late_count + a->noticed_count)
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
