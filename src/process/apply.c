// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Applying a patch. Everything is found out and worked out before the target is touched; then
 * memory is added that nothing refers to; then one operation changes the entries and arms. A
 * controller that dies leaves either nothing or a transition that runs by itself.
 */
#include "process/apply.h"
#include "process/dynamic.h"
#include "process/site.h"
#include "process/switch.h"
#include "base/guard.h"
#include "base/io.h"

#include <elf.h>
#include <sodium.h>
#include <string.h>

static enum sut_rc find_objects(struct sut_application *a, struct sut_diag *diag)
{
	const struct sut_patch *patch = a->patch;

	a->objects = sut_arena_array(a->arena, patch->object_count, sizeof(a->objects[0]));
	for (size_t i = 0; i < patch->object_count; i++) {
		const struct sut_patch_object *o = &patch->objects[i];
		char id[2 * SUT_PATCH_BUILD_ID_MAX + 1];

		a->objects[i] = sut_target_object(&a->target, o->build_id, o->build_id_size);
		if (a->objects[i])
			continue;
		sut_fail(diag, SUT_REFUSED, "build-id",
			 "process %d (%s): nothing in it has the build-id %s of %s", a->target.pid,
			 a->target.name, sut_hex(id, o->build_id, o->build_id_size), o->name);
		sut_remedy(diag,
			   "It runs another build; create the patch for that one (--target).");
		return SUT_REFUSED;
	}
	return SUT_OK;
}

/* Is [address, address + size) part of a function that another patch has redirected? */
static const struct sut_memory_patch *owner(const struct sut_application *a, uint64_t address,
					    uint64_t size)
{
	for (size_t i = 0; i < a->memory.count; i++) {
		const struct sut_memory_patch *p = &a->memory.patches[i];

		if (p->record.state == SUT_RT_REVERTED)
			continue;
		for (uint32_t k = 0; k < p->record.func_count; k++)
			if (p->funcs[k].entry < address + size &&
			    address < p->funcs[k].entry + p->funcs[k].size)
				return p;
	}
	return NULL;
}

static enum sut_rc check_piece(const struct sut_application *a, const struct sut_patch_func *func,
			       const struct sut_patch_piece *piece, struct sut_diag *diag)
{
	uint64_t address = a->objects[func->object]->bias + piece->address;
	const struct sut_map *map = sut_target_map(&a->target, address);
	const struct sut_memory_patch *other = owner(a, address, piece->size);
	unsigned char hash[SUT_SHA256_SIZE];
	unsigned char *bytes = sut_arena_alloc(a->arena, piece->size);

	if (other) {
		sut_fail(diag, SUT_REFUSED, "patched",
			 "%s: process %d (%s): the patch %s has changed it already", func->name,
			 a->target.pid, a->target.name, other->record.name);
		sut_remedy(diag, "Revert %s first, or create one patch that holds both fixes.",
			   other->record.name);
		return SUT_REFUSED;
	}
	if (!map || !map->exec || map->write || map->shared || piece->size > map->end - address ||
	    !sut_target_read(&a->target, address, bytes, piece->size)) {
		sut_fail(diag, SUT_REFUSED, "bytes",
			 "%s: process %d (%s): its code is not in private executable memory as it "
			 "should be",
			 func->name, a->target.pid, a->target.name);
		sut_remedy(diag, "Something remapped the program's text; restart it.");
		return SUT_REFUSED;
	}
	crypto_hash_sha256(hash, bytes, piece->size);
	if (memcmp(hash, piece->sha256, sizeof(hash)) != 0) {
		sut_fail(
			diag, SUT_REFUSED, "bytes",
			"%s: process %d (%s): its bytes in memory are not those that the patch was "
			"made for",
			func->name, a->target.pid, a->target.name);
		sut_remedy(diag,
			   "A breakpoint, a probe or another patcher changed it; remove that.");
		return SUT_REFUSED;
	}
	return SUT_OK;
}

/* The patch must fit what is in memory, byte by byte. */
static enum sut_rc check_bytes(struct sut_application *a, struct sut_diag *diag)
{
	enum sut_rc rc = find_objects(a, diag);

	for (size_t i = 0; i < a->patch->func_count && rc == SUT_OK; i++)
		for (size_t k = 0; k < a->patch->funcs[i].piece_count && rc == SUT_OK; k++)
			rc = check_piece(a, &a->patch->funcs[i], &a->patch->funcs[i].pieces[k],
					 diag);
	return rc;
}

