// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The translation units that a source patch affects, compiled on both sides.
 *
 * A patched .c file affects the units that compile it. A patched header may affect any unit, so
 * all are preprocessed, those that read it on both sides, and only those whose tokens differ are
 * compiled. The same comparison drops patches that only change comments.
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
	BATCH = 16,      /* units that are preprocessed or compiled together */
	FIRST_BATCH = 4, /* ... and compiled before the layout is looked at */
};

/* A unit that may be affected. */
struct candidate {
	const struct sut_entry *entry;
	struct sut_compile compile;
	size_t source;     /* index into compile.sources */
	bool patched_main; /* its own source file is patched */
	bool reads;        /* ... or another file that is */
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
	bool whole;     /* the mirrors hold the whole tree */
	bool adds_file; /* the patch makes one, which any unit might find from now on */
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
static enum sut_rc note_reads(struct work *work, struct candidate *candidate, int side,
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
				candidate->reads = work->seen[k] = true;
		}
	}
	return SUT_OK;
}

/* A batch of units, preprocessed. */
struct batch {
	struct sut_arena arena;
	struct candidate *candidates;
	size_t count;
	struct sut_tokens tokens[BATCH][SUT_SIDE_COUNT];
};

/* One unit on one side. */
struct half {
	size_t unit; /* in the batch */
	int side;
};

static bool needs_both(const struct work *work, const struct candidate *candidate)
{
	return candidate->patched_main || work->adds_file;
}

static enum sut_rc preprocess(struct work *work, struct batch *batch, const struct half *halves,
			      size_t count)
{
	struct sut_job jobs[BATCH * SUT_SIDE_COUNT];
	enum sut_rc rc;

	for (size_t i = 0; i < count; i++)
		jobs[i] = make_job(work, &batch->candidates[halves[i].unit], halves[i].side,
				   SUT_COMPILE_PREPROCESS,
				   sut_arena_printf(work->arena, "%s/%zu.%s.i", work->scratch,
						    halves[i].unit, side_names[halves[i].side]));
	rc = run_compilers(work->arena, jobs, count, work->verdict, work->diag);
	for (size_t i = 0; i < count && rc == SUT_OK; i++) {
		struct candidate *candidate = &batch->candidates[halves[i].unit];
		struct sut_tokens *tokens = &batch->tokens[halves[i].unit][halves[i].side];

		/* A new header may be looked for by a way around a mirror that is not whole. */
		if (jobs[i].status) {
			rc = compile_failed(work, candidate, halves[i].side, &jobs[i]);
			return work->whole ? rc : SUT_RETRY;
		}
		rc = sut_tokens_read(&batch->arena, jobs[i].output, tokens, work->diag);
		if (rc == SUT_OK)
			rc = note_reads(work, candidate, halves[i].side, tokens);
		unlink(jobs[i].output);
	}
	return rc;
}

static enum sut_rc compare_batch(struct work *work, struct batch *batch)
{
	struct half halves[BATCH * SUT_SIDE_COUNT];
	size_t n = 0;
	enum sut_rc rc;

	for (size_t i = 0; i < batch->count; i++) {
		halves[n++] = (struct half){i, SUT_SIDE_BEFORE};
		if (needs_both(work, &batch->candidates[i]))
			halves[n++] = (struct half){i, SUT_SIDE_AFTER};
	}
	rc = preprocess(work, batch, halves, n);
	n = 0;
	for (size_t i = 0; i < batch->count && rc == SUT_OK; i++)
		if (!needs_both(work, &batch->candidates[i]) && batch->candidates[i].reads)
			halves[n++] = (struct half){i, SUT_SIDE_AFTER};
	if (rc == SUT_OK && n)
		rc = preprocess(work, batch, halves, n);
	for (size_t i = 0; i < batch->count && rc == SUT_OK; i++) {
		struct candidate *candidate = &batch->candidates[i];
		const struct sut_tokens *tokens = batch->tokens[i];

		if (needs_both(work, candidate) || candidate->reads)
			candidate->affected = !sut_tokens_same_code(&tokens[SUT_SIDE_BEFORE],
								    &tokens[SUT_SIDE_AFTER]);
	}
	return rc;
}

static enum sut_rc find_affected(struct work *work)
{
	enum sut_rc rc = SUT_OK;

