// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The driver of the back half: load, compare, prove against each target, extract.
 *
 * A target has a unit if most functions of the unit that it seems to have are really the unit's;
 * small helpers of a header are in many objects. Once it has it, every single function must match.
 */
#include "create/create.h"
#include "extract/additions.h"
#include "create/delta.h"
#include "extract/extract.h"
#include "judge/judge.h"
#include "base/guard.h"

#include <string.h>

static void progress(const struct sut_delta *delta, const char *text)
{
	if (delta->options->progress)
		delta->options->progress(delta->options->progress_context, text);
}

static bool has_changes(const struct sut_member *member)
{
	const struct sut_object *after = member->diff.after;

	for (size_t i = 0; i < after->def_count; i++) {
		if (sut_def_is_function(&after->defs[i]) &&
		    member->diff.change[i] != SUT_CHANGE_NONE)
			return true;
	}
	return false;
}

/* What tells that code was added to the unit that writes where the source says nothing of it. */
static const char *counts_in(const struct sut_object *object)
{
	static const char *const prefixes[] = {"__gcov_", "__llvm_prf_", "__ubsan_handle_"};

	for (size_t i = 0; i < object->symbol_count; i++) {
		const struct sut_symbol *symbol = &object->symbols[i];
		const char *name =
			symbol->section ? object->sections[symbol->section].name : symbol->name;

		for (size_t j = 0; j < SUT_ARRAY_SIZE(prefixes); j++)
			if (!strncmp(name, prefixes[j], strlen(prefixes[j])))
				return name;
	}
	return NULL;
}

static enum sut_rc compare_member(struct sut_delta *delta, struct sut_member *member)
{
	const struct sut_unit *unit = member->unit;
	const char *counters;
	enum sut_rc rc;

	rc = sut_object_load(delta->arena, unit->before, &member->before, delta->diag);
	if (!rc && delta->options->identity) {
		sut_diff_identity(delta->arena, &member->before, &member->diff);
		member->changed = !member->before.lto;
		return SUT_OK;
	}
	if (!rc)
		rc = sut_object_load(delta->arena, unit->after, &member->after, delta->diag);
	if (rc)
		return sut_context(delta->diag, rc, "while comparing %s", unit->source);
	if (member->before.lto || member->after.lto) {
		sut_refuse(delta->verdict, "lto", unit->source,
			   "%s is compiled for link-time optimisation, so its object does not say "
			   "what the target's code is; build the target without -flto",
			   unit->source);
		return SUT_OK;
	}
	counters = counts_in(&member->before);
	if (counters) {
		sut_refuse(
			delta->verdict, "instrument",
			sut_arena_printf(delta->arena, "%s: %s", unit->source, counters),
			"%s is compiled to count or check where it runs (it refers to %s), and "
			"what it counts in cannot be carried; build the target without coverage, "
			"profiling and -fsanitize=undefined",
			unit->source, counters);
		return SUT_OK;
	}
	if (delta->options->from_count) {
		sut_object_settle(delta->arena, &member->after, &member->before);
		sut_diff_part(delta->arena, &member->before, &member->after, &member->diff);
	} else {
		sut_diff_run(delta->arena, &member->before, &member->after, &member->diff);
	}
	sut_diff_judge(&member->diff, unit->source, delta->verdict);
	member->changed = has_changes(member);
	return SUT_OK;
}

/* The sections compile left questions: what the recorded command alone gives may answer them. */
static enum sut_rc prove_with_plain(struct sut_delta *delta, struct sut_member *member,
				    const struct sut_target *target, struct sut_proof *proof)
{
	struct sut_proof hints, second;
	const char *path;
	enum sut_rc rc;

	if (!member->has_plain) {
		rc = sut_unit_plain(delta->arena, member->unit, &path, delta->verdict, delta->diag);
		if (!rc)
			rc = sut_object_load(delta->arena, path, &member->plain, delta->diag);
		if (rc)
			return rc;
		member->has_plain = true;
	}
	sut_proof_run(delta->arena, &member->plain, target, NULL, &hints);
	sut_proof_run(delta->arena, &member->before, target, &hints, &second);
	if (second.equal >= proof->equal)
		*proof = second;
	return SUT_OK;
}

