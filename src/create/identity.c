// SPDX-License-Identifier: GPL-2.0-or-later
#include "create/identity-private.h"
#include "units/scratch.h"

#include <string.h>

void sut_identity_progress(struct sut_identity_work *work, const char *text)
{
	if (work->options->progress)
		work->options->progress(work->options->progress_context, text);
}

void sut_identity_leave(struct sut_identity_work *work, const char *rule, const char *function,
			const char *unit, const char *message)
{
	struct sut_identity *identity = work->identity;

	SUT_PUSH(work->arena, identity->left, identity->left_count, identity->left_capacity) =
		(struct sut_identity_left){rule, function, unit, message};
}

/* The linker may give two functions one code; a patch can change that code once. */
static void leave_shared(struct sut_identity_work *work)
{
	for (size_t i = 0; i < work->count; i++) {
		struct sut_identity_function *function = &work->functions[i];
		uint64_t address = function->part->proof->defs[function->def].address;

		for (size_t j = 0; j < i && !function->left; j++) {
			const struct sut_identity_function *other = &work->functions[j];

			if (other->left || other->part->proof->defs[other->def].address != address)
				continue;
			function->left = true;
			sut_identity_leave(
				work, "entry",
				function->part->diff->after->defs[function->def].name,
				function->part->unit->source,
				sut_arena_printf(work->arena, "has one code with %s",
						 other->part->diff->after->defs[other->def].name));
		}
	}
}

static void add_facts(struct sut_identity_work *work, struct sut_patch *patch)
{
	struct sut_patch_fact *facts = sut_arena_array(work->arena, 2, sizeof(*facts));

	facts[0] = (struct sut_patch_fact){"suture", SUT_VERSION};
	facts[1] = (struct sut_patch_fact){"identity", "each function is replaced by itself"};
	patch->facts = facts;
	patch->fact_count = 2;
}

static void add_sources(const struct sut_extract *extract, struct sut_patch *patch)
{
	for (size_t i = 0; i < patch->func_count; i++) {
		uint32_t section = patch->symbols[patch->funcs[i].symbol].section;

		patch->funcs[i].source = extract->origins[section].part->unit->source;
	}
}

static enum sut_rc make_patch(struct sut_identity_work *work)
{
	struct sut_extract extract = {.arena = work->arena, .verdict = work->verdict};
	struct sut_identity *identity = work->identity;
	struct sut_patch *patch = sut_arena_alloc(work->arena, sizeof(*patch));
	enum sut_rc rc;

	for (size_t i = 0; i < work->count; i++) {
		if (work->functions[i].left)
			continue;
		sut_identity_change(&work->functions[i], SUT_CHANGE_CHANGED);
		identity->patched_count++;
	}
	if (!identity->patched_count)
		return SUT_OK;
	sut_identity_progress(work, "making the patch");
	rc = sut_identity_extract(work, &extract, patch);
	patch->name = work->options->name;
	add_facts(work, patch);
	add_sources(&extract, patch);
	identity->patch = patch;
	return rc;
}

static enum sut_rc work_in(void *context, const char *folder)
{
	struct sut_identity_work *work = context;
	struct sut_patch objects = {0};
	enum sut_rc rc = sut_identity_compile(work, folder);

	work->extract = (struct sut_extract){
		.arena = work->arena,
		.patch = &objects,
		.verdict = work->verdict,
	};
	if (rc == SUT_OK)
		rc = sut_delta_parts(work->options, work->units, work->unit_count, &work->extract,
				     work->diag);
	if (rc == SUT_OK)
		rc = sut_identity_judge(work);
	if (rc)
		return rc;
	leave_shared(work);
	work->identity->unit_count = work->extract.part_count;
	work->identity->function_count = work->count;
	return make_patch(work);
}

enum sut_rc sut_identity_make(struct sut_arena *arena, const struct sut_create_options *options,
			      const struct sut_identity_choice *choice,
			      struct sut_identity *identity, struct sut_verdict *verdict,
			      struct sut_diag *diag)
{
	struct sut_identity_work work = {
		.arena = arena,
		.options = options,
		.choice = choice,
		.identity = identity,
		.verdict = verdict,
		.diag = diag,
	};

	*identity = (struct sut_identity){0};
	return sut_scratch_with(arena, work_in, &work, diag);
}
