// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The translation units that a source patch affects, compiled on both sides.
 *
 * A patched .c file affects the units that compile it. A patched header may affect any unit, so
 * all are preprocessed on both sides, and only those whose tokens differ are compiled: of 56 units
 * that include a central header most drop out here, for a tenth of what compiling them would take.
 * The same comparison drops patches that only change comments.
 */
#include "create/create.h"
#include "create/compile.h"
#include "create/database.h"
#include "create/jobs.h"
#include "create/mirror.h"
#include "create/patched.h"
#include "create/tokens.h"
#include "base/guard.h"
#include "base/io.h"

#include <stdlib.h>
#include <string.h>

enum {
	PARALLEL = 2,
	BATCH = 16, /* units preprocessed before their texts are compared and removed */
};

/* A unit that may be affected. */
struct candidate {
	const struct sut_entry *entry;
	struct sut_compile compile;
	size_t source;     /* index into compile.sources */
	bool patched_main; /* its own source file is patched */
	bool affected;
};

struct work {
	struct sut_arena *arena;
	const struct sut_create_options *options;
	const char *scratch;
	struct sut_database database;
	struct sut_patched patched;
	bool *seen; /* per patched file: some unit reads it */
	struct sut_mirror mirrors[SUT_SIDE_COUNT];
	bool whole; /* the mirrors hold the whole tree */
	size_t count, capacity;
	struct candidate *candidates;
	struct sut_verdict *verdict;
	struct sut_diag *diag;
};

static const char *const side_names[] = {"before", "after"};

static void progress(struct work *work, const char *text)
{
	if (work->options->progress)
		work->options->progress(work->options->progress_context, text);
}

/* The patched file that is at this absolute path, or NULL. */
static struct sut_patched_file *file_at(struct work *work, const char *path)
{
	for (size_t i = 0; i < work->patched.count; i++)
		if (strcmp(work->patched.files[i].original, path) == 0)
			return &work->patched.files[i];
	return NULL;
}

/* Whether some patched file is no unit's own source: then includes decide. */
static bool needs_includes(struct work *work)
{
	size_t mains = 0;

	for (size_t i = 0; i < work->patched.count; i++) {
		bool is_main = false;

		for (size_t k = 0; k < work->database.count && !is_main; k++)
			is_main = strcmp(work->database.entries[k].path,
					 work->patched.files[i].original) == 0;
		mains += is_main;
	}
	return mains < work->patched.count;
}

static const char *full_path(struct sut_arena *arena, const char *directory, const char *file)
{
	const char *path =
		file[0] == '/' ? file : sut_arena_printf(arena, "%s/%s", directory, file);
	SUT_FREE char *real = realpath(path, NULL);

	return real ? sut_arena_strdup(arena, real) : path;
}

/* Which of the command's sources is the one at path; false: none. */
static bool find_source(struct sut_arena *arena, const char *directory,
			const struct sut_compile *compile, const char *path, size_t *source)
{
	for (size_t i = 0; i < compile->source_count; i++) {
		const char *word = compile->argv[compile->sources[i].index];

		if (strcmp(full_path(arena, directory, word), path) == 0) {
			*source = i;
			return true;
		}
	}
	return false;
}

static enum sut_rc add_candidate(struct work *work, const struct sut_entry *entry, bool main)
{
	struct candidate candidate = {.entry = entry, .patched_main = main};
	enum sut_rc rc = sut_compile_read(work->arena, entry->directory, entry->argc, entry->argv,
					  &candidate.compile, work->diag);

	if (rc)
		return sut_context(work->diag, rc, "in the entry of %s in %s", entry->file,
				   work->database.path);
	if (!candidate.compile.makes_object)
		return SUT_OK;
	if (!find_source(work->arena, entry->directory, &candidate.compile, entry->path,
			 &candidate.source))
		return sut_fail(work->diag, SUT_INVALID, "database",
				"%s: the command of %s does not compile it", work->database.path,
				entry->file);
	SUT_PUSH(work->arena, work->candidates, work->count, work->capacity) = candidate;
	return SUT_OK;
}

static enum sut_rc find_candidates(struct work *work)
{
	bool all = needs_includes(work);

	for (size_t i = 0; i < work->database.count; i++) {
		const struct sut_entry *entry = &work->database.entries[i];
		struct sut_patched_file *main = file_at(work, entry->path);
		enum sut_rc rc = SUT_OK;

		if (main && !main->after)
			return sut_fail(work->diag, SUT_REFUSED, "source",
					"%s: the patch deletes it, and it is compiled into the "
					"program",
					main->path);
		if (main)
			work->seen[main - work->patched.files] = true;
		if (main || (all && access(entry->path, F_OK) == 0))
			rc = add_candidate(work, entry, main != NULL);
		if (rc)
			return rc;
	}
	return SUT_OK;
}