static enum sut_rc prove_member(struct sut_delta *delta, struct sut_member *member, size_t index)
{
	const struct sut_target *target = &delta->targets[index];
	struct sut_proof *proof = sut_arena_alloc(delta->arena, sizeof(*proof));

	sut_proof_run(delta->arena, &member->before, target, NULL, proof);
	if (proof->equal && (proof->different || (proof->absent && !target->has_symtab))) {
		enum sut_rc rc = prove_with_plain(delta, member, target, proof);

		if (rc)
			return rc;
	}
	member->proofs[index] = proof;
	return SUT_OK;
}

/* Of the proofs of a unit that is in no target: the one that came nearest. */
static const struct sut_proof *best_proof(const struct sut_delta *delta,
					  const struct sut_member *member)
{
	const struct sut_proof *best = member->proofs[0];

	for (size_t i = 1; i < delta->target_count; i++) {
		const struct sut_proof *proof = member->proofs[i];

		if (proof->equal + proof->different > best->equal + best->different)
			best = proof;
	}
	return best;
}

static void judge_proof(struct sut_delta *delta, const struct sut_member *member,
			const struct sut_proof *proof)
{
	const char *source = member->unit->source;

	sut_proof_judge(proof, source, delta->verdict);
	if (proof->different)
		sut_compilers_judge(&member->before, proof->target, source, delta->verdict);
}

static void judge_member(struct sut_delta *delta, struct sut_member *member)
{
	const char *source = member->unit->source;
	bool found = false;

	for (size_t i = 0; i < delta->target_count; i++) {
		if (!sut_member_is_linked(delta, member, i))
			continue;
		judge_proof(delta, member, member->proofs[i]);
		found = true;
	}
	if (found || sut_member_sibling_is_linked(delta, member))
		return;
	const struct sut_proof *best = best_proof(delta, member);

	if (best->different)
		judge_proof(delta, member, best);
	else
		sut_refuse(delta->verdict, "object", source,
			   "%s is in none of the targets: no function of it was found there; name "
			   "the executable or shared object that it is linked into, built with "
			   "this compiler and these flags%s",
			   source, best->target->has_symtab ? "" : ", or one that is not stripped");
}

static enum sut_rc prove_all(struct sut_delta *delta)
{
	enum sut_rc rc = SUT_OK;

	for (size_t i = 0; i < delta->member_count; i++) {
		struct sut_member *member = &delta->members[i];

		if (!member->changed && !member->unit->foreign_count)
			continue;
		progress(delta, sut_arena_printf(delta->arena, "proving %s", member->unit->source));
		member->proofs = sut_arena_array(delta->arena, delta->target_count,
						 sizeof(struct sut_proof *));
		for (size_t j = 0; j < delta->target_count; j++) {
			rc = prove_member(delta, member, j);
			if (rc)
				return rc;
		}
	}
	for (size_t i = 0; i < delta->member_count && rc == SUT_OK; i++) {
		if (delta->members[i].changed && !delta->options->identity)
			judge_member(delta, &delta->members[i]);
		rc = sut_member_judge_foreigns(delta, &delta->members[i]);
	}
	return rc;
}

/* The object of the patch for a target; it appears when its first unit does. */
static uint32_t add_object(struct sut_extract *extract, struct sut_target *target)
{
	struct sut_patch *patch = extract->patch;
	struct sut_patch_object *object;

	for (size_t i = 0; i < patch->object_count; i++) {
		if (extract->targets[i] == target)
			return i;
	}
	object = &patch->objects[patch->object_count];
	object->name = target->name;
	object->soname = target->soname;
	object->executable = target->executable;
	object->build_id_size = target->build_id_size;
	memcpy(object->build_id, target->build_id, target->build_id_size);
	extract->targets[patch->object_count] = target;
	extract->imports[patch->object_count] = (struct sut_imports){
		.arena = extract->arena,
		.target = target,
		.known_count = extract->known_count,
		.known = extract->known,
	};
	return patch->object_count++;
}

