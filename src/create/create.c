// SPDX-License-Identifier: GPL-2.0-or-later
/* The stages of create in their order, the scratch folder they work in, and the verdict. */
#include "create/create.h"
#include "judge/judge.h"
#include "units/compile.h"
#include "units/jobs.h"
#include "units/nothing.h"
#include "units/scratch.h"
#include "units/work.h"
#include "base/guard.h"
#include "base/io.h"
#include "base/rules.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { PATCH_MAX = 64 << 20 /* bytes of a source patch, or of the author's file */ };

struct creation {
	struct sut_arena *arena;
	const struct sut_create_options *options;
	const char *scratch;
	struct sut_unit *units;
	size_t unit_count;
	size_t fact_capacity, allowed_capacity;
	struct sut_patch *patch;
	enum sut_verdict_kind *kind;
	struct sut_verdict *verdict;
	struct sut_diag *diag;
};

static void progress(struct creation *creation, const char *text)
{
	if (creation->options->progress)
		creation->options->progress(creation->options->progress_context, text);
}

static enum sut_rc check_name(const char *name, struct sut_diag *diag)
{
	static const char characters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					 "0123456789._+-";
	size_t length = strlen(name);

	if (length && length <= SUT_PATCH_NAME_MAX && !name[strspn(name, characters)])
		return SUT_OK;
	return sut_fail(diag, SUT_INVALID, "name",
			"%s: no name for a patch, which has 1 to %d letters, digits or ._+-", name,
			SUT_PATCH_NAME_MAX);
}

static enum sut_rc check_options(struct sut_arena *arena, const struct sut_create_options *options,
				 struct sut_diag *diag)
{
	enum sut_rc rc = check_name(options->name, diag);
	struct sut_bytes text;

	for (size_t i = 0; i < options->allowed_count && rc == SUT_OK; i++)
		rc = sut_rule_check_allow(options->allowed[i], diag);
	/* It is needed late: that it cannot be read is said before. */
	if (rc == SUT_OK && options->with)
		rc = sut_file_read(arena, options->with, PATCH_MAX, &text, diag);
	return rc;
}

static void add_fact(struct creation *creation, const char *key, const char *value)
{
	struct sut_patch *patch = creation->patch;

	SUT_PUSH(creation->arena, patch->facts, patch->fact_count, creation->fact_capacity) =
		(struct sut_patch_fact){.key = key, .value = value};
}

/* The first line of what the compiler says of itself. */
static enum sut_rc compiler_version(struct creation *creation, const struct sut_unit *unit,
				    const char **version)
{
	const char *argv[] = {NULL, "--version", NULL};
	struct sut_compile compile;
	struct sut_bytes text;
	struct sut_job job = {
		.argv = argv,
		.directory = unit->directory,
		.output = sut_arena_printf(creation->arena, "%s/version", creation->scratch),
	};
	enum sut_rc rc = sut_compile_read(creation->arena, unit->directory, unit->argc, unit->argv,
					  &compile, creation->diag);

	if (rc)
		return rc;
	argv[0] = compile.argv[0];
	rc = sut_jobs_run(creation->arena, &job, 1, 1, creation->diag);
	if (rc == SUT_OK)
		rc = sut_file_read(creation->arena, job.output, PATCH_MAX, &text, creation->diag);
	if (rc)
		return rc;
	*version = sut_arena_strndup(creation->arena, (const char *)text.data,
				     strcspn((const char *)text.data, "\n"));
	return SUT_OK;
}

/* A file that the patch is made from: its name without its folder, and its digest. */
static enum sut_rc add_file(struct creation *creation, const char *key, const char *path,
			    struct sut_bytes *text)
{
	unsigned char digest[SUT_SHA256_SIZE];
	char hex[2 * SUT_SHA256_SIZE + 1];
	enum sut_rc rc = sut_file_read(creation->arena, path, PATCH_MAX, text, creation->diag);

	if (rc)
		return rc;
	crypto_hash_sha256(digest, text->data, text->size);
	add_fact(creation, key, sut_base_name(path));
	add_fact(creation, sut_arena_printf(creation->arena, "%s-sha256", key),
		 sut_arena_strdup(creation->arena, sut_hex(hex, digest, sizeof(digest))));
	return SUT_OK;
}

/* ... and its text. */
static enum sut_rc add_source(struct creation *creation, enum sut_patch_source source,
			      const char *path)
{
	struct sut_bytes text;
	enum sut_rc rc = add_file(creation, sut_patch_source_keys[source], path, &text);

	if (rc || creation->options->no_source)
		return rc;
	if (text.size > SUT_PATCH_SOURCE_MAX) {
		sut_fail(creation->diag, SUT_UNSUPPORTED, "large",
			 "%s: %zu bytes, more than the %d of a source in a patch file", path,
			 text.size, SUT_PATCH_SOURCE_MAX);
		sut_remedy(creation->diag, "leave it out with --no-source");
		return SUT_UNSUPPORTED;
	}
	creation->patch->sources[source] = text;
	return SUT_OK;
}