static enum sut_rc make_mirrors(struct work *work)
{
	const char **folders = sut_arena_array(work->arena, work->count, sizeof(*folders));
	enum sut_rc rc = SUT_OK;

	for (size_t i = 0; i < work->count; i++)
		folders[i] = work->candidates[i].entry->directory;
	for (int side = 0; side < SUT_SIDE_COUNT && rc == SUT_OK; side++)
		rc = sut_mirror_make(work->arena, &work->patched, (enum sut_side)side, work->whole,
				     folders, work->count, work->scratch, &work->mirrors[side],
				     work->diag);
	return rc;
}

static const char *map_path(void *context, const char *path)
{
	return sut_mirror_path(context, path);
}

/* What a compiler's environment must hold: the same date on both sides, and the folder by the name
 * that the mirror gives it. */
static const char **compiler_variables(struct sut_arena *arena, const char *directory)
{
	const char **list = sut_arena_array(arena, 3, sizeof(*list));

	list[0] = sut_arena_printf(arena, "PWD=%s", directory);
	if (!getenv("SOURCE_DATE_EPOCH"))
		list[1] = "SOURCE_DATE_EPOCH=0";
	return list;
}

static struct sut_job make_job(struct work *work, const struct candidate *candidate, int side,
			       enum sut_compile_kind kind, const char *output)
{
	struct sut_mirror *mirror = &work->mirrors[side];
	struct sut_compile_mapping mapping = {
		.map = map_path,
		.context = mirror,
		.root = mirror->root,
	};
	const char *directory = sut_mirror_path(mirror, candidate->entry->directory);

	return (struct sut_job){
		.argv = sut_compile_command(work->arena, &candidate->compile, candidate->source,
					    kind, output, &mapping),
		.directory = directory,
		.variables = compiler_variables(work->arena, directory),
		.output = kind == SUT_COMPILE_PREPROCESS ? output : NULL,
		.errors = sut_arena_printf(work->arena, "%s.errors", output),
	};
}

static enum sut_rc run_compilers(struct sut_arena *arena, struct sut_job *jobs, size_t count,
				 struct sut_verdict *verdict, struct sut_diag *diag)
{
	uint64_t start = sut_now_ns();
	enum sut_rc rc = sut_jobs_run(arena, jobs, count, PARALLEL, diag);

	verdict->compiler_ns += sut_now_ns() - start;
	return rc;
}

static enum sut_rc compile_failed(struct work *work, const struct candidate *candidate, int side,
				  const struct sut_job *job)
{
	enum sut_rc rc =
		sut_fail(work->diag, SUT_REFUSED, "compile", "%s: does not compile %s the patch",
			 candidate->entry->file, side == SUT_SIDE_BEFORE ? "without" : "with");

	sut_context(work->diag, rc, "%s", sut_job_errors(work->arena, job));
	sut_context(work->diag, rc, "in %s: %s", job->directory,
		    sut_job_line(work->arena, job->argv));
	if (side == SUT_SIDE_BEFORE)
		sut_remedy(work->diag,
			   "the tree or the compiler is not the one that %s was "
			   "recorded with",
			   work->database.path);
	else
		sut_remedy(work->diag, "correct the patch");
	return rc;
}

/*
 * Finds out which patched files a unit reads. Whoever comes to a patched file by a way around the
 * mirror would read the unpatched one on both sides, and the patch would lack a part in silence.
 * SUT_RETRY: a mirror of the whole tree leaves no such way within it.
 */
static enum sut_rc note_reads(struct work *work, const struct candidate *candidate, int side,
			      const struct sut_tokens *tokens)
{
	struct sut_mirror *mirror = &work->mirrors[side];
	const char *directory = sut_mirror_path(mirror, candidate->entry->directory);

	for (size_t i = 0; i < tokens->name_count; i++) {
		for (size_t k = 0; k < work->patched.count; k++) {
			const struct sut_patched_file *file = &work->patched.files[k];
			const char *base = strrchr(file->original, '/');
			size_t length = strlen(tokens->names[i]);
			const char *path;

			if (length < strlen(base + 1) ||
			    strcmp(tokens->names[i] + length - strlen(base + 1), base + 1) != 0)
				continue;
			path = full_path(work->arena, directory, tokens->names[i]);
			if (strcmp(path, file->original) == 0)
				return sut_fail(work->diag,
						work->whole ? SUT_UNSUPPORTED : SUT_RETRY,
						"overlay",
						"%s: includes %s by a path that leaves the source "
						"tree and comes back; name a folder above as "
						"--source",
						candidate->entry->file, file->path);
			if (strcmp(path, sut_mirror_path(mirror, file->original)) == 0)
				work->seen[k] = true;
		}
	}
	return SUT_OK;
}