static enum sut_rc check_switcher(const struct sut_application *a, const struct sut_object *object,
				  struct sut_diag *diag)
{
	static const char *const names[] = {"makecontext",   "swapcontext",   "setcontext",
					    "make_fcontext", "jump_fcontext", NULL};
	const char *name = sut_dynamic_imports(&a->target, object, names);

	if (!name)
		return SUT_OK;
	sut_fail(diag, SUT_UNSUPPORTED, "stack-switch",
		 "process %d (%s): %s uses %s: it switches stacks, and a suspended stack may hold "
		 "old "
		 "code that nobody sees",
		 a->target.pid, a->target.name, object->path, name);
	sut_remedy(diag, "This version does not patch such programs; restart it instead.");
	return SUT_UNSUPPORTED;
}

/* The program itself and what is to be patched; a library that could but is not used is no reason.
 */
static enum sut_rc check_switchers(const struct sut_application *a, struct sut_diag *diag)
{
	enum sut_rc rc = SUT_OK;

	for (size_t i = 0; i < a->patch->object_count && rc == SUT_OK; i++)
		rc = check_switcher(a, a->objects[i], diag);
	for (size_t i = 0; i < a->target.object_count && rc == SUT_OK; i++)
		if (a->target.objects[i].executable)
			rc = check_switcher(a, &a->target.objects[i], diag);
	return rc;
}

static enum sut_rc plan_zones(struct sut_application *a, struct sut_diag *diag)
{
	enum { PER_FUNC = 1024, FIXED = 4096 };

	a->zones = sut_arena_array(a->arena, a->patch->object_count, sizeof(a->zones[0]));
	for (uint32_t i = 0; i < a->patch->object_count; i++) {
		uint64_t records = FIXED, text, data;
		enum sut_rc rc;

		sut_link_size(a->patch, i, &text, &data);
		for (size_t k = 0; k < a->patch->func_count; k++)
			if (a->patch->funcs[k].object == i || i == 0)
				records += PER_FUNC + 64 * (a->patch->funcs[k].piece_count +
							    a->patch->funcs[k].new_piece_count);
		rc = sut_plan_zone(&a->plan, a->objects[i]->low, a->objects[i]->high,
				   text + records, data + records, &a->zones[i], diag);
		if (rc != SUT_OK)
			return rc;
	}
	return SUT_OK;
}

/* An earlier patch, reverted since, left head and pun page of this entry. */
static bool reuse_site(const struct sut_application *a, uint64_t entry, struct sut_rt_func *func)
{
	for (size_t i = 0; i < a->memory.count; i++)
		for (uint32_t k = 0; k < a->memory.patches[i].record.func_count; k++)
			if (a->memory.patches[i].funcs[k].entry == entry) {
				const struct sut_rt_func *kept = &a->memory.patches[i].funcs[k];

				func->entry = entry;
				func->size = kept->size;
				func->original = kept->original;
				func->head = kept->head;
				func->slot = kept->slot;
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
			(struct sut_rt_range){start - 1, start + a->patch->symbols[symbol].size,
					      SUT_RT_RANGE_NEW, 0};
	}
	*count = n;
	return sut_plan_store(&a->plan, a->zones[0], pieces, n * sizeof(*pieces));
}

static enum sut_rc plan_func(struct sut_application *a, const struct sut_patch_func *func,
			     struct sut_rt_func *out, struct sut_diag *diag)
{
	uint64_t entry = a->objects[func->object]->bias + func->pieces[0].address;
	unsigned char *old = sut_arena_alloc(a->arena, func->pieces[0].size);

	out->object = func->object;
	if (!reuse_site(a, entry, out)) {
		enum sut_rc rc;

		if (!sut_target_read(&a->target, entry, old, func->pieces[0].size))
			return sut_fail(diag, SUT_GONE, "gone", "process %d (%s): it has exited",
					a->target.pid, a->target.name);
		rc = sut_site_plan(&a->plan, a->zones[func->object], func->name, entry, old,
				   func->pieces[0].size, out, diag);
		if (rc != SUT_OK)
			return rc;
	}
	out->code = a->link.symbols[func->symbol];
	out->code_size = a->patch->symbols[func->symbol].size;
	out->name = sut_plan_string(&a->plan, a->zones[0], func->name);
	out->pieces = store_pieces(a, func, &out->piece_count);
	return SUT_OK;
}

