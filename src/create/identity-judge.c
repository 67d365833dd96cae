// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which functions can be patched. Each is made a patch of its own, which is thrown away: so
 * whatever create refuses is known function by function, by the very rules of real patches.
 */
#include "create/identity-private.h"
#include "judge/judge.h"

#include <string.h>

void sut_identity_change(const struct sut_identity_function *function, enum sut_change change)
{
	const struct sut_diff *diff = function->part->diff;

	for (size_t i = 0; i < diff->after->def_count; i++)
		if (diff->after->defs[i].parent == function->def)
			diff->change[i] = change;
}

enum sut_rc sut_identity_extract(struct sut_identity_work *work, struct sut_extract *extract,
				 struct sut_patch *patch)
{
	const struct sut_extract *parts = &work->extract;
	enum sut_rc rc;

	*patch = (struct sut_patch){
		.version = "1",
		.object_count = parts->patch->object_count,
		.objects = parts->patch->objects,
	};
	extract->patch = patch;
	extract->part_count = parts->part_count;
	extract->parts = parts->parts;
	extract->targets = parts->targets;
	extract->imports = parts->imports;
	rc = sut_extract_run(extract, work->diag);
	if (rc == SUT_OK) {
		sut_edges_judge(extract);
		sut_entries_note(extract);
		sut_labels_judge(extract);
	}
	return rc;
}

/* What one function says against being patched: "main" is a warning, for others may go on. */
static const struct sut_refusal *first_reason(const struct sut_verdict *verdict)
{
	if (verdict->refusal_count)
		return &verdict->refusals[0];
	for (size_t i = 0; i < verdict->warning_count; i++)
		if (strcmp(verdict->warnings[i].rule, "main") == 0)
			return &verdict->warnings[i];
	return NULL;
}

static void leave(struct sut_identity_work *work, struct sut_identity_function *function,
		  const char *rule, const char *message)
{
	const struct sut_part *part = function->part;

	function->left = true;
	sut_identity_leave(work, rule,
			   sut_arena_strdup(work->arena,
					    part->diff->after->defs[function->def].name),
			   part->unit->source, message);
}

static enum sut_rc try_alone(struct sut_identity_work *work, struct sut_identity_function *function)
{
	struct sut_arena arena = {0};
	struct sut_verdict verdict = {.arena = &arena};
	struct sut_extract extract = {.arena = &arena, .verdict = &verdict};
	const struct sut_proof_def *proven = &function->part->proof->defs[function->def];
	const struct sut_refusal *reason;
	struct sut_patch patch;
	enum sut_rc rc;

	if (strcmp(function->part->diff->after->defs[function->def].name, "main") == 0) {
		leave(work, function, "main", "is entered once, before any patch can come");
		return SUT_OK;
	}
	if (proven->state == SUT_PROOF_DIFFERENT) {
		leave(work, function, "match",
		      sut_arena_printf(work->arena, "is not what the target has: %s",
				       proven->reason));
		return SUT_OK;
	}
	sut_identity_change(function, SUT_CHANGE_CHANGED);
	sut_diff_judge(function->part->diff, function->part->unit->source, &verdict);
	rc = sut_identity_extract(work, &extract, &patch);
	sut_identity_change(function, SUT_CHANGE_NONE);
	reason = first_reason(&verdict);
	if (rc == SUT_OK && reason)
		leave(work, function, sut_arena_strdup(work->arena, reason->rule),
		      sut_arena_strdup(work->arena, reason->message));
	sut_arena_deinit(&arena);
	return rc;
}

static bool is_named(const char *name, size_t count, const char **names)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

static bool is_wanted(const struct sut_identity_choice *choice, const char *name)
{
	return (!choice->function_count ||
		is_named(name, choice->function_count, choice->functions)) &&
	       !is_named(name, choice->except_count, choice->except);
}

static void add_functions(struct sut_identity_work *work, struct sut_part *part)
{
	const struct sut_object *object = part->diff->after;

	for (size_t i = 0; i < object->def_count; i++) {
		const struct sut_def *def = &object->defs[i];

		if (def->parent != i || !sut_def_is_function(def) ||
		    part->proof->defs[i].state == SUT_PROOF_ABSENT ||
		    !is_wanted(work->choice, def->name))
			continue;
		SUT_PUSH(work->arena, work->functions, work->count, work->capacity) =
			(struct sut_identity_function){.part = part, .def = (uint32_t)i};
	}
}

/* A function that was asked for by name is there. */
static enum sut_rc check_choice(struct sut_identity_work *work)
{
	const struct sut_identity_choice *choice = work->choice;

	for (size_t i = 0; i < choice->function_count; i++) {
		bool found = is_named(choice->functions[i], choice->except_count, choice->except);

		for (size_t j = 0; j < work->count && !found; j++) {
			const struct sut_identity_function *function = &work->functions[j];

			found = strcmp(function->part->diff->after->defs[function->def].name,
				       choice->functions[i]) == 0;
		}
		if (!found)
			return sut_fail(work->diag, SUT_INVALID, "",
					"%s: the units that were compiled have no such function "
					"that is in %s",
					choice->functions[i], work->options->targets[0]);
	}
	return SUT_OK;
}

enum sut_rc sut_identity_judge(struct sut_identity_work *work)
{
	enum sut_rc rc;

	for (size_t i = 0; i < work->extract.part_count; i++) {
		struct sut_part *part = &work->extract.parts[i];

		/* Another program of the tree may share some functions by chance. */
		if (!part->proof->different || part->proof->equal > part->proof->absent)
			add_functions(work, part);
	}
	rc = check_choice(work);
	for (size_t i = 0; i < work->count && rc == SUT_OK; i++) {
		if (i % 64 == 0)
			sut_identity_progress(work, sut_arena_printf(work->arena,
								     "judging %zu of %zu functions",
								     i + 1, work->count));
		rc = try_alone(work, &work->functions[i]);
	}
	return rc;
}
