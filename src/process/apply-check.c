// SPDX-License-Identifier: GPL-2.0-or-later
/* Does a patch fit a target? Found out before anything is worked out, and only by reading. */
#include "process/apply.h"
#include "process/again.h"
#include "process/fit.h"
#include "process/site.h"
#include "process/switchers.h"
#include "base/io.h"

#include <sodium.h>
#include <string.h>

/* An instance of the object, the one that was patched when it came if there are several. */
static const struct sut_object *find_object(const struct sut_application *a,
					    const struct sut_patch_object *o)
{
	const struct sut_late *late =
		sut_late_find(&a->memory.lates, o->build_id, o->build_id_size);

	for (size_t i = 0; late && i < a->target.object_count; i++)
		if (late->is.state != SUT_RT_LATE_ABSENT &&
		    a->target.objects[i].bias == late->is.bias)
			return &a->target.objects[i];
	return sut_target_object(&a->target, o->build_id, o->build_id_size);
}

/* One of that name, which then is another build of it. */
static bool has_namesake(const struct sut_target *target, const struct sut_patch_object *o)
{
	for (size_t i = 0; i < target->object_count; i++) {
		const char *base = sut_base_name(target->objects[i].path);

		if (strcmp(base, o->name) == 0 || (*o->soname && strcmp(base, o->soname) == 0))
			return true;
	}
	return false;
}

static enum sut_rc not_there(const struct sut_application *a, const struct sut_patch_object *o,
			     bool may_come, struct sut_diag *diag)
{
	char id[2 * SUT_PATCH_BUILD_ID_MAX + 1];

	sut_fail(diag, SUT_REFUSED, "build-id",
		 "process %d (%s): nothing in it has the build-id %s of %s", a->target.pid,
		 a->target.name, sut_hex(id, o->build_id, o->build_id_size), o->name);
	sut_remedy(diag, may_come ? "If the program will load it, apply the patch with --late."
				  : "It runs another build; create the patch for that one "
				    "(--target).");
	return SUT_REFUSED;
}

/*
 * A shared object that is not there may come later. If none is there, and nobody has said so, this
 * is more likely to be the wrong process.
 */
static enum sut_rc find_objects(struct sut_application *a, struct sut_diag *diag)
{
	const struct sut_patch *patch = a->patch;
	size_t present = 0;

	a->late_count = 0;
	a->objects = sut_arena_array(a->arena, patch->object_count, sizeof(a->objects[0]));
	for (size_t i = 0; i < patch->object_count; i++) {
		a->objects[i] = find_object(a, &patch->objects[i]);
		present += a->objects[i] != NULL;
	}
	for (uint32_t i = 0; i < patch->object_count; i++) {
		const struct sut_patch_object *o = &patch->objects[i];
		struct sut_late *late;
		enum sut_rc rc;

		if (a->objects[i])
			continue;
		if (o->executable || has_namesake(&a->target, o) || (!present && !a->late))
			return not_there(a, o, !o->executable && !has_namesake(&a->target, o),
					 diag);
		rc = sut_late_expect(&a->runtime, a->arena, &a->memory.lates, patch, i, &late,
				     diag);
		if (rc == SUT_OK)
			rc = sut_late_calls_check(&a->target, a->arena, patch, i, diag);
		if (rc != SUT_OK)
			return rc;
		a->objects[i] = &late->object;
		a->late_count++;
	}
	return SUT_OK;
}

bool sut_application_agrees(const struct sut_application *a)
{
	for (size_t i = 0; i < a->patch->object_count && a->memory.control.loader.hooked; i++) {
		const struct sut_patch_object *o = &a->patch->objects[i];
		const struct sut_late *late =
			sut_late_find(&a->memory.lates, o->build_id, o->build_id_size);
		bool there = !sut_late_is_planned(a->objects[i]->bias);

		if (late && late->record &&
		    (late->is.state == SUT_RT_LATE_ABSENT ? there
							  : a->objects[i]->bias != late->is.bias))
			return false;
	}
	return true;
}

bool sut_application_lost(struct sut_application *a)
{
	struct sut_diag ignored = {0};

	if (sut_target_refresh(&a->target, &ignored) != SUT_OK)
		return false;
	for (size_t i = 0; i < a->patch->object_count; i++) {
		const struct sut_object *was = a->objects[i];
		bool found = !was || sut_late_is_planned(was->bias);

		for (size_t k = 0; k < a->target.object_count && !found; k++)
			found = a->target.objects[k].bias == was->bias &&
				a->target.objects[k].dynamic == was->dynamic;
		if (!found)
			return true;
	}
	return false;
}

bool sut_application_may_lose(const struct sut_application *a)
{
	for (size_t i = 0; i < a->patch->object_count; i++) {
		const struct sut_object *o = a->objects[i];

		if (!o ? !a->patch->objects[i].executable
		       : !sut_late_is_planned(o->bias) && sut_again_possible(&a->target, o))
			return true;
	}
	return false;
}