	for (size_t first = 0; first < work->count && rc == SUT_OK; first += BATCH) {
		struct batch batch = {
			.candidates = &work->candidates[first],
			.count = work->count - first < BATCH ? work->count - first : BATCH,
		};

		progress(work, sut_arena_printf(work->arena, "preprocessing %zu of %zu units",
						first + batch.count, work->count));
		rc = compare_batch(work, &batch);
		sut_arena_deinit(&batch.arena);
	}
	return rc;
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

static const char *object_name(struct work *work, const char *kind, size_t i)
{
	return sut_arena_printf(work->arena, "%s/%zu.%s.o", work->scratch, i, kind);
}

/* The units to compile: indices of candidates, and what comes of each. */
struct plan {
	size_t count;
	size_t *candidates;
	struct sut_unit *units;
};

static struct plan make_plan(struct work *work)
{
	struct plan plan = {
		.candidates = sut_arena_array(work->arena, work->count, sizeof(*plan.candidates)),
		.units = sut_arena_array(work->arena, work->count, sizeof(*plan.units)),
	};

	for (size_t i = 0; i < work->count; i++) {
		const struct sut_entry *entry = work->candidates[i].entry;

		if (!work->candidates[i].affected)
			continue;
		plan.units[plan.count] = (struct sut_unit){
			.source = entry->file,
			.path = entry->path,
			.directory = entry->directory,
			.argc = entry->argc,
			.argv = entry->argv,
			.before = object_name(work, "before", i),
			.after = object_name(work, "after", i),
			.plain = object_name(work, "plain", i),
		};
		plan.candidates[plan.count++] = i;
	}
	return plan;
}

static enum sut_rc compile_some(struct work *work, const struct plan *plan, size_t first,
				size_t count)
{
	struct sut_job jobs[BATCH * SUT_SIDE_COUNT];
	size_t n = 0;
	enum sut_rc rc;

	progress(work, sut_arena_printf(work->arena, "compiling %zu of %zu units", first + count,
					plan->count));
	for (size_t i = first; i < first + count; i++) {
		const struct candidate *candidate = &work->candidates[plan->candidates[i]];

		jobs[n++] = make_job(work, candidate, SUT_SIDE_BEFORE, SUT_COMPILE_SECTIONS,
				     plan->units[i].before);
		jobs[n++] = make_job(work, candidate, SUT_SIDE_AFTER, SUT_COMPILE_SECTIONS,
				     plan->units[i].after);
	}
	rc = run_compilers(work->arena, jobs, n, work->verdict, work->diag);
	for (size_t i = 0; i < n && rc == SUT_OK; i++)
		if (jobs[i].status)
			rc = compile_failed(
				work,
				&work->candidates[plan->candidates[first + i / SUT_SIDE_COUNT]],
				(int)(i % SUT_SIDE_COUNT), &jobs[i]);
	return rc;
}

/*
 * A structure that a central header changes shows in the first units already. The operator need not
 * wait for the compilation of all others to hear of it.
 */
static enum sut_rc judge_early(struct work *work, const struct plan *plan, size_t done, bool *stop)
{
	const struct sut_patch assumed = {.func_count = 1};
	size_t refusals = work->verdict->refusal_count;
	enum sut_rc rc;

	*stop = false;
	for (size_t i = 0; i < work->options->allowed_count; i++)
		if (strcmp(work->options->allowed[i], "layout") == 0)
			return SUT_OK;
	rc = sut_layout_judge(work->arena, plan->units, done, &assumed, work->verdict, work->diag);
	*stop = work->verdict->refusal_count > refusals;
	if (*stop)
		sut_warn(work->verdict, "layout", "",
			 "%zu of %zu affected units were not compiled, because no patch can come "
			 "of it",
			 plan->count - done, plan->count);
	return rc;
}

static enum sut_rc compile_affected(struct work *work, struct plan *plan)
{
	size_t done = 0;

	while (done < plan->count) {
		size_t most = done ? BATCH : FIRST_BATCH, left = plan->count - done;
		size_t count = left < most ? left : most;
		enum sut_rc rc = compile_some(work, plan, done, count);
		bool stop = false;

		if (rc == SUT_OK && !done && count < left)
			rc = judge_early(work, plan, count, &stop);
		if (rc)
			return rc;
		done += count;
		if (stop)
			plan->count = 0;
	}
	return SUT_OK;
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
	struct plan plan;
	enum sut_rc rc = sut_patched_make(arena, options, scratch, &work.patched, verdict, diag);

	if (rc == SUT_OK)
		rc = find_database(&work);
	if (rc)
		return rc;
	work.seen = sut_arena_array(arena, work.patched.count, sizeof(*work.seen));
	for (size_t i = 0; i < work.patched.count; i++)
		work.adds_file |= !work.patched.files[i].before;
	rc = find_candidates(&work);
	if (rc == SUT_OK && work.count)
		rc = mirror_and_compare(&work);
	if (rc)
		return rc;
	judge(&work);
	judge_unread(&work);
	plan = make_plan(&work);
	rc = compile_affected(&work, &plan);
	if (rc)
		return rc;
	*units = plan.units;
	*count = plan.count;
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
