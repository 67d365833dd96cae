// SPDX-License-Identifier: GPL-2.0-or-later
#include "source/source.h"
#include "judge/judge.h"
#include "source/closure.h"
#include "source/flags.h"
#include "source/write.h"
#include "units/scratch.h"
#include "units/work.h"

#include <string.h>

enum { TEXT_MAX = 256 << 20 /* bytes of a preprocessed unit */ };

struct extraction {
	struct sut_arena *arena;
	const struct sut_source_options *options;
	struct sut_source **sources;
	size_t *count;
	struct sut_verdict *verdict;
	struct sut_diag *diag;
};

static size_t count_lines(const char *text)
{
	size_t count = 0;

	for (; *text; text += *text == '\n') {
		size_t blank = strspn(text, " \t"), length = strcspn(text, "\n");

		count += blank < length && text[blank] != '#';
		text += length;
	}
	return count;
}

/* How much the compiler reads for the unit. */
static enum sut_rc measure_unit(struct extraction *extraction, const struct sut_unit *unit,
				struct sut_source *source)
{
	const char *output = sut_arena_printf(extraction->arena, "%s.i", unit->after);
	struct sut_job job = sut_work_job(unit->work, unit->candidate, SUT_SIDE_AFTER,
					  SUT_COMPILE_PREPROCESS, output);
	struct sut_bytes text;
	enum sut_rc rc = sut_compilers_run(extraction->arena, &job, 1, extraction->verdict,
					   extraction->diag);

	if (rc == SUT_OK && job.status)
		rc = sut_work_failed(unit->work, unit->candidate, SUT_SIDE_AFTER, &job);
	if (rc == SUT_OK)
		rc = sut_file_read(extraction->arena, output, TEXT_MAX, &text, extraction->diag);
	if (rc == SUT_OK)
		source->unit_lines = count_lines((const char *)text.data);
	return rc;
}

/* The unit's name in its tree. */
static const char *unit_name(const struct sut_unit *unit)
{
	const char *tree = unit->work->patched.tree;
	size_t length = strlen(tree);

	return strncmp(unit->path, tree, length) == 0 && unit->path[length] == '/'
		       ? unit->path + length + 1
		       : unit->path;
}

/* The tree's path in the command as it was recorded, which a profile may have moved; NULL: the
 * command names the unit from its folder. */
static const char *origin_of(struct sut_arena *arena, const struct sut_unit *unit)
{
	const char *name = unit_name(unit);
	size_t tail = strlen(name) + 1;

	for (const char **word = unit->recorded; *word && name != unit->path; word++) {
		size_t length = strlen(*word);

		if (**word == '/' && length > tail && (*word)[length - tail] == '/' &&
		    strcmp(*word + length - tail + 1, name) == 0)
			return sut_arena_strndup(arena, *word, length - tail);
	}
	return NULL;
}

static enum sut_rc write_unit(struct extraction *extraction, const struct sut_unit *unit,
			      const struct sut_facts *facts, struct sut_source *source)
{
	struct sut_mirror *mirror = &unit->work->mirrors[SUT_SIDE_AFTER];
	struct sut_job job = sut_work_job(unit->work, unit->candidate, SUT_SIDE_AFTER,
					  SUT_COMPILE_PREPROCESS, "-");
	struct sut_flags flags = sut_flags_for_clang(extraction->arena, job.argv, job.directory);
	const char *origin = origin_of(extraction->arena, unit);
	struct sut_written written = {
		.unit = source->unit,
		.patch = extraction->options->create->patch,
		.relative = !origin && *unit->source != '/',
		.origin = origin,
		.count = source->count,
		.names = source->names,
	};
	struct sut_parsed parsed = {0};
	struct sut_closure closure;
	enum sut_rc rc = sut_parse(extraction->arena, sut_mirror_path(mirror, unit->path),
				   flags.list, flags.count, mirror->root, mirror->tree,
				   unit->directory, &parsed, extraction->diag);

	parsed.interposable = flags.interposable;
	if (rc == SUT_OK)
		rc = sut_closure_run(extraction->arena, &parsed, facts, source->names,
				     source->count, &closure, extraction->diag);
	if (rc == SUT_OK)
		source->text = sut_write(&closure, &written);
	sut_parsed_deinit(&parsed);
	if (rc)
		return sut_context(extraction->diag, rc, "while extracting from %s", unit->source);
	source->lines = count_lines(source->text);
	source->left_out = flags.left_out;
	return measure_unit(extraction, unit, source);
}