static enum sut_rc compare(struct work *work, struct candidate *candidate, struct sut_job *jobs)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_tokens tokens[SUT_SIDE_COUNT];

	for (int side = 0; side < SUT_SIDE_COUNT; side++) {
		enum sut_rc rc;

		/* A new header may be looked for by a way around a mirror that is not whole. */
		if (jobs[side].status) {
			rc = compile_failed(work, candidate, side, &jobs[side]);
			return work->whole ? rc : SUT_RETRY;
		}
		rc = sut_tokens_read(&arena, jobs[side].output, &tokens[side], work->diag);
		if (rc == SUT_OK)
			rc = note_reads(work, candidate, side, &tokens[side]);
		if (rc)
			return rc;
		unlink(jobs[side].output);
	}
	candidate->affected =
		tokens[0].text.size != tokens[1].text.size ||
		memcmp(tokens[0].text.data, tokens[1].text.data, tokens[0].text.size) != 0;
	return SUT_OK;
}

static enum sut_rc find_affected(struct work *work)
{
	struct sut_job *jobs = sut_arena_array(work->arena, SUT_SIDE_COUNT * BATCH, sizeof(*jobs));

	for (size_t first = 0; first < work->count; first += BATCH) {
		size_t count = work->count - first < BATCH ? work->count - first : BATCH;
		enum sut_rc rc;

		progress(work, sut_arena_printf(work->arena, "preprocessing %zu of %zu units",
						first + count, work->count));
		for (size_t i = 0; i < SUT_SIDE_COUNT * count; i++)
			jobs[i] =
				make_job(work, &work->candidates[first + i / 2], (int)(i % 2),
					 SUT_COMPILE_PREPROCESS,
					 sut_arena_printf(work->arena, "%s/%zu.%s.i", work->scratch,
							  first + i / 2, side_names[i % 2]));
		rc = run_compilers(work->arena, jobs, SUT_SIDE_COUNT * count, work->verdict,
				   work->diag);
		for (size_t i = 0; i < count && rc == SUT_OK; i++)
			rc = compare(work, &work->candidates[first + i], &jobs[2 * i]);
		if (rc)
			return rc;
	}
	return SUT_OK;
}

/* Units whose objects cannot be compared are refused, all of them, and left out. */
static void judge(struct work *work)
{
	for (size_t i = 0; i < work->count; i++) {
		struct candidate *candidate = &work->candidates[i];
		const char *language = candidate->compile.sources[candidate->source].language;
		const char *line = sut_job_line(work->arena, candidate->entry->argv);

		if (!candidate->affected)
			continue;
		if (strcmp(language, "C") != 0) {
			sut_refuse(work->verdict, "language", line,
				   "%s: is %s; this version makes patches for C only",
				   candidate->entry->file, language);
			candidate->affected = false;
		} else if (candidate->compile.lto) {
			sut_refuse(
				work->verdict, "lto", line,
				"%s: is compiled with -flto, so its machine code is made at link "
				"time with that of other files; build the target without it",
				candidate->entry->file);
			candidate->affected = false;
		}
	}
}

static enum sut_rc mirror_and_compare(struct work *work)
{
	enum sut_rc rc = make_mirrors(work);

	if (rc == SUT_OK)
		rc = find_affected(work);
	if (rc != SUT_RETRY)
		return rc;
	work->whole = true;
	rc = make_mirrors(work);
	return rc ? rc : find_affected(work);
}

static const char *object_name(struct work *work, const char *kind, size_t i)
{
	return sut_arena_printf(work->arena, "%s/%zu.%s.o", work->scratch, i, kind);
}

static enum sut_rc compile_affected(struct work *work, struct sut_unit *units, size_t count)
{
	struct sut_job *jobs = sut_arena_array(work->arena, 2 * count, sizeof(*jobs));
	size_t n = 0;
	enum sut_rc rc;

