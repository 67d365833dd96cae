// SPDX-License-Identifier: GPL-2.0-or-later
/* The records of late objects in a target, and the hook in its dynamic loader. */
#include "process/late.h"
#include "process/dynamic.h"
#include "process/memory.h"
#include "process/site.h"

#include <elf.h>
#include <string.h>
#include <time.h>

enum { LATES_MAX = 4096, PARTS_MAX = 4096, JUMP_SIZE = 5, RETURN = 0xc3 };

static void add_core(struct sut_arena *arena, struct sut_late *late, uint64_t start, uint64_t size)
{
	SUT_PUSH(arena, late->cores, late->core_count, late->core_capacity) =
		(struct sut_rt_range){start - 1, start + size, SUT_RT_RANGE_CORE, UINT32_MAX};
}

/* Will the next instance have it? Then its patch is in use, or on its way. */
static bool is_kept(const struct sut_memory *memory, const struct sut_rt_part *part)
{
	for (size_t i = 0; i < memory->use_count; i++)
		if (memory->use[i]->address == part->patch)
			return true;
	return memory->control.transition && part->transition == memory->control.transition;
}

/* Where the parts have their thunks and heads: in the instance that is there, and in the next. */
static bool read_parts(const struct sut_target *target, struct sut_arena *arena,
		       const struct sut_memory *memory, struct sut_late *late)
{
	uint64_t at = late->is.parts;

	for (unsigned int i = 0; at; i++) {
		struct sut_rt_part part;

		if (i == PARTS_MAX || !sut_target_read(target, at, &part, sizeof(part)) ||
		    part.offset > SUT_RT_ARENA_SIZE || part.text_size > SUT_RT_ARENA_SIZE ||
		    part.data_size > SUT_RT_ARENA_SIZE || part.core_size > part.text_size)
			return false;
		if (part.here)
			add_core(arena, late, late->is.arena + part.offset, part.core_size);
		if (is_kept(memory, &part)) {
			add_core(arena, late, late->is.arena_planned + part.offset, part.core_size);
			SUT_PUSH(arena, late->taken, late->taken_count, late->taken_capacity) =
				(struct sut_rt_map){.address = part.offset,
						    .size = part.text_size + part.data_size};
		}
		at = part.next;
	}
	return true;
}

static bool is_sound(const struct sut_rt_late *late)
{
	return late->state <= SUT_RT_LATE_FIRST && late->build_id_size &&
	       late->build_id_size <= SUT_RT_BUILD_ID_MAX &&
	       late->other_id_size <= SUT_RT_BUILD_ID_MAX && sut_late_is_planned(late->planned) &&
	       late->arena_planned == late->planned - SUT_RT_LATE_OBJECT;
}

static void place(struct sut_late *late)
{
	late->object = (struct sut_object){
		.bias = late->is.planned,
		.low = late->is.planned,
		.high = late->is.planned + SUT_PAGE_SIZE,
		.path = late->name,
	};
	late->arena = late->is.arena_planned;
}

bool sut_late_read(const struct sut_target *target, struct sut_arena *arena,
		   struct sut_memory *memory)
{
	struct sut_lates *lates = &memory->lates;

	*lates = (struct sut_lates){0};
	for (uint64_t at = memory->control.loader.late; at;) {
		struct sut_late *late = sut_arena_alloc(arena, sizeof(*late));
		char name[SUT_RT_NAME_SIZE * 4];

		if (lates->count == LATES_MAX ||
		    !sut_target_read(target, at, &late->is, sizeof(late->is)) ||
		    !is_sound(&late->is) ||
		    !sut_target_read_string(target, late->is.name, name, sizeof(name)) ||
		    !read_parts(target, arena, memory, late))
			return false;
		late->record = at;
		late->name = sut_arena_strdup(arena, name);
		place(late);
		SUT_PUSH(arena, lates->list, lates->count, lates->capacity) = late;
		at = late->is.next;
	}
	return true;
}

struct sut_late *sut_late_find(const struct sut_lates *lates, const unsigned char *build_id,
			       size_t size)
{
	for (size_t i = 0; i < lates->count; i++)
		if (lates->list[i]->is.build_id_size == size &&
		    memcmp(lates->list[i]->is.build_id, build_id, size) == 0)
			return lates->list[i];
	return NULL;
}