static enum sut_rc plan_funcs(struct sut_application *a, struct sut_diag *diag)
{
	enum sut_rc rc = SUT_OK;

	a->funcs = sut_arena_array(a->arena, a->patch->func_count, sizeof(a->funcs[0]));
	for (size_t i = 0; i < a->patch->func_count && rc == SUT_OK; i++)
		if (a->patch->funcs[i].kind == SUT_PATCH_FUNC_CHANGED)
			rc = plan_func(a, &a->patch->funcs[i], &a->funcs[a->func_count++], diag);
	return rc;
}

/* Everything about the patch in the target's memory, but nothing that leads to it. */
static enum sut_rc plan_all(struct sut_application *a, struct sut_diag *diag)
{
	struct sut_rt_patch *record = sut_arena_alloc(a->arena, sizeof(*record));
	size_t older_count;
	struct sut_rt_func *older = sut_memory_funcs(&a->memory, a->arena, &older_count);
	enum sut_rc rc = plan_zones(a, diag);

	if (rc != SUT_OK)
		return rc;
	a->link = (struct sut_link){
		.plan = &a->plan, .patch = a->patch, .objects = a->objects, .zones = a->zones};
	sut_plan_know(&a->plan, &a->memory.control, older, older_count);
	rc = sut_link(&a->link, diag);
	if (rc == SUT_OK)
		rc = plan_funcs(a, diag);
	if (rc != SUT_OK)
		return rc;
	a->record = sut_zone_data(&a->plan, a->zones[0], sizeof(*record), 16);
	record->state = SUT_RT_LOADED;
	record->func_count = (uint32_t)a->func_count;
	snprintf(record->name, sizeof(record->name), "%s", a->patch->name);
	snprintf(record->version, sizeof(record->version), "%s", a->patch->version);
	memcpy(record->digest, a->digest, sizeof(record->digest));
	record->funcs = sut_plan_store(&a->plan, a->zones[0], a->funcs,
				       a->func_count * sizeof(a->funcs[0]));
	rc = sut_switch_plan(&a->plan, SUT_SWITCH_TO_PATCH, a->record, a->funcs, a->func_count,
			     a->zones, a->patch->object_count, older, older_count, &a->transition,
			     diag);
	record->kept_bytes = a->plan.used;
	sut_plan_write(&a->plan, a->record, record, sizeof(*record));
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

	if (!same || same->record.state != SUT_RT_REVERTED ||
	    memcmp(same->record.digest, a->digest, SUT_SHA256_SIZE) != 0)
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
	size_t zone_count, older_count;
	struct sut_rt_func *older = sut_memory_funcs(&a->memory, a->arena, &older_count);
	uint64_t *kept = sut_arena_alloc(a->arena, sizeof(*kept));
	enum sut_rc rc = sut_switch_zones(&a->plan, present, &a->zones, &zone_count, diag);

	a->record = present->address;
	a->funcs = present->funcs;
	a->func_count = present->record.func_count;
	if (rc == SUT_OK)
		rc = sut_switch_plan(&a->plan, SUT_SWITCH_TO_PATCH, a->record, a->funcs,
				     a->func_count, a->zones, zone_count, older, older_count,
				     &a->transition, diag);
	*kept = present->record.kept_bytes + a->plan.used;
	sut_plan_write(&a->plan, a->record + offsetof(struct sut_rt_patch, kept_bytes), kept,
		       sizeof(*kept));
	return rc;
}

/*
 * What the target has already. SUT_OK with *transition set: this very patch is under way, follow
 * it. With effect->nothing: it is applied.
 */
static enum sut_rc look_at_present(struct sut_application *a, struct sut_effect *effect,
				   uint64_t *transition, struct sut_diag *diag)
{
	const struct sut_memory_patch *moving = sut_memory_moving(&a->memory);
	const struct sut_memory_patch *same = sut_memory_find(&a->memory, a->patch->name);
	bool equal = same && memcmp(same->record.digest, a->digest, SUT_SHA256_SIZE) == 0;

	if (moving && moving == same && equal && same->record.state == SUT_RT_APPLYING) {
		*transition = a->memory.control.transition;
		return SUT_OK;
	}
	if (a->memory.control.transition) {
		sut_fail(diag, SUT_RETRY, "transition",
			 "process %d (%s): the transition of %s is still running", a->target.pid,
			 a->target.name, moving ? moving->record.name : "another patch");
		sut_remedy(diag, "`suture status pid:%d` says who blocks it; wait, or revert it.",
			   a->target.pid);
		return SUT_RETRY;
	}
	if (!same || same->record.state == SUT_RT_REVERTED)
		return SUT_OK;
	if (equal) {
		effect->nothing = true;
		effect->state = (enum sut_rt_state)same->record.state;
		return SUT_OK;
	}
	sut_fail(diag, SUT_REFUSED, "name",
		 "process %d (%s): another patch of the name %s is applied (version %s)",
		 a->target.pid, a->target.name, a->patch->name, same->record.version);
	sut_remedy(diag, "Revert it first, or give the new one a name of its own.");
	return SUT_REFUSED;
}