	for (size_t i = 0; i < work->count; i++) {
		const struct candidate *candidate = &work->candidates[i];
		struct sut_unit *unit = &units[n / 2];

		if (!candidate->affected)
			continue;
		*unit = (struct sut_unit){
			.source = candidate->entry->file,
			.path = candidate->entry->path,
			.directory = candidate->entry->directory,
			.argc = candidate->entry->argc,
			.argv = candidate->entry->argv,
			.before = object_name(work, "before", i),
			.after = object_name(work, "after", i),
			.plain = object_name(work, "plain", i),
		};
		jobs[n++] = make_job(work, candidate, SUT_SIDE_BEFORE, SUT_COMPILE_SECTIONS,
				     unit->before);
		jobs[n++] = make_job(work, candidate, SUT_SIDE_AFTER, SUT_COMPILE_SECTIONS,
				     unit->after);
	}
	progress(work,
		 sut_arena_printf(work->arena, "compiling %zu units before and after", count));
	rc = run_compilers(work->arena, jobs, n, work->verdict, work->diag);
	for (size_t i = 0, k = 0; i < work->count && rc == SUT_OK; i++) {
		if (!work->candidates[i].affected)
			continue;
		for (int side = 0; side < SUT_SIDE_COUNT && rc == SUT_OK; side++, k++)
			if (jobs[k].status)
				rc = compile_failed(work, &work->candidates[i], side, &jobs[k]);
	}
	return rc;
}

/* A patched file that nothing reads: harmless for a test program, fatal for a file that the build
 * would have compiled from now on. */
static void judge_unread(struct work *work)
{
	for (size_t i = 0; i < work->patched.count; i++) {
		const struct sut_patched_file *file = &work->patched.files[i];
		size_t length = strlen(file->path);
		bool is_c = length > 2 && strcmp(file->path + length - 2, ".c") == 0;

		if (work->seen[i])
			continue;
		if (!file->before && is_c)
			sut_refuse(
				work->verdict, "new-source", file->path,
				"%s: a new source file, and no recorded command compiles it; put "
				"its code into a file that is compiled already",
				file->path);
		else
			sut_warn(work->verdict, "uncompiled", file->path,
				 "%s: patched, but no recorded compilation reads it", file->path);
	}
}

static enum sut_rc find_database(struct work *work)
{
	const char *path = work->options->database;
	enum sut_rc rc = SUT_OK;

	if (!path)
		rc = sut_database_find(work->arena, work->patched.tree, &path, work->diag);
	return rc ? rc : sut_database_load(work->arena, path, &work->database, work->diag);
}

enum sut_rc sut_units_build(struct sut_arena *arena, const struct sut_create_options *options,
			    const char *scratch, struct sut_unit **units, size_t *count,
			    struct sut_verdict *verdict, struct sut_diag *diag)
{
	struct work work = {
		.arena = arena,
		.options = options,
		.scratch = scratch,
		.verdict = verdict,
		.diag = diag,
	};
	struct sut_unit *built;
	size_t affected = 0;
	enum sut_rc rc = sut_patched_make(arena, options, scratch, &work.patched, verdict, diag);

	if (rc == SUT_OK)
		rc = find_database(&work);
	if (rc)
		return rc;
	work.seen = sut_arena_array(arena, work.patched.count, sizeof(*work.seen));
	rc = find_candidates(&work);
	if (rc == SUT_OK && work.count)
		rc = mirror_and_compare(&work);
	if (rc)
		return rc;
	judge(&work);
	judge_unread(&work);
	for (size_t i = 0; i < work.count; i++)
		affected += work.candidates[i].affected;
	built = sut_arena_array(arena, affected, sizeof(*built));
	if (affected)
		rc = compile_affected(&work, built, affected);
	if (rc)
		return rc;
	*units = built;
	*count = affected;
	return SUT_OK;
}

enum sut_rc sut_unit_plain(struct sut_arena *arena, const struct sut_unit *unit,
			   const char **object, struct sut_verdict *verdict, struct sut_diag *diag)
{
	struct sut_compile compile;
	struct sut_job job;
	enum sut_rc rc;
	size_t source;

	*object = unit->plain;
	if (access(unit->plain, F_OK) == 0)
		return SUT_OK;
	rc = sut_compile_read(arena, unit->directory, unit->argc, unit->argv, &compile, diag);
	if (rc)
		return rc;
	if (!find_source(arena, unit->directory, &compile, unit->path, &source))
		return sut_fail(diag, SUT_BUG, "compile", "%s: its command lost it", unit->source);
	job = (struct sut_job){
		.argv = sut_compile_command(arena, &compile, source, SUT_COMPILE_PLAIN, unit->plain,
					    NULL),
		.directory = unit->directory,
		.variables = compiler_variables(arena, unit->directory),
		.errors = sut_arena_printf(arena, "%s.errors", unit->plain),
	};
	rc = run_compilers(arena, &job, 1, verdict, diag);
	if (rc || job.status == 0)
		return rc;
	sut_fail(diag, SUT_REFUSED, "compile", "%s: does not compile as recorded", unit->source);
	sut_context(diag, SUT_REFUSED, "%s", sut_job_errors(arena, &job));
	sut_context(diag, SUT_REFUSED, "in %s: %s", job.directory, sut_job_line(arena, job.argv));
	return SUT_REFUSED;
}