/* Those that are asked for, as far as the unit has them. */
static void choose(const struct sut_source_options *options, const struct sut_facts *facts,
		   struct sut_source *source)
{
	size_t capacity = 0;

	if (!options->function_count) {
		sut_facts_roots(facts, &source->count, &source->names);
		return;
	}
	for (size_t i = 0; i < options->function_count; i++)
		if (sut_facts_has(&facts->before, options->functions[i], true))
			SUT_PUSH(facts->arena, source->names, source->count, capacity) =
				options->functions[i];
}

static enum sut_rc extract_unit(struct extraction *extraction, const struct sut_unit *unit,
				size_t *capacity)
{
	const struct sut_compile *compile = &unit->candidate->compile;
	const char *language = compile->sources[unit->candidate->source].language;
	struct sut_source source = {.unit = unit_name(unit)};
	struct sut_facts facts;
	enum sut_rc rc;

	if (strcmp(language, "C") != 0) {
		sut_refuse(extraction->verdict, "language", unit->source,
			   "%s: is %s; live patches are written as C, of units in C", unit->source,
			   language);
		return SUT_OK;
	}
	rc = sut_facts_read(extraction->arena, unit, &facts, extraction->diag);
	if (rc)
		return rc;
	choose(extraction->options, &facts, &source);
	if (!source.count)
		return SUT_OK;
	if (extraction->options->create->progress)
		extraction->options->create->progress(
			extraction->options->create->progress_context,
			sut_arena_printf(extraction->arena, "extracting from %s", unit->source));
	rc = sut_facts_read_clones(&facts, unit, extraction->verdict, extraction->diag);
	if (rc == SUT_OK)
		rc = write_unit(extraction, unit, &facts, &source);
	if (rc == SUT_OK)
		SUT_PUSH(extraction->arena, *extraction->sources, *extraction->count, *capacity) =
			source;
	return rc;
}

static enum sut_rc check_functions(const struct extraction *extraction)
{
	const struct sut_source_options *options = extraction->options;

	for (size_t i = 0; i < options->function_count; i++) {
		bool found = false;

		for (size_t k = 0; k < *extraction->count; k++)
			for (size_t n = 0; n < (*extraction->sources)[k].count; n++)
				found |=
					(*extraction->sources)[k].names[n] == options->functions[i];
		if (!found)
			return sut_fail(extraction->diag, SUT_REFUSED, "extract",
					"%s: no unit that the patch affects has a function of "
					"that name with code of its own",
					options->functions[i]);
	}
	return SUT_OK;
}

/* What stands against the patch itself is said, and left to whoever reads the file. */
static enum sut_rc judge(struct extraction *extraction, const struct sut_unit *units, size_t count)
{
	struct sut_verdict found = {.arena = extraction->arena};
	struct sut_patch patch = {.name = "extract", .version = "1"};
	enum sut_rc rc = sut_delta_build(extraction->arena, extraction->options->create, units,
					 count, &patch, &found, extraction->diag);

	for (size_t i = 0; i < found.refusal_count; i++)
		sut_warn(extraction->verdict, found.refusals[i].rule, found.refusals[i].evidence,
			 "create --patch refuses: %s", found.refusals[i].message);
	return rc;
}

static enum sut_rc extract_in(void *context, const char *folder)
{
	struct extraction *extraction = context;
	struct sut_unit *units;
	size_t count, capacity = 0;
	enum sut_rc rc = sut_units_build(extraction->arena, extraction->options->create, folder,
					 sut_units_judge_early, &units, &count, extraction->verdict,
					 extraction->diag);

	if (rc == SUT_OK && extraction->options->create->target_count)
		rc = judge(extraction, units, count);
	for (size_t i = 0; i < count && rc == SUT_OK; i++)
		rc = extract_unit(extraction, &units[i], &capacity);
	return rc ? rc : check_functions(extraction);
}

enum sut_rc sut_source_extract(struct sut_arena *arena, const struct sut_source_options *options,
			       struct sut_source **sources, size_t *count,
			       struct sut_verdict *verdict, struct sut_diag *diag)
{
	struct extraction extraction = {
		.arena = arena,
		.options = options,
		.sources = sources,
		.count = count,
		.verdict = verdict,
		.diag = diag,
	};

	*sources = NULL;
	*count = 0;
	return sut_scratch_with(arena, extract_in, &extraction, diag);
}