enum sut_rc sut_application_open(struct sut_application *a, pid_t pid, struct sut_diag *diag)
{
	enum sut_rc rc = sut_target_open(pid, true, &a->target, diag);

	if (rc == SUT_OK)
		rc = sut_target_check(&a->target, diag);
	if (rc == SUT_OK)
		rc = sut_runtime_find(&a->target, &a->runtime, diag);
	if (rc == SUT_OK)
		rc = sut_runtime_settle(&a->runtime, diag);
	if (rc == SUT_OK)
		rc = sut_memory_read(&a->runtime, a->arena, &a->memory, diag);
	a->plan = (struct sut_plan){.runtime = &a->runtime, .arena = a->arena};
	return rc;
}

enum sut_rc sut_application_prepare(struct sut_application *a, struct sut_diag *diag)
{
	const struct sut_memory_patch *present = reusable(a);
	enum sut_rc rc = check_bytes(a, diag);

	if (rc == SUT_OK)
		rc = check_switchers(a, diag);
	if (rc == SUT_OK)
		rc = sut_look_before(&a->runtime, a->arena, diag);
	if (rc == SUT_OK)
		rc = present ? plan_again(a, present, diag) : plan_all(a, diag);
	/* Up to here the target has only been read. */
	if (rc == SUT_OK)
		rc = sut_runtime_place(&a->runtime, diag);
	if (rc == SUT_OK)
		rc = sut_plan_execute(&a->plan, diag);
	return rc;
}

static void count_funcs(const struct sut_rt_func *funcs, size_t count, struct sut_effect *effect)
{
	effect->functions = count;
	for (size_t i = 0; i < count; i++)
		effect->direct += (funcs[i].flags & SUT_RT_FUNC_DIRECT) != 0;
}

static enum sut_rc apply(struct sut_application *a, pid_t pid,
			 const struct sut_effect_options *options, struct sut_effect *effect,
			 struct sut_diag *diag)
{
	uint64_t armed, transition = 0;
	enum sut_rc rc = sut_application_open(a, pid, diag);

	if (rc == SUT_OK)
		rc = look_at_present(a, effect, &transition, diag);
	if (rc != SUT_OK)
		return rc;
	if (effect->nothing || transition) {
		const struct sut_memory_patch *present =
			sut_memory_find(&a->memory, a->patch->name);

		count_funcs(present->funcs, present->record.func_count, effect);
		effect->resumed = transition != 0;
	} else {
		rc = sut_application_prepare(a, diag);
		if (rc == SUT_OK)
			rc = sut_switch_commit(&a->runtime, a->transition, SUT_RT_APPLYING, diag);
		transition = a->transition;
		count_funcs(a->funcs, a->func_count, effect);
	}
	armed = sut_now_ns();
	if (rc == SUT_OK && !effect->nothing)
		rc = sut_switch_finish(&a->runtime, transition, options, a->arena, effect, diag);
	effect->switch_ns = sut_now_ns() - armed;
	return rc;
}

enum sut_rc sut_apply(struct sut_arena *arena, pid_t pid, const struct sut_patch *patch,
		      const unsigned char digest[SUT_SHA256_SIZE],
		      const struct sut_effect_options *options, struct sut_effect *effect,
		      struct sut_diag *diag)
{
	struct sut_application a = {.arena = arena, .patch = patch, .digest = digest};
	uint64_t begin = sut_now_ns();
	enum sut_rc rc;

	*effect = (struct sut_effect){0};
	rc = apply(&a, pid, options, effect, diag);
	effect->total_ns = sut_now_ns() - begin;
	sut_target_close(&a.target);
	return rc;
}