struct sut_late *sut_late_at(const struct sut_lates *lates, uint64_t address)
{
	for (size_t i = 0; sut_late_is_planned(address) && i < lates->count; i++)
		if (address - (lates->list[i]->is.planned - 2 * SUT_RT_LATE_OBJECT) <
		    SUT_RT_LATE_STRIDE)
			return lates->list[i];
	return NULL;
}

static enum sut_rc refuse(const struct sut_target *target, const char *object, const char *why,
			  struct sut_diag *diag)
{
	sut_fail(diag, SUT_UNSUPPORTED, "late",
		 "process %d (%s): it has not loaded %s yet, and cannot be told to patch it then: "
		 "%s",
		 target->pid, target->name, object, why);
	sut_remedy(diag, "Apply the patch when the program has loaded %s.", object);
	return SUT_UNSUPPORTED;
}

/* Behind a return of one byte there must be what nobody runs: the jump needs it. */
static bool is_padding(const unsigned char *code)
{
	return code[0] == 0x90 || code[0] == 0xcc || code[0] == 0x66 || code[0] == 0x2e ||
	       (code[0] == 0x0f && code[1] == 0x1f);
}

/* struct r_debug, and the aligned word at r_brk as it is. NULL, or why it cannot be used. */
static const char *find_loader(const struct sut_runtime *runtime, struct sut_rt_loader *loader,
			       uint64_t *brk)
{
	const struct sut_target *target = runtime->target;
	const struct sut_map *map;
	uint64_t debug[3];
	unsigned char code[8];

	loader->debug = sut_dynamic_debug(target);
	if (!loader->debug || !sut_target_read(target, loader->debug, debug, sizeof(debug)) ||
	    !debug[1])
		return "it has no dynamic loader (it is linked statically)";
	*brk = debug[2];
	loader->hook = *brk & ~UINT64_C(7);
	map = sut_target_map(target, *brk);
	if (!map || !map->exec || map->write || *brk % 8 + JUMP_SIZE > 8 ||
	    !sut_target_read(target, *brk, code, sizeof(code)) ||
	    !sut_target_read(target, loader->hook, &loader->before, sizeof(loader->before)) ||
	    code[0] != RETURN || !is_padding(code + 1))
		return "its dynamic loader does not announce objects in a way that is known";
	return NULL;
}

static const char *cannot_watch(const struct sut_runtime *runtime,
				const struct sut_rt_control *control)
{
	struct sut_rt_loader loader;
	uint64_t brk;

	if (runtime->swaps)
		return "it is under seccomp filters, which the patching itself would run into";
	return control->loader.hooked ? NULL : find_loader(runtime, &loader, &brk);
}

/* The highest address of the object that the patch names. */
static uint64_t extent(const struct sut_patch *patch, uint32_t object)
{
	uint64_t most = 0;

	for (size_t i = 0; i < patch->func_count; i++)
		for (size_t k = 0;
		     patch->funcs[i].object == object && k < patch->funcs[i].piece_count; k++) {
			const struct sut_patch_piece *p = &patch->funcs[i].pieces[k];

			most = p->address + p->size > most ? p->address + p->size : most;
		}
	for (size_t i = 0; i < patch->symbol_count; i++) {
		const struct sut_patch_symbol *s = &patch->symbols[i];
		uint64_t end =
			s->kind == SUT_PATCH_SYMBOL_IMPORT ? s->slot + 8 : s->value + s->size;

		if (sut_patch_symbol_has_object(s) && s->object == object && s->type != STT_TLS)
			most = end > most ? end : most;
	}
	return most;
}

enum sut_rc sut_late_expect(struct sut_runtime *runtime, struct sut_arena *arena,
			    struct sut_lates *lates, const struct sut_patch *patch, uint32_t object,
			    struct sut_late **late, struct sut_diag *diag)
{
	const struct sut_patch_object *o = &patch->objects[object];
	uint64_t most = extent(patch, object);
	struct sut_rt_control control;
	const char *why;
	enum sut_rc rc = sut_runtime_control(runtime, &control, diag);