/* Entries that patches in use have taken, as they were before; the rest must be as it is. */
static void restore_entries(const struct sut_application *a, uint64_t address, unsigned char *bytes,
			    uint64_t size)
{
	enum { WORD = 8 };
	size_t count;
	/* The words that reach into it are those of entries around it, too. */
	const struct sut_memory_entry *list =
		sut_memory_entries(&a->memory, address - WORD, address + size + WORD, &count);

	for (size_t i = 0; i < count; i++) {
		const struct sut_rt_func *f = list[i].func;
		uint64_t mask = sut_site_mask(f), at = sut_site_word_address(f);

		for (unsigned int n = 0; n < WORD && list[i].order; n++)
			if (at + n - address < size && mask >> 8 * n & 1)
				bytes[at + n - address] = (unsigned char)(f->original >> 8 * n);
	}
}

/* In private text, all of it: of several maps when a neighbour on its page was patched before. */
static bool is_text(const struct sut_application *a, uint64_t address, uint64_t size)
{
	uint64_t end = address + size;

	while (address < end) {
		const struct sut_map *map = sut_target_map(&a->target, address);

		if (!map || !map->exec || map->write || map->shared)
			return false;
		address = map->end;
	}
	return true;
}

/* Who has changed code, as far as its first bytes tell. */
static const char *whose_bytes(const unsigned char *bytes, uint64_t size)
{
	if (size && bytes[0] == 0xcc)
		return ": a breakpoint or a uprobe is at its start";
	if (size && bytes[0] == 0xe9)
		return ": a jump of another patcher or tracer is at its start";
	return "";
}

static enum sut_rc check_piece(const struct sut_application *a, const struct sut_patch_func *func,
			       const struct sut_patch_piece *piece, struct sut_diag *diag)
{
	uint64_t address = a->objects[func->object]->bias + piece->address;
	unsigned char hash[SUT_SHA256_SIZE];
	unsigned char *bytes = sut_arena_alloc(a->arena, piece->size);

	if (!is_text(a, address, piece->size) ||
	    !sut_target_read(&a->target, address, bytes, piece->size)) {
		sut_fail(diag, SUT_REFUSED, "bytes",
			 "%s: process %d (%s): its code is not in private executable memory as it "
			 "should be",
			 func->name, a->target.pid, a->target.name);
		sut_remedy(diag, "Something remapped the program's text; restart it.");
		return SUT_REFUSED;
	}
	restore_entries(a, address, bytes, piece->size);
	crypto_hash_sha256(hash, bytes, piece->size);
	if (memcmp(hash, piece->sha256, sizeof(hash)) != 0) {
		sut_fail(
			diag, SUT_REFUSED, "bytes",
			"%s: process %d (%s): its bytes in memory are not those that the patch was "
			"made for%s",
			func->name, a->target.pid, a->target.name, whose_bytes(bytes, piece->size));
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

	for (size_t i = 0; i < a->patch->func_count && rc == SUT_OK; i++) {
		const struct sut_patch_func *func = &a->patch->funcs[i];

		if (sut_late_is_planned(a->objects[func->object]->bias))
			continue;
		for (size_t k = 0; k < func->piece_count && rc == SUT_OK; k++)
			rc = check_piece(a, func, &func->pieces[k], diag);
	}
	return rc;
}

/*
 * Does it switch stacks? The program itself and what is to be patched; a
 * library that could but is not used is no reason.
 */
static void find_switchers(struct sut_application *a)
{
	for (size_t i = 0; i < a->patch->object_count; i++)
		a->runtime.per_stack |= sut_switches_stacks(&a->target, a->objects[i]);
	for (size_t i = 0; i < a->target.object_count; i++)
		if (a->target.objects[i].executable)
			a->runtime.per_stack |=
				sut_switches_stacks(&a->target, &a->target.objects[i]);
}

/* Code on a stack that nobody knows is looked for in what is there now. */
static enum sut_rc check_late(const struct sut_application *a, struct sut_diag *diag)
{
	if (!a->late_count || !a->runtime.per_stack)
		return SUT_OK;
	sut_fail(diag, SUT_UNSUPPORTED, "late",
		 "process %d (%s): it switches stacks, and has not loaded all objects of the patch",
		 a->target.pid, a->target.name);
	sut_remedy(diag, "Apply the patch when the program has loaded them.");
	return SUT_UNSUPPORTED;
}

enum sut_rc sut_application_check(struct sut_application *a, struct sut_diag *diag)
{
	enum sut_rc rc = check_bytes(a, diag);

	a->laid = a->patch;
	if (rc == SUT_OK)
		rc = sut_fit_states(&a->target, &a->memory, a->patch, diag);
	a->runtime.per_stack = sut_memory_per_stack(&a->memory);
	if (rc == SUT_OK)
		find_switchers(a);
	if (rc == SUT_OK)
		rc = check_late(a, diag);
	if (rc == SUT_OK)
		rc = sut_look_before(&a->runtime, a->arena, diag);
	return rc;
}