static void collect_parts(struct sut_delta *delta, struct sut_extract *extract)
{
	size_t max = delta->member_count * delta->target_count + 1; /* the author's file */

	extract->parts = sut_arena_array(delta->arena, max, sizeof(*extract->parts));
	extract->targets =
		sut_arena_array(delta->arena, delta->target_count, sizeof(*extract->targets));
	extract->imports =
		sut_arena_array(delta->arena, delta->target_count, sizeof(*extract->imports));
	extract->patch->objects = sut_arena_array(delta->arena, delta->target_count,
						  sizeof(*extract->patch->objects));
	extract->patch->object_count = 0;
	extract->known = delta->targets;
	extract->known_count = delta->target_count;
	for (size_t j = 0; j < delta->target_count; j++) {
		for (size_t i = 0; i < delta->member_count; i++) {
			struct sut_member *member = &delta->members[i];

			if (!member->changed || !sut_member_is_linked(delta, member, j))
				continue;
			extract->parts[extract->part_count++] = (struct sut_part){
				.unit = member->unit,
				.diff = &member->diff,
				.proof = member->proofs[j],
				.object = add_object(extract, &delta->targets[j]),
			};
		}
	}
}

static enum sut_rc load_all(struct sut_delta *delta, const struct sut_unit *units)
{
	const struct sut_create_options *options = delta->options;
	enum sut_rc rc;

	delta->members =
		sut_arena_array(delta->arena, delta->member_count, sizeof(*delta->members));
	delta->targets =
		sut_arena_array(delta->arena, options->target_count, sizeof(*delta->targets));
	for (size_t i = 0; i < options->target_count; i++) {
		rc = sut_target_load(delta->arena, options->targets[i], &delta->targets[i],
				     delta->diag);
		if (rc)
			return rc;
	}
	for (size_t i = 0; options->images && i < options->target_count; i++)
		if (options->images[i])
			sut_target_take_symbols(delta->arena, &delta->targets[i],
						options->images[i]);
	for (size_t i = 0; i < options->target_count; i++)
		sut_lto_judge(&delta->targets[i], delta->verdict);
	delta->target_count = options->target_count;
	for (size_t i = 0; i < delta->member_count; i++) {
		delta->members[i].unit = &units[i];
		sut_member_find_file(delta, &delta->members[i]);
		progress(delta, sut_arena_printf(delta->arena, "comparing %s", units[i].source));
		rc = compare_member(delta, &delta->members[i]);
		if (rc)
			return rc;
	}
	return SUT_OK;
}

enum sut_rc sut_delta_parts(const struct sut_create_options *options, const struct sut_unit *units,
			    size_t unit_count, struct sut_extract *extract, struct sut_diag *diag)
{
	struct sut_delta delta = {
		.arena = extract->arena,
		.options = options,
		.verdict = extract->verdict,
		.diag = diag,
		.member_count = unit_count,
	};
	enum sut_rc rc = load_all(&delta, units);

	if (!rc)
		rc = prove_all(&delta);
	if (!rc)
		collect_parts(&delta, extract);
	return rc;
}

enum sut_rc sut_delta_build(struct sut_arena *arena, const struct sut_create_options *options,
			    const struct sut_unit *units, size_t unit_count,
			    struct sut_patch *patch, struct sut_verdict *verdict,
			    struct sut_diag *diag)
{
	struct sut_extract extract = {.arena = arena, .patch = patch, .verdict = verdict};
	enum sut_rc rc = sut_delta_parts(options, units, unit_count, &extract, diag);

	if (!rc && options->with && extract.part_count)
		rc = sut_additions_add(&extract, options, diag);
	if (rc)
		return rc;
	if (options->progress)
		options->progress(options->progress_context, "extracting");
	rc = sut_extract_run(&extract, diag);
	if (rc)
		return rc;
	sut_edges_judge(&extract);
	sut_entries_note(&extract);
	sut_labels_judge(&extract);
	sut_additions_judge(&extract);
	sut_extract_sources(&extract);
	/* Without a changed function nothing reads old values in a new way. */
	return patch->func_count || verdict->refusal_count
		       ? sut_units_judge(units, unit_count, &extract, verdict, diag)
		       : SUT_OK;
}