	if (rc != SUT_OK)
		return rc;
	why = most >= SUT_RT_LATE_OBJECT ? "it is too large" : cannot_watch(runtime, &control);
	if (why)
		return refuse(runtime->target, o->name, why, diag);
	*late = sut_late_find(lates, o->build_id, o->build_id_size);
	if (!*late) {
		struct sut_late *made = sut_arena_alloc(arena, sizeof(*made));

		made->name = *o->soname ? o->soname : o->name;
		made->is.planned = SUT_RT_LATE_PLACE + lates->count * SUT_RT_LATE_STRIDE +
				   2 * SUT_RT_LATE_OBJECT;
		made->is.arena_planned = made->is.planned - SUT_RT_LATE_OBJECT;
		made->is.build_id_size = (uint32_t)o->build_id_size;
		memcpy(made->is.build_id, o->build_id, o->build_id_size);
		place(made);
		SUT_PUSH(arena, lates->list, lates->count, lates->capacity) = made;
		*late = made;
	}
	(*late)->object.high = (*late)->object.low + most + SUT_PAGE_SIZE;
	return SUT_OK;
}

/* From the loader's text to the run-time, which may be far away. */
static enum sut_rc plan_hook(struct sut_plan *plan, const struct sut_memory *memory,
			     struct sut_diag *diag)
{
	enum { FAR_JUMP_SIZE = 14, FAR_JUMP = 0x25ff /* jmp *0(%rip), the address behind it */ };
	const struct sut_runtime *runtime = plan->runtime;
	struct sut_rt_loader *loader = sut_arena_alloc(plan->arena, sizeof(*loader));
	unsigned char *code = sut_arena_alloc(plan->arena, FAR_JUMP_SIZE);
	uint64_t to = runtime->text + runtime->header.loader, at, brk;
	struct sut_rt_func site = {0};
	struct sut_zone *zone;
	const char *why;
	enum sut_rc rc;

	*loader = memory->control.loader;
	if (loader->hooked)
		return SUT_OK;
	why = find_loader(runtime, loader, &brk);
	if (why)
		return refuse(runtime->target, "the object", why, diag);
	rc = sut_plan_zone(plan, loader->hook, loader->hook + 8, 2 * FAR_JUMP_SIZE, 0, &zone, diag);
	if (rc != SUT_OK)
		return rc;
	at = sut_zone_core(plan, zone, FAR_JUMP_SIZE);
	code[0] = FAR_JUMP & 0xff;
	code[1] = FAR_JUMP >> 8;
	memcpy(code + FAR_JUMP_SIZE - sizeof(to), &to, sizeof(to));
	sut_plan_write(plan, at, code, FAR_JUMP_SIZE);
	site.entry = brk;
	loader->after = sut_site_jump_word(&site, loader->before, at);
	loader->fail = sut_late_fail(runtime->target);
	sut_plan_write(plan, runtime->control + offsetof(struct sut_rt_control, loader), loader,
		       offsetof(struct sut_rt_loader, late));
	return SUT_OK;
}

/* Records of those that the target does not know; *first leads to them. */
static enum sut_rc plan_records(struct sut_plan *plan, const struct sut_lates *lates,
				uint64_t *first, struct sut_diag *diag)
{
	const struct sut_object *near = &plan->runtime->target->objects[0];
	uint64_t size = 0;
	struct sut_zone *zone;
	enum sut_rc rc;

	for (size_t i = 0; i < lates->count; i++)
		size += sizeof(struct sut_rt_late) + strlen(lates->list[i]->name) + 64;
	rc = sut_plan_zone(plan, near->low, near->high, 0, size, &zone, diag);
	*first = 0;
	for (size_t i = 0; i < lates->count && rc == SUT_OK; i++) {
		struct sut_late *late = lates->list[i];

		if (late->record)
			continue;
		late->is.name = sut_plan_string(plan, zone, late->name);
		late->is.next = *first;
		late->record = sut_plan_store(plan, zone, &late->is, sizeof(late->is));
		*first = late->record;
	}
	return rc;
}

static enum sut_rc send(struct sut_runtime *runtime, uint64_t records, bool hook, int64_t *result,
			struct sut_diag *diag)
{
	struct sut_runtime_op op = {.op = SUT_RT_OP_WATCH, .argument = records, .expect = hook};