/* Where the patch comes from: enough to make it again and to see whether it is the same. */
static enum sut_rc add_facts(struct creation *creation)
{
	const struct sut_create_options *options = creation->options;
	const char *version;
	struct sut_bytes text;
	enum sut_rc rc = compiler_version(creation, &creation->units[0], &version);

	if (rc)
		return rc;
	add_fact(creation, "suture", SUT_VERSION);
	add_fact(creation, "compiler", version);
	for (size_t i = 0; i < options->from_count && rc == SUT_OK; i++)
		rc = add_file(creation, "source-file", options->from[i], &text);
	if (rc == SUT_OK && options->patch)
		rc = add_source(creation, SUT_PATCH_SOURCE_PATCH, options->patch);
	if (rc == SUT_OK && options->with)
		rc = add_source(creation, SUT_PATCH_SOURCE_ADDITIONS, options->with);
	if (rc == SUT_OK && options->beside)
		add_fact(creation, "additions-beside", options->beside);
	if (rc)
		return rc;
	for (size_t i = 0; i < creation->unit_count; i++) {
		const struct sut_unit *unit = &creation->units[i];

		add_fact(creation, "unit",
			 sut_arena_printf(creation->arena, "%s: %s", unit->source,
					  sut_job_line(creation->arena, unit->recorded)));
	}
	return SUT_OK;
}

/* Turns refusals of allowed rules into warnings, and notes in the patch that it was done. */
static void apply_allowed(struct creation *creation)
{
	const struct sut_create_options *options = creation->options;
	struct sut_verdict *verdict = creation->verdict;
	struct sut_patch *patch = creation->patch;

	for (size_t i = 0; i < options->allowed_count; i++) {
		bool used = false;

		for (size_t k = 0; k < verdict->refusal_count; k++)
			used |= strcmp(verdict->refusals[k].rule, options->allowed[i]) == 0;
		for (size_t k = 0; k < patch->allowed_count; k++)
			used &= strcmp(patch->allowed[k], options->allowed[i]) != 0;
		if (used)
			SUT_PUSH(creation->arena, patch->allowed, patch->allowed_count,
				 creation->allowed_capacity) = options->allowed[i];
	}
	sut_verdict_allow(verdict, options->allowed, options->allowed_count);
}

static enum sut_rc run_stages(struct creation *creation)
{
	const struct sut_create_options *options = creation->options;
	struct sut_patch *patch = creation->patch;
	enum sut_rc rc = sut_units_build(creation->arena, options, creation->scratch,
					 sut_units_judge_early, &creation->units,
					 &creation->unit_count, creation->verdict, creation->diag);

	if (rc || !creation->unit_count)
		return rc;
	progress(creation, "comparing and proving");
	rc = sut_delta_build(creation->arena, options, creation->units, creation->unit_count, patch,
			     creation->verdict, creation->diag);
	if (rc == SUT_OK)
		apply_allowed(creation);
	if (rc == SUT_OK && patch->func_count && !creation->verdict->refusal_count)
		rc = add_facts(creation);
	return rc;
}

/* Units were compiled, and all their code is the same. */
static enum sut_rc explain_nothing(struct creation *creation)
{
	const struct sut_work *work = creation->unit_count ? creation->units[0].work : NULL;

	return work ? sut_nothing_explain(creation->arena, creation->options, &work->patched,
					  work->seen, true, creation->verdict, creation->diag)
		    : SUT_OK;
}

static enum sut_rc create_in(void *context, const char *folder)
{
	struct creation *creation = context;
	enum sut_verdict_kind *kind = creation->kind;
	enum sut_rc rc;

	creation->scratch = folder;
	rc = run_stages(creation);
	if (rc == SUT_REFUSED) {
		sut_refuse_diag(creation->verdict, creation->diag);
		rc = SUT_OK;
	}
	if (rc)
		return rc;
	*kind = sut_verdict_kind(creation->verdict, creation->patch->func_count);
	return *kind == SUT_VERDICT_NOTHING ? explain_nothing(creation) : SUT_OK;
}

enum sut_rc sut_create(struct sut_arena *arena, const struct sut_create_options *options,
		       struct sut_patch *patch, enum sut_verdict_kind *kind,
		       struct sut_verdict *verdict, struct sut_diag *diag)
{
	struct creation creation = {
		.arena = arena,
		.options = options,
		.patch = patch,
		.kind = kind,
		.verdict = verdict,
		.diag = diag,
	};
	enum sut_rc rc = check_options(arena, options, diag);

	if (rc)
		return rc;
	*patch = (struct sut_patch){
		.name = options->name,
		.version = options->version ? options->version : "1",
		.fix_count = options->fix_count,
		.fixes = options->fixes,
		.replace = options->replace,
		.replace_set = options->replace_set,
	};
	return sut_scratch_with(arena, create_in, &creation, diag);
}