	return sut_runtime_run(runtime, &op, result, diag);
}

/* The end of each namespace's list into tails. false: they are changing. */
static bool read_tails(const struct sut_target *target, uint64_t debug,
		       struct sut_rt_map tails[SUT_RT_NAMESPACES], size_t *count)
{
	enum { VERSION, MAP, BRK, STATE, BASE, NEXT, WORDS, MAPS_MAX = 65536 };

	for (*count = 0; debug && *count < SUT_RT_NAMESPACES; ++*count) {
		uint64_t words[WORDS] = {0}, at;

		if (!sut_target_read(target, debug, words, sizeof(words) - sizeof(words[NEXT])) ||
		    (uint32_t)words[STATE])
			return false;
		tails[*count].address = 0;
		at = words[MAP];
		for (unsigned int i = 0; at && i < MAPS_MAX; i++) {
			tails[*count].address = at;
			if (!sut_target_read(target, at + 3 * sizeof(at), &at, sizeof(at)))
				return false;
		}
		if ((uint32_t)words[VERSION] >= 2 &&
		    !sut_target_read(target, debug + NEXT * sizeof(words[0]), &words[NEXT],
				     sizeof(words[NEXT])))
			return false;
		debug = words[NEXT];
	}
	return true;
}

enum sut_rc sut_late_busy(const struct sut_target *target, struct sut_diag *diag)
{
	sut_fail(diag, SUT_RETRY, "busy",
		 "process %d (%s): it loads and unloads objects all the time", target->pid,
		 target->name);
	sut_remedy(diag, "Try again.");
	return SUT_RETRY;
}

/*
 * What is in the lists now is not new. An object that is put there while they are read counts as
 * old, too, which the hook says, so that everything is planned again.
 */
static enum sut_rc tell_tails(struct sut_runtime *runtime, struct sut_diag *diag)
{
	enum { TURNS = 50, PAUSE_NS = 2 * 1000 * 1000 };
	struct sut_rt_map tails[SUT_RT_NAMESPACES];
	struct sut_runtime_op op = {.op = SUT_RT_OP_TAILS, .maps = tails};
	struct sut_rt_control control;

	for (int turn = 0; turn < TURNS; turn++) {
		int64_t result;
		enum sut_rc rc = sut_runtime_control(runtime, &control, diag);

		if (rc != SUT_OK)
			return rc;
		op.expect = control.loader.changes;
		if (read_tails(runtime->target, control.loader.debug, tails, &op.map_count)) {
			rc = sut_runtime_run(runtime, &op, &result, diag);
			if (rc != SUT_OK || result == SUT_RT_DONE)
				return rc;
		}
		nanosleep(&(struct timespec){.tv_nsec = PAUSE_NS}, NULL);
	}
	return sut_late_busy(runtime->target, diag);
}

enum sut_rc sut_late_watch(struct sut_runtime *runtime, struct sut_arena *arena,
			   const struct sut_memory *memory, struct sut_diag *diag)
{
	const struct sut_target *target = runtime->target;
	struct sut_plan plan = {.runtime = runtime, .arena = arena};
	uint64_t records;
	int64_t result;
	enum sut_rc rc = plan_hook(&plan, memory, diag);

	if (rc == SUT_OK)
		rc = plan_records(&plan, &memory->lates, &records, diag);
	if (rc == SUT_OK)
		rc = sut_plan_execute(&plan, diag);
	if (rc == SUT_OK)
		rc = send(runtime, records, true, &result, diag);
	if (rc == SUT_OK && result == SUT_RT_DONE)
		return tell_tails(runtime, diag);
	if (rc != SUT_OK)
		return rc;
	sut_fail(diag, SUT_REFUSED, "protection",
		 "process %d (%s): its dynamic loader's text cannot be changed: %s; everything is "
		 "as before",
		 target->pid, target->name,
		 result < 0 ? strerror((int)-result) : "it changed meanwhile");
	sut_remedy(diag, "A security policy or another tool is in the way.");
	return SUT_REFUSED;
}

void sut_late_rest(struct sut_runtime *runtime)
{
	struct sut_diag ignored = {0};
	int64_t result;

	send(runtime, 0, false, &result, &ignored);
}
